"""What happened in one schedule, line by line: all of it, or only what concerns the order that came to harm."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.simulation.orders import Order
from tests.simulation.play import schedule
from tests.simulation.scenarios import Scenario
from tests.simulation.world import World

_ORDER = re.compile(r"\d{3}-\d{7}-\d{7}")
_KEY = re.compile(r"Key\(pk='([^']*)', sk='([^']*)'\)")
_REST = re.compile(r"(?:Put|Update)\(key=|, (?:set|item)=\{.*?(?=, Update|, Put|\] @)")
_LONGEST = 150
_NOISE = ("sellers.", "sweep of", "quota")


def told(seed: int, scenario: Scenario, *, about: str = "", whole: bool = False) -> str:
    """Without `about`: the lines about the orders of the violations, or about everything when there are none.

    Only the last ones, unless the `whole` is asked for.
    """
    lines: list[tuple[float, str, str]] = []

    def prepare(world: World) -> None:
        def line(who: str, text: str) -> None:
            lines.append((world.hub.now, who, text))

        def said(text: str) -> None:
            line(world.hub.strand.name if world.hub.strand else "", f"» {text}")

        def changed(order: Order) -> None:
            packages = {reference: package.tracking for reference, package in order.packages.items()}
            asked = ", cancellation asked" if order.cancel_requested else ""
            line("AMAZON", f"{order.name} is {order.status}{asked} {packages or ''}")

        world.calls.note = _shortened(line)
        world.signals.written = said
        world.amazon.watch = changed

    outcome = schedule(seed, scenario, prepare)
    wanted = {about} if about else set(_ORDER.findall(" ".join(what for _, what in outcome.violations)))
    kept = [entry for entry in lines if _concerns(entry[2], wanted)]
    told_of = [f"{second:9.2f}  {who:16} {text}" for second, who, text in kept]
    if len(told_of) > _LONGEST and not (about or whole):
        told_of = [f"… {len(told_of) - _LONGEST} lines …", *told_of[-_LONGEST:]]
    return "\n".join([*told_of, *(f"VIOLATION {kind}: {what}" for kind, what in outcome.violations)])


def _shortened(line: Callable[[str, str], None]) -> Callable[[str, str], None]:
    """Of writes only the keys."""

    def short(who: str, text: str) -> None:
        line(who, _KEY.sub(r"\1 \2", _REST.sub("", text)))

    return short


def _concerns(text: str, wanted: set[str]) -> bool:
    if not wanted:
        return True
    return any(order in text for order in wanted) and not any(noise in text for noise in _NOISE)
