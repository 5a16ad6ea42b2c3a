"""Parking: what waits for a human, once each, with a reason and nothing of its content."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.domain.ids import OrderId, OrderKey
from bridge.domain.lifecycle import HAND_TO_ERP, Head
from bridge.domain.times import to_text
from bridge.domain.work import Work
from bridge.stores.desk import Desk
from bridge.stores.orders import Orders
from bridge.stores.parking import KEPT, Parking
from bridge.stores.raising import raising
from tests.fakes.table import MemoryTable
from tests.fakes.world import SELLER, START, TestClock

WORK = Work(HAND_TO_ERP, OrderKey(*SELLER, OrderId("305-1")))


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def table() -> MemoryTable:
    return MemoryTable()


@pytest.fixture
def parking(table: MemoryTable, clock: TestClock) -> Parking:
    return Parking(table, clock)


def park_work(table: MemoryTable, clock: TestClock, reason: str = "unknown SKU") -> Desk:
    desk = Desk(table, clock, Orders(table, clock))
    table.update(raising(WORK, Head(WORK.key), clock.now()))
    turn = desk.claim(WORK, None)
    assert turn is not None
    desk.park(turn, reason)
    return desk


def test_a_message_is_parked_once_however_often_it_comes(parking: Parking, clock: TestClock) -> None:
    parking.park("abc", "not JSON", size=3)
    clock.sleep(60)
    parking.park("abc", "not JSON", size=3)
    (entry,) = parking.list()
    assert (entry.what, entry.reason, entry.since) == ("message abc", "not JSON", to_text(START))
    assert (entry.item["seen"], entry.item["size"]) == (2, 3)
    assert entry.item["ttl"] == int((clock.now() + KEPT).timestamp())
    assert set(entry.item) == {"pk", "sk", "due", "dshard", "reason", "size", "ttl", "seen", "since"}


def test_the_list_is_in_order_of_time(parking: Parking, clock: TestClock, table: MemoryTable) -> None:
    parking.park("one", "x", size=1)
    clock.sleep(1)
    park_work(table, clock)
    clock.sleep(1)
    parking.park("two", "x", size=1)
    assert [entry.what for entry in parking.list()] == ["message one", str(WORK), "message two"]
    assert [entry.what for entry in parking.list(limit=1)] == ["message one"]


def test_parked_work_has_its_reason(parking: Parking, clock: TestClock, table: MemoryTable) -> None:
    desk = park_work(table, clock)
    (entry,) = parking.list()
    assert (entry.reason, entry.since) == ("unknown SKU", to_text(START))
    desk.retry(WORK)
    assert parking.list() == []


def test_paused_work_is_not_parked(parking: Parking, clock: TestClock, table: MemoryTable) -> None:
    table.update(raising(WORK, Head(WORK.key), clock.now()))
    Desk(table, clock, Orders(table, clock)).pause(WORK, "seller is paused")
    assert parking.list() == []


def test_what_was_forgotten_is_gone(parking: Parking, clock: TestClock) -> None:
    parking.park("abc", "x", size=1)
    parking.forget(parking.list()[0].key)
    assert parking.list() == []
    clock.sleep(timedelta(days=1).total_seconds())
    parking.park("abc", "x", size=1)
    assert parking.list()[0].item["seen"] == 1
