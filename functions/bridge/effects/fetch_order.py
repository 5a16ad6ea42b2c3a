"""Read one order from Amazon, without personal data, and fold it into what is known."""

from __future__ import annotations

from bridge.domain.lifecycle import Ending, read_anew
from bridge.domain.work import Turn
from bridge.ports import Ports


def run(turn: Turn, ports: Ports) -> Ending:
    order = ports.amazon.get_order(turn.work.key, slot=turn.slot_of("getOrder")).order
    return Ending(turn.head, lambda head: read_anew(head, order))
