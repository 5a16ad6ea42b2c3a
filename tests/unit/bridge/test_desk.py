"""The desk: one holder at a time, and nothing lost between two of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bridge.domain.errors import NotBegun, NotNow, Throttled, Unavailable
from bridge.domain.ids import OrderId, OrderKey
from bridge.domain.lifecycle import CONFIRM_SHIPMENT, FETCH_ORDER
from bridge.domain.work import IN_FLIGHT, LEASE, Work, pause_after
from bridge.stores import keys
from bridge.stores.desk import EARLY, SENT_AGAIN_AFTER, VOID_AFTER
from tests.fakes.world import SELLER
from tests.unit.bridge.office import KEY, WORK, Office

SECOND = timedelta(seconds=1)


def throttle(office: Office, slot: datetime, operation: str = "getOrder") -> None:
    """A try that sent nothing, because its quota has no slot before."""
    cause = Throttled("quota", slot, slot=slot, operation=operation)
    assert office.desk.postpone(office.claim(), slot, cause)


def test_what_nobody_asked_for_is_not_given_out(office: Office) -> None:
    assert office.desk.claim(WORK, None) is None
    assert len(office.table) == 0


def test_work_is_given_to_one_at_a_time(office: Office) -> None:
    office.ask()
    turn = office.claim()
    assert (turn.work, turn.want, turn.tries, turn.doubt, turn.accepted) == (WORK, 1, 1, False, False)
    assert turn.raised == office.clock.now()
    assert office.desk.claim(WORK, None) is None


def test_done_is_done(office: Office) -> None:
    office.ask()
    assert office.desk.complete(office.claim()) == ()
    assert office.desk.claim(WORK, None) is None
    office.wait(timedelta(days=1))
    assert office.due() == []


def test_what_was_asked_for_meanwhile_is_wanted_again(office: Office) -> None:
    office.ask()
    turn = office.claim()
    office.ask()
    assert office.desk.complete(turn) == (WORK,)
    assert office.due() == [WORK]
    again = office.claim()
    assert (again.want, again.tries, again.doubt) == (2, 1, False)
    assert office.desk.complete(again) == ()


def test_a_crashed_holder_is_followed_after_the_lease_by_one_who_doubts(office: Office) -> None:
    office.ask()
    lost = office.claim()
    office.wait(LEASE - SECOND)
    assert office.desk.claim(WORK, None) is None
    assert office.due() == []
    office.wait(SECOND)
    assert office.due() == [WORK]
    turn = office.claim()
    assert turn.doubt
    assert turn.fence > lost.fence


def test_one_whose_lease_is_over_changes_nothing(office: Office) -> None:
    office.ask()
    lost = office.claim()
    office.wait(LEASE)
    office.claim()
    before = office.desk.state(WORK)
    now = office.clock.now()
    assert office.desk.complete(lost) == ()
    assert office.desk.park(lost, "x") is False
    assert office.desk.give_back(lost) is False
    assert office.desk.postpone(lost, now, NotNow("x")) is None
    assert office.desk.state(WORK) == before


def test_a_late_completion_does_not_swallow_new_news(office: Office) -> None:
    office.ask()
    lost = office.claim()
    office.ask()
    office.wait(LEASE)
    office.claim()
    assert office.desk.complete(lost) == ()
    office.wait(LEASE)
    assert office.due() == [WORK]


def test_postponed_work_comes_back_then(office: Office) -> None:
    office.ask()
    until = office.clock.now() + timedelta(minutes=3)
    assert office.desk.postpone(office.claim(), until, Unavailable("ERP is down"))
    assert office.due() == []
    office.wait(timedelta(minutes=3))
    assert office.due() == [WORK]
    assert office.claim().doubt


def test_a_try_that_sent_nothing_leaves_no_doubt(office: Office) -> None:
    office.ask()
    until = office.clock.now() + SECOND
    assert office.desk.postpone(office.claim(), until, Throttled("quota", until))
    office.wait(SECOND)
    assert not office.claim().doubt


def test_a_reserved_slot_belongs_to_the_message_that_carries_it(office: Office) -> None:
    office.ask()
    slot = office.clock.now() + timedelta(seconds=40)
    throttle(office, slot)
    assert office.desk.claim(WORK, None) is None
    assert office.desk.claim(WORK, slot + SECOND) is None
    office.wait(timedelta(seconds=40))
    assert office.desk.claim(WORK, None) is None
    turn = office.desk.claim(WORK, slot)
    assert turn is not None
    assert turn.slot == slot
    assert "slot" not in (office.desk.state(WORK) or {})


def test_a_message_that_comes_twice_does_not_bring_its_slot_twice(office: Office) -> None:
    office.ask()
    slot = office.clock.now() + timedelta(seconds=5)
    assert office.desk.postpone(office.claim(), slot, Throttled("quota", slot, slot=slot, operation="getOrder"))
    office.wait(timedelta(seconds=5))
    first = office.desk.claim(WORK, slot)
    assert first
    assert first.slot == slot
    office.desk.postpone(first, office.clock.now(), NotBegun("for now", office.clock.now()))
    again = office.desk.claim(WORK, slot)
    assert again
    assert again.slot is None


def test_a_slot_that_was_taken_from_its_message_does_not_keep_it_out(office: Office) -> None:
    """The sweep took the work for overdue, and then the message came after all."""
    office.ask()
    slot = office.clock.now() + timedelta(seconds=5)
    assert office.desk.postpone(office.claim(), slot, Throttled("quota", slot, slot=slot, operation="getOrder"))
    office.wait(timedelta(seconds=6))
    assert office.due() == [WORK]
    turn = office.desk.claim(WORK, slot)
    assert turn
    assert turn.slot is None


def test_a_slot_is_for_the_operation_that_it_was_reserved_for(office: Office) -> None:
    office.ask()
    slot = office.clock.now() + SECOND
    throttle(office, slot, "confirmShipment")
    office.wait(SECOND)
    turn = office.desk.claim(WORK, slot)
    assert turn is not None
    assert (turn.slot_of("confirmShipment"), turn.slot_of("getOrder")) == (slot, None)


def test_a_reserved_slot_whose_message_is_lost_keeps_nobody_out(office: Office) -> None:
    office.ask()
    slot = office.clock.now() + SECOND
    throttle(office, slot)
    office.wait(11 * SECOND)
    assert office.due() == [WORK]
    assert office.desk.claim(WORK, None) is not None


def test_postponed_work_is_not_begun_before_its_time(office: Office) -> None:
    office.ask()
    minute = timedelta(minutes=1)
    assert office.desk.postpone(office.claim(), office.clock.now() + minute, Unavailable("ERP is down"))
    office.wait(minute - EARLY - SECOND)
    assert office.desk.claim(WORK, None) is None
    office.wait(SECOND)
    assert office.desk.claim(WORK, None) is not None


def test_news_is_not_kept_waiting_by_an_earlier_try(office: Office) -> None:
    office.ask()
    office.desk.postpone(office.claim(), office.clock.now() + timedelta(minutes=15), Unavailable("ERP is down"))
    office.wait(IN_FLIGHT)
    assert office.desk.claim(WORK, None) is None
    office.ask()
    assert office.due() == [WORK]
    turn = office.claim()
    assert (turn.want, turn.doubt) == (2, True)


def test_not_even_news_begin_a_try_while_the_last_request_may_still_land(office: Office) -> None:
    office.ask()
    office.desk.postpone(office.claim(), office.clock.now() + timedelta(minutes=15), Unavailable("ERP is down"))
    office.ask()
    office.wait(IN_FLIGHT - SECOND)
    assert office.desk.claim(WORK, None) is None
    office.wait(SECOND)
    assert office.claim().doubt


def test_a_slot_that_nobody_came_for_is_void(office: Office) -> None:
    office.ask()
    slot = office.clock.now() + SECOND
    throttle(office, slot)
    office.wait(SECOND + VOID_AFTER)
    turn = office.desk.claim(WORK, slot)
    assert turn is not None
    assert turn.slot is None


def test_a_rehearsal_does_not_count_as_a_try(office: Office) -> None:
    office.ask()
    assert office.desk.give_back(office.claim())
    assert not office.claim().doubt


def test_the_nearest_ship_by_date_goes_first(office: Office) -> None:
    works = [Work(FETCH_ORDER, OrderKey(*SELLER, OrderId(f"305-{n}"))) for n in range(6)]
    for work, days in zip(works, (5, 1, 4, 2, 6, 3), strict=True):
        office.ask(work, ship_in=timedelta(days=days))
        office.wait(SECOND)
    assert office.due() == [works[n] for n in (1, 3, 5, 2, 0, 4)]


def test_what_was_sent_again_is_given_time(office: Office) -> None:
    office.ask()
    assert office.due() == [WORK]
    office.wait(SENT_AGAIN_AFTER - SECOND)
    assert office.due() == []
    office.wait(SECOND)
    assert office.due() == [WORK]
    assert office.claim().tries == 1


def test_counting_what_is_overdue_takes_nothing(office: Office) -> None:
    office.ask()
    office.ask(Work(FETCH_ORDER, KEY))
    office.ask(Work(CONFIRM_SHIPMENT, KEY, "S1#P1"), delay=SECOND)
    assert [office.desk.overdue(office.clock.now()) for _ in range(2)] == [2, 2]
    assert len(office.due()) == 2
    assert office.desk.overdue(office.clock.now()) == 0


def test_no_kind_of_work_keeps_another_waiting(office: Office) -> None:
    for n in range(200):
        office.ask(Work(FETCH_ORDER, OrderKey(*SELLER, OrderId(f"305-{n}"))), ship_in=SECOND)
    office.wait(SECOND)
    office.ask()
    taken = office.desk.take_due(office.clock.now(), 3)
    assert WORK in taken
    assert len(taken) == 1 + 3 * keys.DUE_SHARDS
    rest = [office.desk.take_due(office.clock.now(), 100) for _ in range(2)]
    assert [len(works) for works in rest] == [200 - 3 * keys.DUE_SHARDS, 0]


@pytest.mark.parametrize("meanwhile", ["claimed", "done", "paused"])
def test_the_index_may_be_behind_the_table(office: Office, monkeypatch: pytest.MonkeyPatch, meanwhile: str) -> None:
    office.ask()
    shown = {shard: office.table.due(shard, "9", 9) for shard in keys.due_shards()}
    if meanwhile == "paused":
        office.desk.pause(WORK, "seller is paused")
    else:
        turn = office.claim()
        if meanwhile == "done":
            office.desk.complete(turn)
    before = office.desk.state(WORK)
    monkeypatch.setattr(office.table, "due", lambda shard, _until, _limit: shown[shard])
    assert office.due() == []
    assert office.desk.state(WORK) == before


def test_what_is_not_due_yet_is_not_brought(office: Office) -> None:
    office.ask(delay=timedelta(minutes=15))
    office.wait(timedelta(minutes=14))
    assert office.due() == []
    office.wait(timedelta(minutes=1))
    assert office.due() == [WORK]


def test_a_parcel_is_work_too(office: Office) -> None:
    parcel = Work(CONFIRM_SHIPMENT, KEY, "S1#P1")
    office.ask(parcel)
    assert office.due() == [parcel]
    assert keys.work_of(*keys.work(parcel)) == parcel
    assert office.claim(parcel).work == parcel


def test_pauses_between_tries_grow_to_a_quarter_of_an_hour() -> None:
    tries = (1, 3, 4, 6, 7, 18, 19, 10**6)
    assert [pause_after(n).total_seconds() for n in tries] == [20, 20, 40, 40, 80, 640, 900, 900]
