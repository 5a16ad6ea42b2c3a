"""A seat in a line: due when its slot is, and at once when that is past, so that no sweep takes it for overdue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.domain import lines
from bridge.domain.ids import OrderId, OrderKey
from bridge.domain.lifecycle import FETCH_ORDER
from bridge.domain.lines import Line
from bridge.domain.times import to_text
from bridge.domain.work import Work
from bridge.stores import keys
from bridge.stores.lines import Lines
from bridge.stores.table import Put
from tests.fakes.table import MemoryTable
from tests.fakes.world import SELLER, START, TestClock

LINE = Line(SELLER, "getOrder")
WORK = Work(FETCH_ORDER, OrderKey(*SELLER, OrderId("305-0000001-0000001")))


@pytest.mark.parametrize(("slot", "due"), [(-20, 0), (0, 0), (12, 12)])
def test_a_seat_is_due_at_its_slot_and_never_in_the_past(slot: int, due: int) -> None:
    table, at = MemoryTable(), START + timedelta(seconds=slot)
    table.put(Put(keys.work(WORK), {"dshard": keys.waiting(LINE, lines.rank(FETCH_ORDER)), "due": "x", "f": 1}))
    assert Lines(table, TestClock()).seat(LINE, WORK, at)
    item = table.items[keys.work(WORK)]
    assert (item["due"], item["nb"]) == (to_text(START + timedelta(seconds=due)),) * 2
    assert (item["slot"], item["slot_for"]) == (to_text(at), "getOrder")
