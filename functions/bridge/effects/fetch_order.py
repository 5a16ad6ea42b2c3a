"""Read one order from Amazon, without personal data, and fold it into what is known."""

from __future__ import annotations

from bridge.domain.work import Turn
from bridge.ports import Ports


def run(turn: Turn, ports: Ports) -> None:
    key = turn.work.key
    _, works = ports.orders.fold(key, ports.amazon.get_order(key, slot=turn.slot_of("getOrder")).order)
    ports.send(works)
