"""Quota: however many workers reserve, however they interleave, Amazon never sees more than rate and burst."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import Throttled
from bridge.domain.ids import NA, Seller, SellerId
from bridge.domain.work import HORIZON
from bridge.spapi.operation import Operation
from bridge.spapi.orders_2026_01_01 import GET_ORDER, SEARCH_ORDERS
from bridge.spapi.orders_v0 import CONFIRM_SHIPMENT
from bridge.stores.quota import Quota
from bridge.stores.table import Item, Update
from tests.fakes.table import MemoryTable
from tests.fakes.world import SELLER, START, TestClock

OPERATIONS = (GET_ORDER, CONFIRM_SHIPMENT, SEARCH_ORDERS)
NOW = timedelta(0)


class Interrupted(MemoryTable):
    """Somebody else comes first, just before a write."""

    def __init__(self, meanwhile: list[Callable[[], None] | None]) -> None:
        super().__init__()
        self.meanwhile = meanwhile

    def update(self, write: Update) -> Item:
        somebody = self.meanwhile.pop() if self.meanwhile else None
        if somebody:
            somebody()
        return super().update(write)


def all_within(slots: list[datetime], rate: float, burst: int) -> bool:
    """No window, whatever its length, holds more than rate × length + burst calls."""
    times = sorted(slots)
    return all(
        j - i + 1 <= rate * (times[j] - times[i]).total_seconds() + burst + 1e-9
        for i in range(len(times))
        for j in range(i, len(times))
    )


@given(
    st.sampled_from(OPERATIONS),
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 0, 0, 0.3, 2, 45, 400])), min_size=1, max_size=80),
    st.sampled_from([NOW, timedelta(seconds=1), HORIZON]),
    st.lists(st.none() | st.integers(0, 3), max_size=40),
)
def test_never_above_rate_and_burst(
    operation: Operation, calls: list[tuple[int, float]], ahead: timedelta, meanwhile: list[int | None]
) -> None:
    clock, slots = TestClock(), list[datetime]()

    def reserve(worker: int) -> None:
        try:
            slot = workers[worker].reserve(
                SELLER, operation.name, rate=operation.rate, burst=operation.burst, ahead=ahead
            )
        except Throttled as throttled:
            waits.append(throttled)
        else:
            assert clock.now() - timedelta(milliseconds=1) <= slot <= clock.now() + ahead
            slots.append(slot)

    waits: list[Throttled] = []
    table = Interrupted([None if n is None else (lambda n=n: reserve(n)) for n in meanwhile])
    workers = [Quota(table, clock) for _ in range(4)]
    for worker, seconds in calls:
        clock.sleep(seconds)
        reserve(worker)
    assert all_within(slots, operation.rate, operation.burst)
    assert all(wait.until is not None and wait.slot is None for wait in waits)
    assert slots


def taken(quota: Quota, operation: Operation, ahead: timedelta) -> tuple[list[datetime], Throttled]:
    """Every slot there is, and the refusal after the last one."""
    slots: list[datetime] = []
    for _ in range(1000):
        try:
            slots.append(quota.reserve(SELLER, operation.name, rate=operation.rate, burst=operation.burst, ahead=ahead))
        except Throttled as throttled:
            return slots, throttled
    pytest.fail("slots without end")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: str(operation.name))
def test_one_token_of_a_full_bucket_stays_in_reserve(operation: Operation) -> None:
    slots, _ = taken(Quota(MemoryTable(), TestClock()), operation, NOW)
    assert slots == [START] * (operation.burst - 1)


def test_slots_are_given_up_to_the_horizon_at_the_rate() -> None:
    slots, throttled = taken(Quota(MemoryTable(), TestClock()), GET_ORDER, HORIZON)
    assert [(slot - START).total_seconds() for slot in slots if slot > START] == list(range(2, 62, 2))
    assert throttled.slot is None
    assert throttled.until is not None
    assert START < throttled.until <= START + HORIZON


def test_whoever_waits_as_told_gets_a_slot() -> None:
    clock = TestClock()
    quota = Quota(MemoryTable(), clock)
    for _ in range(500):
        try:
            quota.reserve(SELLER, "getOrder", rate=0.5, burst=30)
        except Throttled as throttled:
            clock.time = throttled.until or clock.time
    quota.reserve(SELLER, "getOrder", rate=0.5, burst=30)


def test_an_idle_bucket_fills_up_and_no_further() -> None:
    clock = TestClock()
    quota = Quota(MemoryTable(), clock)
    for _ in range(3):
        clock.sleep(10**6)
        taken = [quota.reserve(SELLER, "getOrder", rate=0.5, burst=30, ahead=NOW) for _ in range(29)]
        assert set(taken) == {clock.now()}
        with pytest.raises(Throttled):
            quota.reserve(SELLER, "getOrder", rate=0.5, burst=30, ahead=NOW)


def test_a_rate_without_burst_gives_one_at_a_time() -> None:
    clock = TestClock()
    quota = Quota(MemoryTable(), clock)
    assert quota.reserve(SELLER, "x", rate=1, burst=1, ahead=NOW) == START
    with pytest.raises(Throttled):
        quota.reserve(SELLER, "x", rate=1, burst=1, ahead=NOW)
    clock.sleep(1)
    assert quota.reserve(SELLER, "x", rate=1, burst=1, ahead=NOW) == clock.now()


def test_sellers_and_operations_do_not_share() -> None:
    quota = Quota(MemoryTable(), TestClock())
    quota.reserve(SELLER, "x", rate=1, burst=1, ahead=NOW)
    assert quota.reserve(SELLER, "y", rate=1, burst=1, ahead=NOW) == START
    assert quota.reserve(Seller(NA, SellerId(SELLER.seller_id)), "x", rate=1, burst=1, ahead=NOW) == START


def test_a_worker_whose_clock_is_late_takes_no_slot_twice() -> None:
    clock, late, table = TestClock(), TestClock(), MemoryTable()
    late.time -= timedelta(seconds=5)
    one, other = Quota(table, clock), Quota(table, late)
    slots = [quota.reserve(SELLER, "getOrder", rate=0.5, burst=30) for _ in range(25) for quota in (one, other)]
    assert all_within(slots, 0.5, 30)


def test_one_who_is_overtaken_all_the_time_says_so() -> None:
    clock = TestClock()
    table = MemoryTable()

    class Rude(MemoryTable):
        def update(self, write: Update) -> Item:
            busy = table.get(write.key)
            if busy and busy["tat"] > clock.now().timestamp() * 1000:
                table.delete(write.key)
            else:
                Quota(table, clock).reserve(SELLER, "x", rate=1, burst=5)
            return table.update(write)

    with pytest.raises(Throttled, match="contended"):
        Quota(Rude(), clock).reserve(SELLER, "x", rate=1, burst=5)


def test_what_is_spare_is_told_without_a_call() -> None:
    clock = TestClock()
    quota = Quota(MemoryTable(), clock)
    limits = {"rate": SEARCH_ORDERS.rate, "burst": SEARCH_ORDERS.burst}

    def spare() -> float:
        return quota.spare(SELLER, SEARCH_ORDERS.name, **limits)  # type: ignore[arg-type]

    assert spare() == 1
    for _ in range(10):
        quota.reserve(SELLER, SEARCH_ORDERS.name, ahead=NOW, **limits)  # type: ignore[arg-type]
    assert spare() == pytest.approx(0.5, abs=0.01)
    clock.sleep(3600)
    assert spare() == 1
