"""Pacing: however many workers reserve, however they interleave, Amazon never sees more than rate and burst."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import Throttled
from bridge.domain.ids import NA, Seller, SellerId
from bridge.domain.pacing import HALF, HORIZON, PATIENCE, Limit, Place, User, gap_of, micros
from bridge.spapi.operation import Operation, Shared
from bridge.spapi.orders_2026_01_01 import GET_ORDER, SEARCH_ORDERS
from bridge.spapi.orders_v0 import CONFIRM_SHIPMENT
from bridge.spapi.pacing import RATE_HEADER, Pacer
from bridge.stores.quota import Quota
from bridge.stores.table import Item, Update
from tests.fakes.table import MemoryTable
from tests.fakes.world import SELLER, START, TestClock

OPERATIONS = (GET_ORDER, CONFIRM_SHIPMENT, SEARCH_ORDERS)
SECOND = timedelta(seconds=1)
SLOW = Operation("slow", "GET", "/", rate=1, burst=1)
PLACE = Place(SELLER.region, SELLER.seller_id, "getOrder")
OTHER = Seller(SELLER.region, SellerId("A2OTHER"))


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
    st.sampled_from([*OPERATIONS, SLOW]),
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 5), st.sampled_from([0, 0, 0, 0.3, 2, 45, 400])),
        min_size=1,
        max_size=80,
    ),
    st.sampled_from(User),
    st.lists(st.none() | st.integers(0, 3), max_size=40),
)
def test_never_above_rate_and_burst(
    operation: Operation, calls: list[tuple[int, int, float]], user: User, meanwhile: list[int | None]
) -> None:
    clock, slots = TestClock(), list[datetime]()

    def reserve(worker: int, count: int) -> None:
        try:
            got = workers[worker].reserve(operation, SELLER, user, count)
        except Throttled as throttled:
            waits.append(throttled)
        else:
            assert 1 <= len(got) <= count
            assert all(slot <= clock.now() + HORIZON for slot in got)
            slots.extend(max(slot, clock.now()) for slot in got)

    waits: list[Throttled] = []
    table = Interrupted([None if n is None else (lambda n=n: reserve(n, 1)) for n in meanwhile])
    workers = [Pacer(Quota(table), clock) for _ in range(4)]
    for worker, count, seconds in calls:
        clock.sleep(seconds)
        reserve(worker, count)
    assert all_within(slots, operation.rate, operation.burst)
    assert all(wait.until is not None and wait.slot is None for wait in waits)
    assert slots


def taken(pacer: Pacer, operation: Operation, user: User, seller: Seller = SELLER) -> tuple[list[datetime], Throttled]:
    """When calls could be made that take every slot there is, and the refusal after the last one."""
    slots: list[datetime] = []
    for _ in range(1000):
        try:
            slots += [max(slot, pacer._clock.now()) for slot in pacer.reserve(operation, seller, user)]
        except Throttled as throttled:
            return slots, throttled
    pytest.fail("slots without end")


def seconds(slots: list[datetime]) -> list[float]:
    return [(slot - START).total_seconds() for slot in slots]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: str(operation.name))
def test_one_token_of_a_full_bucket_stays_in_reserve(operation: Operation) -> None:
    slots, _ = taken(Pacer(Quota(MemoryTable()), TestClock()), operation, User.SWEEP)
    assert slots[: operation.burst] == [START] * (operation.burst - 1) + slots[operation.burst - 1 : operation.burst]
    assert all(slot > START for slot in slots[operation.burst - 1 :])


def test_slots_are_given_up_to_the_horizon_at_the_rate() -> None:
    slots, throttled = taken(Pacer(Quota(MemoryTable()), TestClock()), GET_ORDER, User.LIVE)
    assert [second for second in seconds(slots) if second] == list(range(2, 62, 2))
    assert (throttled.slot, throttled.operation) == (None, "getOrder")
    assert throttled.until is not None
    assert START < throttled.until <= START + HORIZON


@pytest.mark.parametrize("count", [2, 7, 80])
def test_many_slots_in_one_write_are_those_of_many_writes(count: int) -> None:
    table = MemoryTable()
    one, other = Pacer(Quota(MemoryTable()), TestClock()), Pacer(Quota(table), TestClock())
    writes: list[Update] = []
    table.update = lambda write, update=table.update: writes.append(write) or update(write)  # type: ignore[method-assign]
    several = other.reserve(GET_ORDER, SELLER, User.LIVE, count)
    singly, _ = taken(one, GET_ORDER, User.LIVE)
    assert [max(slot, START) for slot in several] == singly[: min(count, 59)]
    assert len(writes) == 1


def test_a_slot_is_void_when_a_full_bucket_may_have_given_its_token_away() -> None:
    clock = TestClock()
    pacer = Pacer(Quota(MemoryTable()), clock)
    slots = pacer.reserve(CONFIRM_SHIPMENT, SELLER, User.LINE, 20)
    useless = [slot + 9 * SECOND / 2 for slot in slots]
    assert seconds(useless) == [0.5 * place for place in range(1, 21)]
    assert seconds(slots)[9:] == [0.5 * place for place in range(1, 12)]
    for slot, until in zip(slots, useless, strict=True):
        clock.time = until
        assert not pacer._void(slot, CONFIRM_SHIPMENT, SELLER)
        clock.time += timedelta(microseconds=1)
        assert pacer._void(slot, CONFIRM_SHIPMENT, SELLER)


def test_where_a_bucket_holds_one_call_its_slot_is_waited_for_and_soon_void() -> None:
    clock = TestClock()
    pacer = Pacer(Quota(MemoryTable()), clock)
    pacer.wait(SLOW, SELLER, None, User.LIVE)
    pacer.reserve(SLOW, SELLER, User.LIVE)
    with pytest.raises(Throttled) as throttled:
        pacer.wait(SLOW, SELLER, None, User.LIVE)
    assert throttled.value.slot == START + 2.5 * SECOND
    assert throttled.value.until == START + 1.5 * SECOND
    clock.time = throttled.value.slot + 0.25 * SECOND
    assert not pacer._void(throttled.value.slot, SLOW, SELLER)
    clock.time += 0.01 * SECOND
    assert pacer._void(throttled.value.slot, SLOW, SELLER)


def test_live_work_reserves_further_ahead_than_a_line_and_a_search_not_at_all() -> None:
    pacer = Pacer(Quota(MemoryTable()), TestClock())
    searches, line, live = (taken(pacer, GET_ORDER, user)[0] for user in (User.SWEEP, User.LINE, User.LIVE))
    assert max(seconds(searches)) <= PATIENCE.total_seconds()
    assert max(seconds(line)) == HALF.total_seconds()
    assert max(seconds(live)) == HORIZON.total_seconds()


def test_a_line_that_got_nothing_goes_first_for_a_moment() -> None:
    clock = TestClock()
    pacer = Pacer(Quota(MemoryTable()), clock)
    taken(pacer, GET_ORDER, User.LIVE)
    with pytest.raises(Throttled):
        pacer.reserve(GET_ORDER, SELLER, User.LINE)
    pacer.favour_line(GET_ORDER, SELLER)
    clock.sleep(15)
    with pytest.raises(Throttled):
        pacer.reserve(GET_ORDER, SELLER, User.LIVE)
    assert len(taken(pacer, GET_ORDER, User.LINE)[0]) == 7
    clock.sleep(14)
    assert len(taken(pacer, GET_ORDER, User.LIVE)[0]) == 7


def test_whoever_waits_as_told_gets_a_slot() -> None:
    clock = TestClock()
    pacer = Pacer(Quota(MemoryTable()), clock)
    for _ in range(500):
        try:
            pacer.reserve(GET_ORDER, SELLER, User.LIVE)
        except Throttled as throttled:
            clock.time = throttled.until or clock.time
    pacer.reserve(GET_ORDER, SELLER, User.LIVE)


def test_an_idle_bucket_fills_up_and_no_further() -> None:
    clock = TestClock()
    pacer = Pacer(Quota(MemoryTable()), clock)
    for _ in range(3):
        clock.sleep(10**6)
        got = pacer.reserve(GET_ORDER, SELLER, User.SWEEP, 100)
        assert len(got) == 29
        assert all(slot <= clock.now() for slot in got)


def test_where_a_bucket_holds_one_call_the_next_is_counted_from_the_answer() -> None:
    clock = TestClock()
    pacer = Pacer(Quota(MemoryTable()), clock)
    assert pacer.reserve(SLOW, SELLER, User.SWEEP) == [START]
    clock.sleep(3)
    pacer.learn(SLOW, SELLER, 200, {})
    with pytest.raises(Throttled):
        pacer.reserve(SLOW, SELLER, User.SWEEP)
    clock.sleep(1.25)
    assert pacer.reserve(SLOW, SELLER, User.SWEEP) == [clock.now()]


def test_sellers_regions_and_operations_do_not_share() -> None:
    pacer = Pacer(Quota(MemoryTable()), TestClock())
    for seller in (SELLER, OTHER, Seller(NA, SELLER.seller_id)):
        for operation in OPERATIONS:
            assert taken(pacer, operation, User.SWEEP, seller)[0].count(START) == operation.burst - 1


APPLICATION = replace(GET_ORDER, name="busy", rate=5, burst=10, shared=(Shared("busy", rate=6, burst=12),))


def calls(pacer: Pacer, clock: TestClock, operation: Operation, *sellers: Seller, until: timedelta) -> list[datetime]:
    """As many as there may be, by sellers in turn."""
    made: list[datetime] = []
    while clock.now() < START + until:
        before = len(made)
        for seller in sellers:
            with suppress(Throttled):
                pacer.wait(operation, seller, None, User.SWEEP)
                made.append(clock.now())
        clock.sleep(0.02 if len(made) == before else 0)
    return made


def test_all_sellers_share_what_the_application_may() -> None:
    clock = TestClock()
    pacer = Pacer(Quota(MemoryTable()), clock)
    made = calls(pacer, clock, APPLICATION, SELLER, OTHER, until=timedelta(seconds=30))
    assert all_within(made, 6, 12)
    assert len(made) >= 6 * 30 * 0.95


def test_one_seller_is_bound_by_the_own_rate_and_not_by_what_others_may() -> None:
    clock = TestClock()
    made = calls(Pacer(Quota(MemoryTable()), clock), clock, APPLICATION, SELLER, until=timedelta(seconds=30))
    assert all_within(made, 5, 10)
    assert len(made) >= 5 * 30 * 0.95


def test_what_the_application_has_no_call_for_is_given_back_to_the_seller() -> None:
    clock, quota = TestClock(), Quota(MemoryTable())
    pacer = Pacer(quota, clock)
    shared = replace(APPLICATION, shared=(Shared("scarce", rate=0.01, burst=2),))
    pacer.wait(shared, SELLER, None, User.LIVE)
    for seller in (SELLER, OTHER):
        with pytest.raises(Throttled) as throttled:
            pacer.wait(shared, seller, None, User.LIVE)
        assert (throttled.value.slot, throttled.value.operation) == (None, "")
    assert quota.counted(Place(OTHER.region, OTHER.seller_id, "busy"))["n_live"] == 0
    assert quota.counted(Place(SELLER.region, SELLER.seller_id, "busy"))["n_live"] == 1


def test_of_several_quotas_all_are_taken_or_none() -> None:
    clock, quota = TestClock(), Quota(MemoryTable())
    pacer = Pacer(quota, clock)
    special = Shared("scarce", rate=0.01, burst=2)
    shared = replace(APPLICATION, shared=(*APPLICATION.shared, special))
    pacer.wait(shared, SELLER, None, User.LIVE)
    for _ in range(30):
        with pytest.raises(Throttled):
            pacer.wait(shared, OTHER, None, User.LIVE)
    counted = [quota.counted(Place(SELLER.region, "", name))["n_live"] for name in ("busy", "scarce")]
    assert counted == [1, 1]


def test_who_waits_for_what_all_share_does_not_wait_until_the_own_slot_is_void() -> None:
    clock, quota = TestClock(), Quota(MemoryTable())
    pacer = Pacer(quota, clock)
    shared = replace(APPLICATION, shared=(Shared("busy", rate=2, burst=2),))
    pacer.wait(shared, SELLER, None, User.LIVE)
    # The next call of the application is 0.5 s away, the own slot is good for 0.2 s.
    with pytest.raises(Throttled) as throttled:
        pacer.wait(shared, OTHER, None, User.LIVE)
    assert (clock.now(), throttled.value.until) == (START, START + PATIENCE)
    clock.sleep(0.4)
    pacer.wait(shared, OTHER, None, User.LIVE)
    assert clock.now() == START + SECOND / 2


def test_what_others_relied_on_is_not_given_back() -> None:
    table = MemoryTable()
    one, other = Quota(table), Quota(table)
    taken = [
        quota.take(PLACE, now=micros(START), cost=10, latest=micros(START) + 60, user=User.LIVE, count=1)
        for quota in (one, other, other)
    ]
    first, second = (bucket for bucket in taken if bucket)
    one.give_back(PLACE, tat=first.tat, cost=10, user=User.LIVE)
    assert one.counted(PLACE)["n_live"] == 2
    other.give_back(PLACE, tat=second.tat, cost=10, user=User.LIVE)
    assert (other.counted(PLACE)["n_live"], other.seen(PLACE).tat) == (1, first.tat)


def test_who_finds_no_call_of_the_application_keeps_a_slot_that_stays_good() -> None:
    clock, quota = TestClock(), Quota(MemoryTable())
    pacer = Pacer(quota, clock)
    shared = replace(GET_ORDER, shared=(Shared("scarce", rate=0.01, burst=2),))
    pacer.wait(shared, SELLER, None, User.LIVE)
    [*_, slot] = pacer.reserve(shared, SELLER, User.LINE, 80)
    clock.time = slot
    with pytest.raises(Throttled) as throttled:
        pacer.wait(shared, SELLER, slot, User.LIVE)
    assert (throttled.value.slot, throttled.value.operation) == (slot, "getOrder")
    assert throttled.value.until == clock.now() + PATIENCE


def test_a_special_kind_of_call_has_a_bucket_of_its_own_beside_the_usual_ones() -> None:
    clock = TestClock()
    pacer = Pacer(Quota(MemoryTable()), clock)
    preview = replace(APPLICATION, shared=(*APPLICATION.shared, Shared("busy.preview", rate=1, burst=2)))
    made = calls(pacer, clock, preview, SELLER, OTHER, until=timedelta(seconds=20))
    assert all_within(made, 1, 2)
    assert len(made) >= 19
    assert len(calls(pacer, clock, APPLICATION, SELLER, until=timedelta(seconds=22))) >= 10


def test_a_worker_whose_clock_is_late_takes_no_slot_twice() -> None:
    clock, late, table = TestClock(), TestClock(), MemoryTable()
    late.time -= timedelta(seconds=5)
    one, other = Pacer(Quota(table), clock), Pacer(Quota(table), late)
    slots = [slot for _ in range(25) for pacer in (one, other) for slot in pacer.reserve(GET_ORDER, SELLER, User.LIVE)]
    assert all_within(slots, 0.5, 30)


def test_one_who_is_overtaken_all_the_time_says_so() -> None:
    clock = TestClock()
    table = MemoryTable()

    class Rude(MemoryTable):
        def update(self, write: Update) -> Item:
            busy = table.get(write.key)
            if busy and busy["tat"] > micros(clock.now()):
                table.delete(write.key)
            else:
                Pacer(Quota(table), clock).reserve(GET_ORDER, SELLER, User.LIVE)
            return table.update(write)

    with pytest.raises(Throttled, match="contended"):
        Pacer(Quota(Rude()), clock).reserve(GET_ORDER, SELLER, User.LIVE)


def test_what_is_spare_is_told_without_a_call() -> None:
    clock = TestClock()
    pacer = Pacer(Quota(MemoryTable()), clock)
    assert pacer.spare(SEARCH_ORDERS, SELLER) == 1
    pacer.reserve(SEARCH_ORDERS, SELLER, User.SWEEP, 10)
    assert pacer.spare(SEARCH_ORDERS, SELLER) == pytest.approx(0.5, abs=0.01)
    assert pacer.at_once(SEARCH_ORDERS, SELLER) == 9
    clock.sleep(3600)
    assert pacer.spare(SEARCH_ORDERS, SELLER) == 1


def told(rate: str) -> dict[str, str]:
    return {RATE_HEADER: rate}


@pytest.mark.parametrize("rate", ["1.0", "5", "0.52"])
def test_a_faster_rate_that_amazon_tells_is_used_at_once(rate: str) -> None:
    pacer = Pacer(Quota(MemoryTable()), TestClock())
    pacer.learn(GET_ORDER, SELLER, 200, told(rate))
    slots = taken(pacer, GET_ORDER, User.LIVE)[0]
    assert sum(slot > START for slot in slots) == int(60 * float(rate))
    assert slots.count(START) == 29


def test_slots_that_were_reserved_at_a_much_faster_rate_are_void() -> None:
    clock = TestClock()
    pacer = Pacer(Quota(MemoryTable()), clock)
    old = taken(pacer, GET_ORDER, User.LIVE)[0][-1]
    clock.sleep(1)
    pacer.learn(GET_ORDER, SELLER, 200, told("0.1"))
    with pytest.raises(Throttled) as again:
        pacer.wait(GET_ORDER, SELLER, old, User.LIVE)
    assert again.value.slot is not None
    assert again.value.slot > old
    clock.time = again.value.slot
    pacer.wait(GET_ORDER, SELLER, again.value.slot, User.LIVE)
    assert len(taken(pacer, GET_ORDER, User.LIVE)[0]) == 6


@pytest.mark.parametrize("nonsense", ["", "x", "nan", "-1", "0", "inf", "1e9"])
def test_a_rate_that_cannot_be_meant_changes_nothing(nonsense: str) -> None:
    quota = Quota(MemoryTable())
    Pacer(quota, TestClock()).learn(GET_ORDER, SELLER, 200, told(nonsense))
    assert quota.seen(PLACE).gap == 0


def test_the_documented_rate_is_no_news_and_costs_no_write() -> None:
    table = MemoryTable()
    Pacer(Quota(table), TestClock()).learn(GET_ORDER, SELLER, 200, told("0.5"))
    assert table.items == {}


def test_a_rate_that_amazon_does_not_tell_any_more_goes_back_to_the_documented_one() -> None:
    clock, quota = TestClock(), Quota(MemoryTable())
    pacer = Pacer(quota, clock)
    pacer.learn(GET_ORDER, SELLER, 200, told("2"))
    gaps = []
    for _ in range(8):
        clock.sleep(3601)
        pacer.reserve(GET_ORDER, SELLER, User.LIVE)
        gaps.append(gap_of(quota.seen(PLACE), Limit(0.5, 30)) / 1e6)
    assert gaps[:2] == [1.25, 1.625]
    assert gaps[-1] == 2.0
    assert quota.seen(PLACE).gap == 0


def test_a_rate_that_amazon_keeps_telling_stays() -> None:
    clock, quota = TestClock(), Quota(MemoryTable())
    pacer = Pacer(quota, clock)
    for _ in range(20):
        pacer.reserve(GET_ORDER, SELLER, User.LIVE)
        pacer.learn(GET_ORDER, SELLER, 200, told("2"))
        clock.sleep(1800)
    assert quota.seen(PLACE).gap == 500_000


def test_a_bucket_that_amazon_says_is_empty_is_empty() -> None:
    clock, quota = TestClock(), Quota(MemoryTable())
    pacer = Pacer(quota, clock)
    pacer.reserve(GET_ORDER, SELLER, User.LIVE)
    pacer.learn(GET_ORDER, SELLER, 429, {})
    assert seconds(taken(pacer, GET_ORDER, User.LIVE)[0])[:2] == [4, 6]
    assert quota.counted(PLACE) == {"n_live": 30, "n_line": 0, "n_sweep": 0, "n_backfill": 0, "refused": 1}


def test_a_call_that_is_over_does_not_fail_because_nothing_could_be_learned() -> None:
    class Broken(MemoryTable):
        def update(self, write: Update) -> Item:
            msg = "no table"
            raise Throttled(msg, START)

    Pacer(Quota(Broken()), TestClock()).learn(GET_ORDER, SELLER, 200, told("1"))
