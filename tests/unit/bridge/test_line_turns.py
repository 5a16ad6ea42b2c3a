"""Turns of a line: seats, pages instead of seats, and nobody forgotten, whatever is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.domain.errors import Throttled
from bridge.domain.ids import OrderId, OrderKey, Seller, SellerId
from bridge.domain.lifecycle import FETCH_ORDER, HAND_TO_ERP, Change
from bridge.domain.lines import CLOSES_AFTER, RANKS, TICK, Line
from bridge.domain.orders import Order
from bridge.domain.readings import Page
from bridge.domain.sellers import Mode
from bridge.domain.times import to_text
from bridge.domain.work import Work
from bridge.outbox import carry_out
from bridge.spapi.orders_2026_01_01 import GET_ORDER, sooner_by_pages
from bridge.stores import keys
from bridge.stores.table import Invalid
from bridge.sweeps import due, lines
from bridge.sweeps.pages import fold_page
from tests.fakes.world import SELLER, START, World, an_order
from tests.unit.bridge.office import Office

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LINE = Line(SELLER, "getOrder")


@pytest.fixture
def world() -> World:
    return World()


def number(n: int) -> str:
    return f"305-{n:07d}-0000001"


def ask(world: World, kind: str, n: int, told: str = "") -> Work:
    work = Work(kind, world.key(number(n)))
    world.ports.orders.change(work.key, lambda head: Change(replace(head, told=told), (kind,)))
    return work


def join(world: World, work: Work) -> Work:
    """Amazon has no slot for it."""
    world.amazon.errors.append(Throttled("quota", world.clock.now(), operation="getOrder"))
    carry_out(work, None, world.ports)
    assert not world.amazon.errors
    return work


def test_a_turn_that_goes_wrong_is_followed_by_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    queued(world, FETCH_ORDER, 40)
    world.queue.called.clear()

    def invalid(*_: Any, **__: Any) -> Page:
        raise Invalid("no such request")

    monkeypatch.setattr(world.amazon, "search_orders", invalid)
    with pytest.raises(Invalid):
        lines.serve(LINE, world.ports, lambda: 55.0)
    assert world.queue.called == [LINE]


def queued(world: World, kind: str, count: int, first: int = 0) -> list[Work]:
    return [join(world, ask(world, kind, n)) for n in range(first, first + count)]


def turn(world: World, seats: int) -> list[Work]:
    """Who is given a seat in the next turn."""
    world.amazon.free_seats = [world.clock.now()] * seats
    world.queue.waiting.clear()
    lines.serve(LINE, world.ports, lambda: 55.0)
    return [work for work, _ in world.queue.waiting]


def waiting(world: World) -> list[Work]:
    return [one.work for rank in RANKS for one in world.ports.lines.waiting(LINE, rank, 100)]


def page(world: World, *orders: Order) -> Page:
    return Page(orders, (), None, world.clock.now())


# Turns.


def test_the_first_who_joins_calls_for_a_turn_and_the_others_do_not(world: World) -> None:
    queued(world, HAND_TO_ERP, 3)
    assert set(world.queue.called) == {LINE}
    world.queue.called.clear()
    world.clock.sleep(1)
    queued(world, HAND_TO_ERP, 3, first=3)
    assert world.queue.called == []


def test_one_seat_in_eight_goes_to_who_waits_to_read(world: World) -> None:
    queued(world, HAND_TO_ERP, 20)
    queued(world, FETCH_ORDER, 20, first=20)
    seated = turn(world, 16)
    assert len(set(seated)) == 16
    assert [work.kind for work in seated].count(FETCH_ORDER) == 2
    assert world.signals.counts["Seated"] == 16
    assert len(waiting(world)) == 24


def test_seats_that_the_urgent_leave_go_to_the_others(world: World) -> None:
    queued(world, HAND_TO_ERP, 2)
    queued(world, FETCH_ORDER, 9, first=2)
    assert len(turn(world, 11)) == 11
    assert waiting(world) == []


def test_a_message_that_comes_twice_is_one_turn(world: World) -> None:
    queued(world, HAND_TO_ERP, 4)
    assert len(turn(world, 2)) == 2
    assert turn(world, 2) == []
    world.clock.sleep(TICK.total_seconds())
    assert len(turn(world, 2)) == 2


def test_a_line_that_got_nothing_asks_as_one_that_starves(world: World) -> None:
    queued(world, HAND_TO_ERP, 3)
    for seats in (0, 0, 1, 0):
        turn(world, seats)
        world.clock.sleep(TICK.total_seconds())
    assert world.amazon.starved == [False, True, True, False]


def test_an_empty_line_is_closed_two_minutes_after_the_last_one_joined(world: World) -> None:
    queued(world, HAND_TO_ERP, 1)
    turn(world, 1)
    world.clock.sleep(CLOSES_AFTER.total_seconds())
    turn(world, 1)
    assert world.ports.lines.open()
    world.queue.called.clear()
    world.clock.sleep(TICK.total_seconds())
    turn(world, 1)
    assert (world.ports.lines.open(), world.queue.called) == ([], [])


# Nobody is forgotten.


def sweeps(world: World, minutes: int) -> None:
    for _ in range(minutes):
        world.clock.sleep(60)
        due.run(world.ports, lambda: 55.0)


def test_a_lost_message_about_a_line_costs_a_minute(world: World) -> None:
    queued(world, HAND_TO_ERP, 1)
    world.queue.called.clear()
    sweeps(world, 1)
    assert world.queue.called == [LINE]


def test_a_lost_note_about_a_line_costs_half_an_hour(world: World) -> None:
    works = queued(world, FETCH_ORDER, 1)
    world.table.delete(keys.line(LINE))
    world.queue.called.clear()
    sweeps(world, due.EVERY_LINE + 1)
    assert LINE in world.queue.called
    assert turn(world, 1) == works


def test_a_lost_message_about_a_seat_is_brought_by_the_sweep(world: World) -> None:
    (work,) = queued(world, FETCH_ORDER, 1)
    world.place(an_order(number(0)))
    assert turn(world, 1) == [work]
    world.queue.waiting.clear()
    sweeps(world, 1)
    assert (work, None) in world.queue.waiting
    world.work_off()
    assert world.amazon.reads[number(0)] >= 1


@pytest.mark.parametrize("mode", [Mode.PAUSED, Mode.NEEDS_CONSENT])
def test_the_line_of_a_seller_who_is_paused_rests_and_goes_on(world: World, mode: Mode) -> None:
    works = queued(world, HAND_TO_ERP, 2)
    world.sellers.set_mode(SELLER, mode)
    world.queue.called.clear()
    assert turn(world, 2) == []
    assert (world.queue.called, waiting(world)) == ([], works)
    world.sellers.set_mode(SELLER, Mode.LIVE)
    sweeps(world, 1)
    assert world.queue.called == [LINE]
    assert turn(world, 2) == works


def test_overdue_work_of_every_seller_comes_in_turn() -> None:
    office, other = Office(), Seller(SELLER.region, SellerId("A2OTHER"))
    for n in range(60):
        office.ask(Work(FETCH_ORDER, OrderKey(*SELLER, OrderId(number(n)))))
    office.wait(SECOND)
    late = [Work(FETCH_ORDER, OrderKey(*other, OrderId(number(n)))) for n in range(3)]
    for work in late:
        office.ask(work)
    taken = office.desk.take_due(office.clock.now(), 3)
    assert set(late) <= set(taken)


# Pages.


def test_a_page_calls_nobody_who_waits_to_hand_over(world: World) -> None:
    order = an_order(number(0))
    fold_page(SELLER, page(world, order), world.ports, bugs=[])
    (work,) = [work for work, _ in world.queue.waiting]
    join(world, work)
    world.queue.waiting.clear()
    newer = replace(order, version=to_text(START), digest="2")
    assert fold_page(SELLER, page(world, newer), world.ports, bugs=[]) == 0
    assert (list(world.queue.waiting), waiting(world)) == ([], [work])
    assert world.ports.orders.get(work.key).digest == "2"


def test_a_page_of_a_seller_without_a_line_calls_for_all_that_it_says(world: World) -> None:
    order = an_order(number(0))
    fold_page(SELLER, page(world, order), world.ports, bugs=[])
    newer = replace(order, version=to_text(START), digest="2")
    assert fold_page(SELLER, page(world, newer), world.ports, bugs=[]) == 1


@pytest.mark.parametrize(("told", "stays"), [(-1, False), (0, False), (1, True)])
def test_who_waits_to_read_leaves_when_the_page_shows_what_was_told(world: World, told: int, *, stays: bool) -> None:
    work = join(world, ask(world, FETCH_ORDER, 0, to_text(START + told * SECOND)))
    fold_page(SELLER, page(world, an_order(number(0), version=to_text(START))), world.ports, bugs=[])
    assert waiting(world) == [work] * stays
    assert (world.ports.desk.state(work) or {}).get("done", 0) == (0 if stays else 1)  # type: ignore[attr-defined]


def test_who_is_asked_for_again_while_a_page_is_read_is_not_left_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = join(world, ask(world, FETCH_ORDER, 0, to_text(START)))
    fold = world.ports.orders.fold

    def folding(*given: Any, **named: Any) -> Any:
        found = fold(*given, **named)
        ask(world, FETCH_ORDER, 0, to_text(START + SECOND))
        join(world, work)
        return found

    monkeypatch.setattr(world.ports.orders, "fold", folding)
    fold_page(SELLER, page(world, an_order(number(0), version=to_text(START))), world.ports, bugs=[])
    assert waiting(world) == [work]


def test_a_page_without_orders_is_a_page(world: World) -> None:
    assert fold_page(SELLER, page(world), world.ports, bugs=[]) == 0


def test_pages_answer_a_long_line_and_a_second_turn_does_not_search_again(world: World) -> None:
    world.amazon.pages_from = 6
    for n in range(6):
        world.place(an_order(number(n)))
    queued(world, FETCH_ORDER, 6)
    world.clock.sleep(1)
    turn(world, 0)
    assert [work for work in waiting(world) if work.kind == FETCH_ORDER] == []
    assert not world.amazon.reads
    queued(world, FETCH_ORDER, 6, first=10)
    world.clock.sleep(TICK.total_seconds())
    searched = world.sellers.cursor(SELLER, "orders").at
    turn(world, 0)
    assert world.sellers.cursor(SELLER, "orders").at == searched


def test_a_short_line_is_not_worth_a_page(world: World) -> None:
    queued(world, FETCH_ORDER, 5)
    turn(world, 0)
    assert world.sellers.cursor(SELLER, "orders").at is None


# Amazon's quotas: waiting, seconds between two reads, pages at once, seconds between two pages, and the answer.
QUOTAS: Sequence[tuple[int, float, int, float, bool]] = (
    (0, 2, 5, 180, False),
    (30, 2, 5, 180, False),
    (31, 2, 5, 180, True),
    (31, 2, 0, 180, False),
    (90, 2, 0, 180, False),
    (91, 2, 0, 180, True),
    (200, 2, 1, 180, True),
    (150, 2, 0, 180, False),
    (3, 20, 1, 180, False),
    (4, 20, 1, 180, True),
)


@pytest.mark.parametrize(("count", "read_s", "pages", "page_s", "sooner"), QUOTAS)
def test_pages_are_for_what_reads_do_not_answer_within_the_horizon(
    count: int, read_s: float, pages: int, page_s: float, *, sooner: bool
) -> None:
    pacer = SimpleNamespace(
        gap_s=lambda operation, _: read_s if operation is GET_ORDER else page_s, at_once=lambda *_: pages
    )
    client: Any = SimpleNamespace(pacer=pacer)
    assert sooner_by_pages(client, SELLER, count) is sooner
