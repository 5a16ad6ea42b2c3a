"""When a backfill will be done: the arithmetic of quota and time, and what is said when nobody can know."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain import pacing
from bridge.domain.backfill import PAGE, Backfill, Outcome, Supply, live_period, pages_left, seconds_left
from bridge.domain.errors import Throttled
from bridge.domain.pacing import User
from bridge.spapi import orders_2026_01_01
from bridge.spapi.orders_2026_01_01 import SEARCH_ORDERS
from bridge.spapi.pacing import Pacer
from bridge.stores.quota import Quota
from tests.fakes.table import MemoryTable
from tests.fakes.world import DE, SELLER, START, TestClock
from tests.unit.bridge.wire import Wire, answer

DAY = timedelta(days=1)
GAP = 1 / SEARCH_ORDERS.rate
FULL = Supply(gap=GAP, burst=20, used=0.0, live_period=300.0, live_in=10_000.0)
ASKED = Backfill(SELLER, since=START - 10 * DAY, asked=START, begin=START - 10 * DAY)


# The quota of searches.


def page(pacer: Pacer) -> bool:
    try:
        pacer.reserve(SEARCH_ORDERS, SELLER, User.BACKFILL)
    except Throttled:
        return False
    return True


def test_half_of_the_burst_is_kept_for_live_searches() -> None:
    clock = TestClock()
    quota = Quota(MemoryTable())
    pacer = Pacer(quota, clock)
    assert [page(pacer) for _ in range(13)] == [True] * 11 + [False] * 2
    assert pacer.at_once(SEARCH_ORDERS, SELLER) == 8
    clock.sleep(GAP + 1)
    assert [page(pacer), page(pacer)] == [True, False]
    place = pacing.Place(SELLER.region, SELLER.seller_id, SEARCH_ORDERS.name)
    assert quota.counted(place) == {"n_live": 0, "n_line": 0, "n_sweep": 0, "n_backfill": 12, "refused": 0}


def test_a_worker_that_knows_nothing_of_the_bucket_takes_no_more_than_others() -> None:
    table, clock = MemoryTable(), TestClock()
    for _ in range(11):
        assert page(Pacer(Quota(table), clock))
    assert not page(Pacer(Quota(table), clock))


def test_live_searches_find_their_slots_while_a_backfill_takes_what_it_may() -> None:
    """For a day, each minute: a live search every five minutes is never refused."""
    clock, pages = TestClock(), 0
    pacer = Pacer(Quota(MemoryTable()), clock)
    for minute in range(24 * 60):
        if minute % 5 == 0:
            assert pacer.reserve(SEARCH_ORDERS, SELLER, User.SWEEP) == [clock.now()]
        while page(pacer):
            pages += 1
        clock.sleep(60)
    assert pages == pytest.approx(11 + 86_400 / (FULL.page_s or 0), abs=1.5)


def test_where_a_burst_is_small_a_backfill_waits_for_no_slot_ahead() -> None:
    small = pacing.Limit(rate=1.0, burst=2)
    assert pacing.ahead(User.BACKFILL, pacing.Bucket(), small, 0) == timedelta(0)


def test_what_is_kept_for_live_work_is_said() -> None:
    pacer = Pacer(Quota(MemoryTable()), TestClock())
    while page(pacer):
        pass
    with pytest.raises(Throttled, match="quota of searchOrders is kept for live work") as error:
        pacer.reserve(SEARCH_ORDERS, SELLER, User.BACKFILL)
    assert error.value.until is not None
    assert error.value.until > START


def test_amazon_is_asked_for_a_span_that_is_over() -> None:
    wire = Wire([answer(200, {"orders": []})])
    orders_2026_01_01.search_past(wire.client, SELLER, [DE], updated=(START - DAY, START), token="t")
    asked = wire.requests[-1].url.params
    assert asked["lastUpdatedAfter"] == "2026-11-23T09:00:00Z"
    assert asked["lastUpdatedBefore"] == "2026-11-24T09:00:00Z"
    assert (asked["paginationToken"], asked["maxResultsPerPage"]) == ("t", "100")


# The time that it takes.


def test_what_is_there_at_once_is_read_by_the_next_sweep() -> None:
    assert FULL.at_once == 11
    assert seconds_left(0, FULL) == 0
    assert seconds_left(11, FULL) == 30
    assert seconds_left(12, replace(FULL, sweep_in=7)) == 7 + 3 * 60


def test_beyond_that_a_page_takes_what_live_searches_leave() -> None:
    live = replace(FULL, live_in=0.0)
    assert live.page_s == pytest.approx(441.2, abs=0.1)
    one, more = seconds_left(100, live), seconds_left(200, live)
    assert one is not None
    assert more is not None
    assert (more - one) / 100 == pytest.approx(441.2, rel=0.01)


def test_a_used_bucket_takes_longer() -> None:
    assert replace(FULL, used=10.5).at_once == 0
    assert (seconds_left(1, replace(FULL, used=10.5)) or 0) >= GAP / 2


def test_never_is_said_when_live_searches_take_everything() -> None:
    busy = replace(FULL, live_period=170.0)
    assert busy.page_s is None
    assert seconds_left(50, busy) is None
    assert seconds_left(11, busy) == 30


@given(st.integers(1, 300), st.integers(1, 300), st.floats(0, 25), st.floats(0, 300))
def test_more_pages_never_take_less(fewer: int, more: int, used: float, live_in: float) -> None:
    supply = replace(FULL, used=used, live_in=live_in)
    low, high = (seconds_left(pages, supply) for pages in sorted((fewer, more)))
    assert low is not None
    assert high is not None
    assert low <= high


def test_live_searches_that_were_counted_say_more_than_their_period() -> None:
    hour = timedelta(hours=1)
    assert live_period(300, 40, hour) == 90
    assert live_period(300, 3, hour) == 300
    assert live_period(300, 0, hour) == 300
    assert live_period(300, 40, timedelta(minutes=29)) == 300


def test_several_pages_in_every_live_search_are_reckoned_with() -> None:
    assert seconds_left(20, replace(FULL, gap=10, live_period=30.0, live_in=0.0)) is not None


# The pages that are left.


def test_pages_left_are_unknown_at_first_unless_the_operator_tells() -> None:
    assert pages_left(ASKED) is None
    assert pages_left(replace(ASKED, expected=5_000)) == 50
    assert pages_left(replace(ASKED, expected=5_000, orders=4_990)) == 1
    assert pages_left(replace(ASKED, expected=5_001)) == 51


def test_pages_left_are_estimated_from_the_dates_read() -> None:
    half = ASKED.since + (ASKED.until - ASKED.since) / 2
    read = replace(ASKED, orders=10 * PAGE, pages=10, seen=half)
    assert read.share == pytest.approx(0.5)
    assert pages_left(read) == 10
    assert pages_left(replace(read, expected=900)) == 10
    assert pages_left(replace(read, mixed=True)) is None
    assert pages_left(replace(read, outcome=Outcome.DONE)) == 0


def test_a_span_of_no_time_has_no_share() -> None:
    assert replace(ASKED, since=START, seen=START).share == 0
