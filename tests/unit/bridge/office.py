"""The desk with its table and its clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from bridge.domain.ids import OrderId, OrderKey
from bridge.domain.lifecycle import HAND_TO_ERP, Head
from bridge.domain.work import Turn, Work
from bridge.stores.desk import Desk
from bridge.stores.orders import Orders
from bridge.stores.raising import raising
from tests.fakes.table import MemoryTable
from tests.fakes.world import SELLER, TestClock

KEY = OrderKey(*SELLER, OrderId("305-0000001-0000001"))
WORK = Work(HAND_TO_ERP, KEY)


@dataclass
class Office:
    """The desk, its table and its clock."""

    table: MemoryTable = field(default_factory=MemoryTable)
    clock: TestClock = field(default_factory=TestClock)

    def __post_init__(self) -> None:
        self.desk = Desk(self.table, self.clock, Orders(self.table, self.clock))

    def ask(self, work: Work = WORK, *, ship_in: timedelta | None = None, delay: timedelta = timedelta(0)) -> None:
        now = self.clock.now()
        head = Head(work.key, ship_by=now + ship_in if ship_in is not None else None)
        self.table.update(raising(work, head, now, delay))

    def claim(self, work: Work = WORK) -> Turn:
        turn = self.desk.claim(work, None)
        assert turn is not None
        return turn

    def wait(self, time: timedelta) -> None:
        self.clock.time += time

    def due(self) -> list[Work]:
        return self.desk.take_due(self.clock.now(), 100)
