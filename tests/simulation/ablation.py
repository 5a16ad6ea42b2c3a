"""What each safety device is worth: schedules, of as many as you like, that go wrong without it."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulation.campaign import in_parallel, rare_collections, usual_workers
from tests.simulation.checker import Violation
from tests.simulation.devices import DEVICES, Device
from tests.simulation.play import schedule
from tests.simulation.scenarios import SCENARIOS

REPORT = Path(__file__).resolve().parents[2] / "build" / "ablation.json"
_CHUNK = 25


@dataclass
class Loss:
    """`caught` schedules of `schedules`, and the kinds of violation."""

    device: str
    schedules: int = 0
    caught: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    first_seed: int = 0

    def merge(self, other: Loss) -> None:
        self.schedules += other.schedules
        self.caught += other.caught
        self.kinds.update(other.kinds)
        if other.first_seed and (not self.first_seed or other.first_seed < self.first_seed):
            self.first_seed = other.first_seed


def _part(job: tuple[int, int, int]) -> Loss:
    index, first, count = job
    device = DEVICES[index]
    loss = Loss(device.name)
    with device.removed(), rare_collections() as collect:
        for seed in range(first, first + count):
            outcome = schedule(seed, SCENARIOS[device.scenario], device.prepare, lasting_h=_PATIENCE_H)
            loss.schedules += 1
            found = harm(outcome.violations)
            loss.kinds.update({kind for kind, _ in found})
            if found:
                loss.caught += 1
                loss.first_seed = loss.first_seed or seed
            collect()
    return loss


_PATIENCE_H = 3.0
"""Without a device much is never finished: so long is waited before that is said."""


def run(schedules: int, seed: int = 1, *, workers: int = 2, only: Sequence[str] = ()) -> list[Loss]:
    jobs = [
        (index, first, min(_CHUNK, seed + schedules - first))
        for index, device in enumerate(DEVICES)
        if not only or device.name in only
        for first in range(seed, seed + schedules, _CHUNK)
    ]
    losses = {DEVICES[index].name: Loss(DEVICES[index].name) for index, _, _ in jobs}
    for done in in_parallel(_part, jobs, workers):
        losses[done.device].merge(done)
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{sum(loss.schedules for loss in losses.values()):,} of {len(losses) * schedules:,} ")
    return list(losses.values())


def harm(violations: Sequence[Violation]) -> list[Violation]:
    """Without bugs: a device that was taken out clumsily is not missed."""
    return [(kind, what) for kind, what in violations if not what.startswith("bug") and not what.endswith(" bugs")]


SEEN = {
    "digest beside the version": 27,
    "compare and set of HEAD": 118,
    "lease": 135,
    "look when the order is old": 14,
    "pause until a request in flight has landed": 1275,
    "a cancelled order is asked for in the ERP, known there or not": 34,
    "overlap of two searches": 18,
    "overlap of two looks at shipments": 27,
    "units in parcels against units ordered": 15,
}
"""A seed at which the device was missed last: there the tests begin to look."""


def first_missed(device: Device, most: int = 1000) -> int | None:
    """The first seed, from the one that was seen last on, at which somebody comes to harm without the device."""
    first = SEEN.get(device.name, 1)
    with device.removed(), rare_collections() as collect:
        for seed in range(first, first + most):
            outcome = schedule(seed, SCENARIOS[device.scenario], device.prepare, lasting_h=_PATIENCE_H)
            if harm(outcome.violations):
                return seed
            collect()
    return None


def table(losses: Sequence[Loss]) -> str:
    """In Markdown, for docs/simulation.md."""
    of = losses[0].schedules if losses else 0
    rows = [f"| Without | scenario | caught of {of:,} | how, or what covers for it |", "|---|---|---|---|"]
    devices = {device.name: device for device in DEVICES}
    for loss in losses:
        kinds = ", ".join(kind.replace("_", " ") for kind, _ in loss.kinds.most_common(3))
        told = kinds or devices[loss.device].covered or "?"
        rows.append(f"| {loss.device} | {devices[loss.device].scenario} | {loss.caught:,} | {told} |")
    return "\n".join(rows)


def unexplained(losses: Sequence[Loss]) -> list[Device]:
    """Devices whose loss nobody noticed, and that nobody explained."""
    unseen = {loss.device for loss in losses if not loss.caught}
    return [device for device in DEVICES if device.name in unseen and not device.covered]


def main() -> int:
    parser = ArgumentParser(prog="python -m tests.simulation.ablation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=usual_workers())
    parser.add_argument("--only", nargs="*", default=[])
    asked = parser.parse_args()
    losses = run(asked.schedules, asked.seed, workers=asked.workers, only=asked.only)
    print(table(losses))
    REPORT.parent.mkdir(exist_ok=True)
    report = {loss.device: {"schedules": loss.schedules, "caught": loss.caught, **loss.kinds} for loss in losses}
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    lacking = unexplained(losses)
    for device in lacking:
        print(f"nobody noticed, and nobody says why: {device.name}", file=sys.stderr)
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
