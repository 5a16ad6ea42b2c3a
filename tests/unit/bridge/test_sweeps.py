"""The sweeps: nobody starves, nothing is skipped, and what another run did meanwhile is not undone."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from bridge.batches import place_of
from bridge.domain.documents import Shipment
from bridge.domain.errors import NotNow, Refused, Unavailable
from bridge.domain.ids import OrderKey, Region, Seller, SellerId
from bridge.domain.lifecycle import CONFIRM_SHIPMENT, FETCH_ORDER, HAND_TO_ERP, Head
from bridge.domain.readings import Page
from bridge.domain.sellers import Mode
from bridge.domain.times import to_text
from bridge.domain.work import Work
from bridge.stores.raising import raising
from bridge.stores.table import Invalid
from bridge.sweeps import due, orders, shipments
from bridge.sweeps.each_seller import RESERVE_S
from tests.fakes.world import SELLER, START, World, an_order
from tests.unit.test_order_flow import deliver, notification, shipped

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world() -> World:
    return World()


def plenty() -> float:
    return 55.0


def nothing_found(world: World) -> Page:
    return Page((), (), None, world.clock.now())


def sellers(world: World, *names: str, region: str = "eu") -> list[Seller]:
    found = [Seller(Region(region), SellerId(name)) for name in names]
    for seller in found:
        world.connect(seller)
    return found


# Every seller in turn.


def test_a_slow_source_starves_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = [SELLER, *sellers(world, *(f"A3S{n:02d}" for n in range(20)))]
    looked: Counter[Seller] = Counter()

    def slow(seller: Seller, _since: datetime) -> list[Shipment]:
        looked[seller] += 1
        world.clock.sleep(4)
        return []

    monkeypatch.setattr(world.erp, "list_shipments", slow)
    for minute in range(9):
        begin = world.clock.time = START + minute * MINUTE
        shipments.run(world.ports, lambda begin=begin: 55 - (world.clock.now() - begin).total_seconds())
    assert set(looked) == set(everybody)
    assert max(looked.values()) - min(looked.values()) <= 1


def test_a_failing_seller_starves_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = sellers(world, *(f"A3F{n}" for n in range(5)), region="fe")
    (well,) = sellers(world, "A3WELL")
    searched: Counter[Seller] = Counter()

    def search(seller: Seller, *_: Any, **__: Any) -> Page:
        searched[seller] += 1
        if seller in silent:
            world.clock.sleep(10)
            raise Unavailable("searchOrders: no answer (ReadTimeout)")
        return nothing_found(world)

    monkeypatch.setattr(world.amazon, "search_orders", search)
    for minute in range(12):
        begin = world.clock.time = START + minute * MINUTE
        orders.run(world.ports, lambda begin=begin: 55 - (world.clock.now() - begin).total_seconds())
    assert searched[well] >= 2
    assert min(searched.values()) >= 2
    assert world.sellers.cursor(well, orders.NAME).at is not None


def test_no_step_is_begun_that_may_not_end_in_time(world: World) -> None:
    orders.run(world.ports, lambda: RESERVE_S - 1)
    assert world.sellers.cursor(SELLER, orders.NAME).begun is None
    orders.run(world.ports, lambda: RESERVE_S)
    assert world.sellers.cursor(SELLER, orders.NAME).begun == START


# Orders.


def test_a_page_token_that_amazon_refuses_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.sellers.bookmark(SELLER, orders.NAME, "old", START)
    tokens: list[str | None] = []

    def search(*_: Any, token: str | None, **__: Any) -> Page:
        tokens.append(token)
        if token:
            raise Refused("searchOrders: 400 InvalidInput", "InvalidInput")
        return nothing_found(world)

    monkeypatch.setattr(world.amazon, "search_orders", search)
    orders.run(world.ports, plenty)
    assert world.sellers.cursor(SELLER, orders.NAME).token is None
    world.clock.sleep(60)
    orders.run(world.ports, plenty)
    assert tokens == ["old", None]
    assert world.sellers.cursor(SELLER, orders.NAME).at == START + MINUTE


def test_a_search_that_another_run_finished_leaves_no_token_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        world.place(an_order(f"305-000000{n}-0000001"))
    bookmark = world.sellers.bookmark

    def overtaken(seller: Seller, sweep: str, token: str, started: datetime) -> None:
        world.sellers.advance(seller, sweep, started)
        bookmark(seller, sweep, token, started)

    monkeypatch.setattr(world.sellers, "bookmark", overtaken)
    orders.run(world.ports, plenty)
    cursor = world.sellers.cursor(SELLER, orders.NAME)
    assert (cursor.at, cursor.token, cursor.started) == (START, None, None)
    world.clock.sleep(3600)
    late = world.place(an_order("305-9999999-0000001", version=to_text(world.clock.now())))
    orders.run(world.ports, plenty)
    assert world.ports.orders.get(late).version


def unreadable_once(world: World, monkeypatch: pytest.MonkeyPatch) -> OrderKey:
    order = an_order()
    page = Page((), (order.order_id,), None, world.clock.now())
    with monkeypatch.context() as changed:
        changed.setattr(world.amazon, "search_orders", lambda *_, **__: page)
        orders.run(world.ports, plenty)
    return world.place(order)


def test_an_order_that_a_search_shows_unreadably_is_read_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = unreadable_once(world, monkeypatch)
    world.work_off()
    assert world.erp.created == [key]
    assert world.sellers.cursor(SELLER, orders.NAME).at == START


def test_an_order_that_nobody_can_read_is_parked_until_a_later_version_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = unreadable_once(world, monkeypatch)
    world.amazon.errors.append(Refused("getOrder: the order cannot be understood"))
    world.work_off()
    (parked,) = world.ports.parking.list()  # type: ignore[attr-defined]
    assert (parked.what, parked.reason) == (str(Work(FETCH_ORDER, key)), "getOrder: the order cannot be understood")
    assert world.signals.counts["Parked"] == 1
    assert world.ports.desk.retry(Work(FETCH_ORDER, key))  # type: ignore[attr-defined]
    world.queue.send(Work(FETCH_ORDER, key))
    world.work_off()
    assert world.erp.created == [key]


def test_an_order_that_cannot_be_stored_keeps_no_other_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck, well = world.place(an_order("305-0000001-0000001")), world.place(an_order("305-0000002-0000001"))
    fold = world.ports.orders.fold

    def busy(key: OrderKey, *arguments: Any, **named: Any) -> Any:
        if key == stuck:
            raise Unavailable("DynamoDB: ThrottlingException")
        return fold(key, *arguments, **named)

    with monkeypatch.context() as changed:
        changed.setattr(world.ports.orders, "fold", busy)
        orders.run(world.ports, plenty)
    assert world.ports.orders.get(well).version
    assert world.sellers.cursor(SELLER, orders.NAME).at is None
    world.clock.sleep(60)
    orders.run(world.ports, plenty)
    assert world.ports.orders.get(stuck).version


def test_a_bug_in_one_order_calls_a_human_and_keeps_no_other_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where an order before it and another after it only have to come again."""
    busy, invalid, late, well = (world.place(an_order(f"305-000000{n}-0000001")) for n in range(4))
    wrong = {busy: Unavailable("busy"), invalid: Invalid("no such request"), late: Unavailable("busy")}
    page = Page(tuple(world.amazon.orders[key.order_id] for key in (busy, invalid, late, well)), (), None, START)
    fold = world.ports.orders.fold

    def fails(key: OrderKey, *arguments: Any, **named: Any) -> Any:
        if key in wrong:
            raise wrong[key]
        return fold(key, *arguments, **named)

    monkeypatch.setattr(world.amazon, "search_orders", lambda *_, **__: page)
    monkeypatch.setattr(world.ports.orders, "fold", fails)
    with pytest.raises(ExceptionGroup) as bugs:
        orders.run(world.ports, plenty)
    assert [type(bug) for bug in bugs.value.exceptions] == [Invalid]
    assert world.ports.orders.get(well).version
    assert world.sellers.cursor(SELLER, orders.NAME).at is None


def test_an_order_that_meets_a_bug_is_read_by_itself_and_the_pages_behind_it_come(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    invalid, *others = (world.place(an_order(f"305-000000{n}-0000001")) for n in range(6))
    fold, search, tokens = world.ports.orders.fold, world.amazon.search_orders, list[str | None]()

    def fails(key: OrderKey, *arguments: Any, **named: Any) -> Any:
        if key == invalid:
            raise Invalid("no such request")
        return fold(key, *arguments, **named)

    def searched(*arguments: Any, token: str | None, **named: Any) -> Page:
        tokens.append(token)
        if token == "4":
            raise NotNow("searchOrders: HTTP 503")
        return search(*arguments, token=token, **named)

    with monkeypatch.context() as changed:
        changed.setattr(world.ports.orders, "fold", fails)
        changed.setattr(world.amazon, "search_orders", searched)
        with pytest.raises(ExceptionGroup) as bugs:
            orders.run(world.ports, plenty)
    assert [type(bug) for bug in bugs.value.exceptions] == [Invalid], "also where a later page did not come"
    assert tokens == [None, "2", "4"]
    assert re.fullmatch(r"Invalid at test_sweeps\.py:\d+", place_of(bugs.value)), "what the log tells"
    world.clock.sleep(60)
    orders.run(world.ports, plenty)
    assert all(world.ports.orders.get(key).version for key in others)
    assert world.sellers.cursor(SELLER, orders.NAME).at == START
    assert (Work(FETCH_ORDER, invalid), None) in world.queue.waiting
    world.work_off()
    assert invalid in world.erp.created


@pytest.mark.parametrize(("spare", "pause"), [(True, 180), (False, 300)])
def test_searches_come_more_often_while_their_quota_is_unused(
    world: World, monkeypatch: pytest.MonkeyPatch, *, spare: bool, pause: int
) -> None:
    searches: list[datetime] = []

    def search(*_: Any, **__: Any) -> Page:
        searches.append(world.clock.now())
        return replace(nothing_found(world), spare=spare)

    monkeypatch.setattr(world.amazon, "search_orders", search)
    for _ in range(16):
        orders.run(world.ports, plenty)
        world.clock.sleep(60)
    gaps = {(later - one).total_seconds() for one, later in pairwise(searches)}
    assert gaps == {pause}


@pytest.mark.parametrize("spare", [True, False])
def test_a_second_turn_is_taken_only_while_amazons_quota_has_some_to_spare(
    world: World, monkeypatch: pytest.MonkeyPatch, *, spare: bool
) -> None:
    searches = 0

    def search(*_: Any, **__: Any) -> Page:
        nonlocal searches
        searches += 1
        raise Unavailable("searchOrders: 503")

    monkeypatch.setattr(world.amazon, "search_orders", search)
    monkeypatch.setattr(world.amazon, "searches_to_spare", lambda _: spare)
    orders.run(world.ports, plenty)
    assert searches == 1 + spare


def test_new_workers_begin_with_different_sellers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever ends every worker that turns to him keeps nobody else waiting for ever."""
    everybody = {SELLER, *sellers(world, *(f"A3N{n}" for n in range(4)))}
    first: set[Seller] = set()

    def search(seller: Seller, *_: Any, **__: Any) -> Page:
        first.add(seller)
        raise KeyboardInterrupt

    monkeypatch.setattr(world.amazon, "search_orders", search)
    for _ in range(60):
        world.clock.sleep(60)
        fresh = replace(world.ports, sellers=type(world.sellers)(world.table, world.clock))
        with pytest.raises(KeyboardInterrupt):
            orders.run(fresh, plenty)
    assert first == everybody


# Shipments.


def reported(world: World, *changed: int) -> list[Shipment]:
    """One shipment for each order, by the seconds after the start at which it changed."""
    found = []
    for n, seconds in enumerate(changed):
        one = shipped(world, f"305-000000{n}-0000001", shipment=f"S{n}")
        found.append(replace(one, changed_at=START + timedelta(seconds=seconds)))
    return found


def test_what_was_taken_in_before_the_erp_fell_silent_is_not_listed_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = reported(world, 1, 2)

    def breaking(_seller: Seller, _since: datetime) -> Any:
        yield first
        yield second
        raise Unavailable("the ERP did not answer")

    monkeypatch.setattr(world.erp, "list_shipments", breaking)
    shipments.run(world.ports, plenty)
    assert world.sellers.cursor(SELLER, shipments.NAME).at == second.changed_at
    assert world.sellers.cursor(SELLER, shipments.NAME).looked is None


def test_the_cursor_stays_before_a_shipment_that_could_not_be_taken_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, stuck, last = reported(world, 1, 200, 400)
    monkeypatch.setattr(world.erp, "list_shipments", lambda *_: [first, stuck, last])
    report = world.ports.parcels.report

    def busy(shipment: Shipment) -> tuple[Work, ...]:
        if shipment is stuck:
            raise Unavailable("DynamoDB: ThrottlingException")
        return report(shipment)

    with monkeypatch.context() as changed:
        changed.setattr(world.ports.parcels, "report", busy)
        shipments.run(world.ports, plenty)
    known = [bool(world.ports.parcels.all(one.key)) for one in (first, stuck, last)]
    assert known == [True, False, True]
    assert world.sellers.cursor(SELLER, shipments.NAME).at == first.changed_at
    assert any(event == "shipment not taken in" for event, _ in world.signals.notes)
    world.clock.sleep(60)
    shipments.run(world.ports, plenty)
    assert world.ports.parcels.all(stuck.key)
    assert world.sellers.cursor(SELLER, shipments.NAME).at == last.changed_at


@pytest.mark.parametrize("left", [[55.0] * 9, [55.0, 55.0, 55.0, 55.0, 4.0]])
def test_a_bug_in_one_shipment_calls_a_human_and_keeps_no_other_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch, left: list[float]
) -> None:
    first, stuck, last = reported(world, 1, 200, 400)
    monkeypatch.setattr(world.erp, "list_shipments", lambda *_: [first, stuck, last, last])
    report = world.ports.parcels.report

    def invalid(shipment: Shipment) -> tuple[Work, ...]:
        if shipment is stuck:
            raise Invalid("no such request")
        return report(shipment)

    monkeypatch.setattr(world.ports.parcels, "report", invalid)
    seconds = iter(left)
    with pytest.raises(ExceptionGroup) as bugs:
        shipments.run(world.ports, lambda: next(seconds))
    assert [type(bug) for bug in bugs.value.exceptions] == [Invalid]
    assert [bool(world.ports.parcels.all(one.key)) for one in (first, stuck, last)] == [True, False, True]
    assert world.sellers.cursor(SELLER, shipments.NAME).at == first.changed_at


def test_a_sweep_of_shipments_out_of_time_keeps_its_progress_and_comes_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = reported(world, 1, 2)
    monkeypatch.setattr(world.erp, "list_shipments", lambda *_: [first, second])
    left = iter([55.0, 55.0, 4.0])
    shipments.run(world.ports, lambda: next(left))
    assert world.sellers.cursor(SELLER, shipments.NAME).at == first.changed_at
    assert world.sellers.cursor(SELLER, shipments.NAME).looked is None
    assert not world.ports.parcels.all(second.key)


# What is due.


def test_work_laid_aside_in_the_moment_its_seller_was_resumed_comes_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = world.place(an_order())
    deliver(world, notification())
    world.sellers.set_mode(SELLER, Mode.PAUSED)
    pause = world.ports.desk.pause

    def too_late(work: Work, reason: str) -> bool:
        world.sellers.set_mode(SELLER, Mode.LIVE)
        assert world.ports.desk.resume(SELLER) == []
        return pause(work, reason)

    with monkeypatch.context() as changed:
        changed.setattr(world.ports.desk, "pause", too_late)
        world.work_off()
    assert not world.erp.created
    due.run(world.ports, plenty)
    world.work_off()
    assert world.erp.created == [key]


@pytest.mark.parametrize("mode", [Mode.PAUSED, Mode.NEEDS_CONSENT, Mode.DRY_RUN])
def test_work_of_a_seller_who_is_not_live_stays_aside(world: World, mode: Mode) -> None:
    world.place(an_order())
    deliver(world, notification())
    world.sellers.set_mode(SELLER, mode)
    world.work_off()
    world.clock.sleep(3600)
    due.run(world.ports, plenty)
    assert not world.queue.waiting


def test_a_hanging_erp_does_not_keep_lost_confirmations_waiting(world: World) -> None:
    for n in range(700):
        key = world.key(f"306-{n:07d}-0000001")
        world.table.update(raising(Work(HAND_TO_ERP, key), Head(key, ship_by=START), world.clock.now()))
    world.clock.sleep(1)
    lost = Work(CONFIRM_SHIPMENT, world.key(), "S1#P1")
    world.table.update(raising(lost, Head(lost.key), world.clock.now()))
    world.clock.sleep(60)
    due.run(world.ports, plenty)
    sent = [work for work, _ in world.queue.waiting]
    assert lost in sent
    assert 0 < len(sent) - 1 < 700


def test_a_backlog_is_not_sent_again_every_minute(world: World) -> None:
    key = world.key()
    world.table.update(raising(Work(HAND_TO_ERP, key), Head(key), world.clock.now()))
    sent = []
    for _ in range(7):
        world.clock.sleep(60)
        due.run(world.ports, plenty)
        sent.append(len(world.queue.waiting))
        world.queue.waiting.clear()
    assert sent == [1, 0, 0, 0, 1, 0, 0]
