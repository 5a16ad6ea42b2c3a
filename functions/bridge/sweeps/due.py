"""Our own table: send again whatever should have happened by now, and warn of orders near their ship-by date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bridge.domain.sellers import Mode
from bridge.ports import Ports

OVERDUE = timedelta(seconds=10)
"""The fast path gets this much time before the sweep takes work for lost."""
LIMIT = 15
"""Per kind of work and shard: what one minute can carry."""


def run(ports: Ports, seconds_left: Callable[[], float]) -> None:
    for record in ports.sellers.all():
        # Work that was laid aside in the very moment in which its seller was resumed.
        if record.mode is Mode.LIVE:
            ports.send(ports.desk.resume(record.seller))
    now = ports.clock.now()
    overdue = ports.desk.take_due(now - OVERDUE, LIMIT)
    for work in overdue:
        if seconds_left() < 5:
            break
        ports.queue.send(work)
    late = ports.orders.near_deadline(now)
    for key in late:
        ports.signals.note("ship by is near, and Amazon has no tracking", order=key.order_id, seller=str(key.seller))
    ports.signals.count("Overdue", len(overdue))
    ports.signals.count("ShipByAtRisk", len(late))
    ports.signals.note("sweep of due work", overdue=len(overdue), near_deadline=len(late))
