"""Our own table: send again whatever should have happened by now, and warn of orders near their ship-by date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bridge.ports import Ports

OVERDUE = timedelta(seconds=10)
"""The fast path gets this much time before the sweep takes work for lost."""
LIMIT = 50
"""Per shard: what one minute can carry."""


def run(ports: Ports, seconds_left: Callable[[], float]) -> None:
    now = ports.clock.now()
    waiting = ports.desk.due(now - OVERDUE, LIMIT)
    sent = 0
    for work, slot in waiting:
        if seconds_left() < 5:
            break
        ports.queue.send(work, slot=slot)
        sent += 1
    late = ports.orders.near_deadline(now)
    for key in late:
        ports.signals.note("ship by is near, and Amazon has no tracking", order=key.order_id, seller=str(key.seller))
    ports.signals.count("Overdue", len(waiting))
    ports.signals.count("ShipByAtRisk", len(late))
    ports.signals.note("sweep of due work", overdue=len(waiting), sent=sent, near_deadline=len(late))
