"""Everything outside, as the bridge needs it to be. Implementations live in spapi/, stores/ and erp/."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from bridge.domain.work import Work
from bridge.ports.memory import Answers, Backfills, Kept, Orders, Parcels, Parking, Sellers, Stock
from bridge.ports.outside import Amazon, Circuit, Clock, Erp, Signals, WorkQueue
from bridge.ports.work import Desk, Lines

__all__ = [
    "Amazon",
    "Answers",
    "Backfills",
    "Circuit",
    "Clock",
    "Desk",
    "Erp",
    "Kept",
    "Lines",
    "Orders",
    "Parcels",
    "Parking",
    "Ports",
    "Rhythm",
    "Sellers",
    "Signals",
    "Stock",
    "WorkQueue",
]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often, and how far back."""

    orders_period: timedelta
    orders_idle: timedelta
    """Between two searches while half of their quota is unused."""
    search_overlap: timedelta
    shipments_period: timedelta
    shipments_overlap: timedelta
    readback: timedelta


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside, handed to reactions, effects and sweeps."""

    clock: Clock
    orders: Orders
    desk: Desk
    lines: Lines
    parcels: Parcels
    sellers: Sellers
    stock: Stock
    answers: Answers
    parking: Parking
    backfills: Backfills
    queue: WorkQueue
    signals: Signals
    amazon: Amazon
    erp: Erp
    circuit: Circuit
    rhythm: Rhythm

    def send(self, works: Iterable[Work]) -> None:
        """Put work that was just stored on the fast path."""
        for work in works:
            self.queue.send(work)
