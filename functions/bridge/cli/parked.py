"""`bridge parked …`: what waits for a human, why, and back to work with it."""

from __future__ import annotations

import argparse
from typing import Any

from bridge.cli import show
from bridge.cli.deployment import Deployment
from bridge.stores import keys
from bridge.stores.parking import Parked


def add_commands(commands: Any) -> None:
    parser = commands.add_parser("parked", help="what waits for a human")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="everything parked, earliest first").set_defaults(run=list_parked)
    one = actions.add_parser("show", help="one of them, with all that is kept of it")
    one.add_argument("number", type=int, help="its number in the list")
    one.set_defaults(run=show_parked)
    retry = actions.add_parser("retry", help="try again, after whatever was wrong was mended")
    retry.add_argument("number", nargs="?", type=int, help="its number in the list")
    retry.add_argument(
        "--all",
        action="store_true",
        help="all of them; checks that protect against surprises are waived one by one only",
    )
    retry.set_defaults(run=retry_parked)


def _rows(parked: list[Parked]) -> list[dict[str, Any]]:
    return [
        {"number": number, "since": entry.since[:19] + "Z", "what": entry.what, "reason": entry.reason}
        for number, entry in enumerate(parked, 1)
    ]


def list_parked(deployment: Deployment, asked: argparse.Namespace) -> int:
    rows = _rows(deployment.parking.list())
    show.answer(rows, show.table(rows, ("number", "since", "what", "reason"), "nothing is parked"), as_json=asked.json)
    return 0


def _chosen(deployment: Deployment, number: int | None) -> list[Parked]:
    parked = deployment.parking.list()
    if number is None:
        return parked
    return parked[number - 1 : number] if number > 0 else []


def show_parked(deployment: Deployment, asked: argparse.Namespace) -> int:
    for entry in _chosen(deployment, asked.number):
        value = {"what": entry.what, "since": entry.since, "reason": entry.reason, "kept": entry.item}
        lines = [f"{name}: {value[name]}" for name in ("what", "since", "reason")]
        lines += [f"  {name}: {kept}" for name, kept in sorted(entry.item.items())]
        show.answer(value, "\n".join(lines), as_json=asked.json)
        return 0
    show.answer(None, f"nothing parked has number {asked.number}", as_json=asked.json)
    return 1


def retry_parked(deployment: Deployment, asked: argparse.Namespace) -> int:
    """A message is taken off the list: nothing of it was kept, and the sweep has long found what it spoke of."""
    if asked.number is None and not asked.all:
        show.answer(None, "which one? give a number of `bridge parked list`, or --all", as_json=asked.json)
        return 2
    chosen = _chosen(deployment, None if asked.all else asked.number)
    done = [_again(deployment, entry, accept=not asked.all) for entry in chosen]
    show.answer(
        done,
        "\n".join(f"{entry['what']}: {entry['result']}" for entry in done) or "nothing to retry",
        as_json=asked.json,
    )
    return 0 if done else 1


def _again(deployment: Deployment, entry: Parked, *, accept: bool) -> dict[str, str]:
    if entry.key.pk == keys.PARKED:
        deployment.parking.forget(entry.key)
        return {
            "what": entry.what,
            "result": "taken off the list; the next sweep reads the orders it may have been about",
        }
    work = keys.work_of(entry.key.pk, entry.key.sk)
    if not deployment.desk.retry(work, accept=accept):
        return {"what": entry.what, "result": "not parked any more"}
    deployment.queue.send(work)
    return {"what": entry.what, "result": "on its way"}
