"""Our own table: send again whatever should have happened by now, and warn of orders near their ship-by date."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import timedelta

from bridge.domain.ids import Seller
from bridge.domain.lines import OPERATIONS, RANKS, Line
from bridge.domain.sellers import Mode
from bridge.ports import Ports

OVERDUE = timedelta(seconds=10)
"""The fast path gets this much time before the sweep takes work for lost."""
LIMIT = 15
"""Per kind of work and shard: what one minute can carry."""


EVERY_LINE = 30
"""Minutes in which every line is looked into once, whether it is noted as open or not."""


def run(ports: Ports, seconds_left: Callable[[], float]) -> None:
    now = ports.clock.now()
    for record in ports.sellers.all():
        if record.mode is Mode.LIVE:
            # Work that was laid aside in the very moment in which its seller was resumed.
            ports.send(ports.desk.resume(record.seller))
        turn = (zlib.crc32(str(record.seller).encode()) + now.timestamp() // 60) % EVERY_LINE
        if record.mode in {Mode.LIVE, Mode.DRY_RUN} and turn == 0:
            _forgotten(record.seller, ports)
    for opened in ports.lines.open():
        if opened.next <= now - OVERDUE:
            ports.queue.call(opened.line)
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


def _forgotten(seller: Seller, ports: Ports) -> None:
    """A line in which work waits although nothing is noted, as after a restore of part of the table."""
    for operation in OPERATIONS:
        line = Line(seller, operation)
        if any(ports.lines.waiting(line, rank, 1) for rank in RANKS):
            ports.lines.reopen(line)
