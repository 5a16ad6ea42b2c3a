"""Waiting lines, the store: who joins keeps nothing of the try, and a seat is for whoever still waits."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bridge.domain import lines
from bridge.domain.errors import Unreadable
from bridge.domain.ids import OrderId, OrderKey
from bridge.domain.lifecycle import CONFIRM_SHIPMENT, FETCH_ORDER, HAND_TO_ERP, READ_BACK, Head
from bridge.domain.lines import HAND_OVER, OTHER, SEATS, TICK, URGENT, Line, Opened
from bridge.domain.work import Work
from bridge.stores import keys
from bridge.stores.desk import SENT_AGAIN_AFTER
from bridge.stores.lines import Lines
from bridge.stores.raising import raising
from bridge.stores.table import Item, Update
from tests.fakes.table import MemoryTable
from tests.fakes.world import SELLER, START
from tests.unit.bridge.office import KEY, WORK, Office

SECOND = timedelta(seconds=1)
LINE = Line(SELLER, "getOrder")
READING = Work(FETCH_ORDER, KEY)


def several(kind: str, count: int) -> list[Work]:
    return [Work(kind, OrderKey(*SELLER, OrderId(f"305-{n:07d}-0000001"))) for n in range(count)]


def store(office: Office) -> Lines:
    """Of a worker of its own."""
    return Lines(office.table, office.clock)


def join(office: Office, work: Work = WORK, lines_of: Lines | None = None) -> Line | None:
    return (lines_of or store(office)).join(office.claim(work), "getOrder", "quota")


def waiting(office: Office, work: Work = WORK) -> list[Work]:
    return [one.work for one in store(office).waiting(LINE, lines.rank(work.kind), 100)]


def opened(office: Office) -> Opened:
    (found,) = store(office).open()
    return found


# Joining.


def test_who_joins_gives_the_claim_back_and_the_try_does_not_count(office: Office) -> None:
    office.ask()
    assert join(office) == LINE
    item = office.desk.state(WORK) or {}
    assert (item["tries"], item["reason"], "lu" in item, "slot" in item) == (0, "quota", False, False)
    assert waiting(office) == [WORK]
    assert store(office).seat(LINE, WORK, office.clock.now())
    turn = office.desk.claim(WORK, office.clock.now())
    assert turn
    assert not turn.doubt


def test_a_try_before_the_line_leaves_its_doubt(office: Office) -> None:
    office.ask()
    office.claim()
    office.wait(timedelta(minutes=2))
    join(office)
    assert (office.desk.state(WORK) or {})["tries"] == 1


def test_no_sweep_of_due_work_looks_into_a_line(office: Office) -> None:
    office.ask()
    join(office)
    office.wait(timedelta(days=1))
    assert office.due() == []


def test_whose_lease_is_over_does_not_join(office: Office) -> None:
    office.ask()
    lost = office.claim()
    office.wait(timedelta(minutes=2))
    office.claim()
    before = office.desk.state(WORK)
    assert store(office).join(lost, "getOrder", "quota") is None
    assert office.desk.state(WORK) == before


def test_the_nearest_ship_by_date_is_called_first(office: Office) -> None:
    works = several(HAND_TO_ERP, 5)
    for work, days in zip(works, (5, 1, 4, 2, 3), strict=True):
        office.ask(work, ship_in=timedelta(days=days))
        join(office, work)
    assert waiting(office) == [works[n] for n in (1, 3, 4, 2, 0)]


def test_reads_stand_apart_and_the_newest_change_is_read_first(office: Office) -> None:
    works = several(FETCH_ORDER, 4)
    for work, minute in zip(works, (2, 4, 1, 3), strict=True):
        head = Head(work.key, told=lines.to_text(START + timedelta(minutes=minute)))
        office.table.update(raising(work, head, office.clock.now()))
        join(office, work)
    assert waiting(office, READING) == [works[n] for n in (1, 3, 0, 2)]
    assert waiting(office) == []
    kinds = (FETCH_ORDER, READ_BACK, CONFIRM_SHIPMENT, HAND_TO_ERP)
    assert [lines.rank(kind) for kind in kinds] == [OTHER, OTHER, URGENT, HAND_OVER]


# The note that a line is open.


def test_the_note_is_written_before_the_work_joins(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []

    def update(write: Update) -> Item:
        written.append(write.key)
        return MemoryTable.update(office.table, write)

    office.ask()
    monkeypatch.setattr(office.table, "update", update)
    join(office)
    assert written == [keys.work(WORK), keys.line(LINE), keys.work(WORK)]


def test_a_worker_notes_once_in_twenty_seconds_that_somebody_joined(office: Office) -> None:
    works, worker = several(HAND_TO_ERP, 4), store(office)
    joined = []
    for work, wait in zip(works, (0, 19, 1, 1), strict=True):
        office.wait(wait * SECOND)
        office.ask(work)
        join(office, work, worker)
        joined.append((opened(office).joined - START).total_seconds())
    assert joined == [0, 0, 20, 20]


def test_only_who_opens_a_line_calls_for_it(office: Office) -> None:
    works = several(HAND_TO_ERP, 3)
    for work in works:
        office.ask(work)
    first = store(office)
    assert [join(office, works[0], first), join(office, works[1], first)] == [LINE, None]
    office.wait(SECOND)
    assert join(office, works[2]) is None
    assert (opened(office).since, opened(office).joined) == (START, START + SECOND)


def test_the_turn_of_a_line_is_one_workers(office: Office) -> None:
    office.ask()
    join(office)
    turns = [store(office).turn_of(LINE) for _ in range(2)]
    assert [turn is not None for turn in turns] == [True, False]
    office.wait(TICK)
    assert store(office).turn_of(LINE)
    assert store(office).turn_of(Line(SELLER, "confirmShipment")) is None


def test_of_two_who_saw_the_same_note_one_takes_the_turn(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.ask()
    join(office)
    seen = office.table.get(keys.line(LINE))
    monkeypatch.setattr(office.table, "get", lambda _: seen)
    assert [store(office).turn_of(LINE) is not None for _ in range(2)] == [True, False]


@pytest.mark.parametrize(("open_s", "next_s"), [(0, 15), (105, 120), (112, 124), (119, 124), (121, 136), (200, 215)])
def test_a_turn_comes_also_when_amazon_shows_what_had_happened(open_s: int, next_s: int) -> None:
    assert lines.next_turn(START, START + open_s * SECOND) == START + next_s * SECOND


def test_a_line_is_dry_while_it_holds_no_slot_and_gets_none(office: Office) -> None:
    office.ask()
    join(office)
    dry = []
    given = office.clock.now() + 70 * SECOND
    for slots in ([], [], [given - SECOND, given], [], [], []):
        store(office).served(opened(office), slots, SEATS)
        dry.append(opened(office).dry)
        office.wait(15 * SECOND)
    assert dry == [1, 2, 0, 0, 0, 1]


def test_fewer_hand_overs_get_a_seat_while_the_lane_is_late_and_soon_as_many_as_before() -> None:
    paces = [SEATS]
    for late in (0, 3, 40, 40, 40, 40, 40, 40, 40, 2, 0, 0, 0, 0, 0, 0):
        paces.append(lines.pace(paces[-1], late))
    assert paces[:10] == [80, 80, 40, 20, 10, 5, 2, 1, 1, 1]
    assert paces[10:] == [2, 4, 8, 16, 32, 64, 80]


def test_the_pace_is_noted_until_the_line_is_closed(office: Office) -> None:
    office.ask()
    join(office)
    assert opened(office).pace == SEATS
    store(office).served(opened(office), [START], 7)
    assert opened(office).pace == 7
    store(office).close(opened(office))
    (again,) = several(HAND_TO_ERP, 1)
    office.ask(again)
    join(office, again)
    assert opened(office).pace == SEATS


def test_late_is_whoever_nobody_began_a_while_after_the_time_came(office: Office) -> None:
    works = several(HAND_TO_ERP, 4)
    for work in works:
        office.ask(work)
    assert store(office).late(HAND_TO_ERP, 10) == 0
    office.wait(6 * SECOND)
    assert store(office).late(HAND_TO_ERP, 10) == 4
    office.claim(works[0])
    assert store(office).late(HAND_TO_ERP, 10) == 3
    assert store(office).late(HAND_TO_ERP, 2) == 2
    assert store(office).late(FETCH_ORDER, 10) == 0


def test_a_line_is_closed_unless_somebody_joined_meanwhile(office: Office) -> None:
    office.ask()
    join(office)
    before = opened(office)
    office.wait(30 * SECOND)
    office.ask(READING)
    join(office, READING)
    store(office).close(before)
    assert opened(office).joined == START + 30 * SECOND
    store(office).close(opened(office))
    assert store(office).open() == []
    store(office).served(before, [], SEATS)
    assert store(office).open() == []


# Seats.


@pytest.mark.parametrize("meanwhile", ["claimed", "shelved", "done", "raised", "seated"])
def test_no_seat_for_who_does_not_wait_there_any_more(office: Office, meanwhile: str) -> None:
    office.ask()
    join(office)
    if meanwhile == "shelved":
        assert office.desk.pause(WORK, "seller is paused")
    elif meanwhile == "raised":
        office.ask()
    elif meanwhile == "seated":
        assert store(office).seat(LINE, WORK, START)
    else:
        turn = office.claim()
        if meanwhile == "done":
            office.desk.complete(turn)
    before = office.desk.state(WORK)
    assert not store(office).seat(LINE, WORK, START)
    assert office.desk.state(WORK) == before


def test_a_seat_is_used_by_the_message_that_carries_its_slot(office: Office) -> None:
    office.ask()
    join(office)
    slot = START + 10 * SECOND
    assert store(office).seat(LINE, WORK, slot)
    office.wait(10 * SECOND)
    assert [office.desk.claim(WORK, other) for other in (None, slot + SECOND)] == [None, None]
    turn = office.desk.claim(WORK, slot)
    assert turn
    assert (turn.slot_of("getOrder"), turn.slot_of("confirmShipment")) == (slot, None)


def test_a_seat_whose_message_is_lost_is_brought_by_the_sweep(office: Office) -> None:
    office.ask()
    join(office)
    assert store(office).seat(LINE, WORK, START)
    office.wait(10 * SECOND)
    assert office.due() == [WORK]
    assert "slot" not in (office.desk.state(WORK) or {})
    turn = office.claim()
    assert turn.slot is None
    assert office.desk.complete(turn) == ()


def test_news_pull_work_out_of_the_line_and_it_goes_back(office: Office) -> None:
    office.ask()
    join(office)
    office.ask()
    assert waiting(office) == []
    office.wait(SECOND)
    assert office.due() == [WORK]
    assert join(office) is None
    assert waiting(office) == [WORK]
    assert (office.desk.state(WORK) or {})["want"] == 2


# Leaving.


def test_who_waits_is_found_by_order_and_only_in_this_line(office: Office) -> None:
    for work in (WORK, READING):
        office.ask(work)
        join(office, work)
    elsewhere = Work(FETCH_ORDER, OrderKey(*SELLER, OrderId("305-0000009-0000001")))
    office.ask(elsewhere)
    assert store(office).pending(LINE, [KEY, elsewhere.key]) == {WORK: 1, READING: 1}
    assert store(office).pending(Line(SELLER, "confirmShipment"), [KEY]) == {}


def test_nobody_is_looked_for_on_an_empty_page(office: Office) -> None:
    assert store(office).pending(LINE, []) == {}


def test_who_was_answered_leaves_unless_asked_for_again(office: Office) -> None:
    office.ask(READING)
    join(office, READING)
    office.ask(READING)
    assert not store(office).leave(LINE, READING, 1)
    join(office, READING)
    assert not store(office).leave(LINE, READING, 1)
    assert waiting(office, READING) == [READING]
    assert store(office).leave(LINE, READING, 2)
    assert waiting(office, READING) == []
    assert office.desk.claim(READING, None) is None
    office.wait(SENT_AGAIN_AFTER)
    assert office.due() == []


def test_who_was_given_a_seat_meanwhile_does_not_leave(office: Office) -> None:
    office.ask(READING)
    join(office, READING)
    assert store(office).seat(LINE, READING, START)
    assert not store(office).leave(LINE, READING, 1)
    assert office.desk.claim(READING, START)


# What is decided without a table.


@pytest.mark.parametrize(
    ("seats", "others", "shared"),
    [(0, 5, (0, 0)), (1, 5, (0, 1)), (8, 5, (7, 1)), (9, 5, (7, 2)), (80, 100, (70, 10)), (80, 0, (80, 0))],
)
def test_one_seat_in_eight_is_for_reads(seats: int, others: int, shared: tuple[int, int]) -> None:
    assert lines.shares(seats, others) == shared


def at(seconds: int | None) -> datetime | None:
    return None if seconds is None else START + seconds * SECOND


@pytest.mark.parametrize(
    ("searched", "now", "worth"),
    [
        (None, 0, True),
        (-60, 0, True),
        (0, 0, True),
        (10, 15, False),
        (10, 119, False),
        (10, 121, False),
        (10, 122, True),
        (118, 124, True),
        (120, 124, False),
        (125, 240, False),
        (125, 245, True),
    ],
)
def test_a_search_is_worth_it_when_amazon_may_show_more(searched: int | None, now: int, *, worth: bool) -> None:
    assert lines.worth_a_look(START, at(searched), START + now * SECOND) is worth


def test_a_message_about_a_line_is_read_back_and_others_are_not() -> None:
    assert lines.decode(lines.encode(LINE)) == LINE
    for body in ("", "[]", "7", "{}", '{"line": "getOrder"}'):
        with pytest.raises(Unreadable):
            lines.decode(body)
