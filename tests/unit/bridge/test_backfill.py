"""A backfill reads every order of its span, whatever breaks, and takes nothing from live work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.domain.backfill import BEFORE, TOKEN_LIVES, Backfill, Outcome
from bridge.domain.errors import NotAllowed, Refused, Unavailable
from bridge.domain.ids import EU, NA, OrderKey, Seller, SellerId
from bridge.domain.lifecycle import FETCH_ORDER, HAND_TO_ERP
from bridge.domain.orders import Status
from bridge.domain.readings import Page
from bridge.domain.sellers import Mode
from bridge.domain.times import to_text
from bridge.domain.work import LEASE, Work
from bridge.stores import keys
from bridge.stores.backfills import Backfills
from bridge.stores.sellers import Sellers
from bridge.stores.table import Invalid, Item, Key, Put, Update, Write
from bridge.sweeps import backfill, orders
from tests.fakes.table import MemoryTable
from tests.fakes.world import DE, SELLER, START, World, an_order

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SINCE = START - 10 * DAY
OTHER = Seller(EU, SellerId("A1OTHER"))
TWIN = Seller(NA, SELLER.seller_id)


@pytest.fixture
def world() -> World:
    return searched(World())


def searched(world: World, seller: Seller = SELLER) -> World:
    """The live search has just been there."""
    world.sellers.advance(seller, orders.NAME, world.clock.now(), due=world.clock.now() + 5 * MINUTE)
    return world


def past(world: World, count: int = 7, status: Status = Status.SHIPPED) -> list[OrderKey]:
    """Orders that changed on the days since."""
    changed = [SINCE + n * timedelta(hours=30) for n in range(count)]
    return [
        world.place(an_order(f"305-{n:07d}-0000001", version=to_text(at), created=at - MINUTE, status=status))
        for n, at in enumerate(changed)
    ]


def ask(world: World, seller: Seller = SELLER, since: datetime = SINCE) -> Backfill:
    asked = store(world).ask(seller, since, searches=0, before=None)
    assert asked is not None
    return asked


def store(world: World) -> Backfills:
    return Backfills(world.table, world.clock)


def found(world: World, seller: Seller = SELLER) -> Backfill:
    backfill = store(world).get(seller)
    assert backfill is not None
    return backfill


def plenty() -> float:
    return 55.0


def minutes(world: World, count: int = 20, *, pages: int | None = None) -> None:
    """So many minutes' sweeps; the quota has so many pages to spare in each."""
    for _ in range(count):
        world.amazon.pages_to_spare = pages
        orders.run(world.ports, plenty)
        world.clock.sleep(60)


def tokens(world: World) -> list[str | None]:
    return [token for _, _, token in world.amazon.past_asked]


def known(world: World, expected: list[OrderKey]) -> bool:
    return all(world.ports.orders.get(key).version for key in expected)


def test_every_order_of_the_span_is_read_once(world: World) -> None:
    expected, asked = past(world), ask(world)
    minutes(world, 1)
    end = found(world)
    assert known(world, expected)
    assert (end.outcome, end.orders, end.pages, end.token, end.share) == (Outcome.DONE, 7, 4, None, 1.0)
    assert {span for _, span, _ in world.amazon.past_asked} == {(SINCE, asked.asked - BEFORE)}
    assert tokens(world) == [None, "2", "4", "6"]
    minutes(world, 3)
    assert len(tokens(world)) == 4


def test_closed_orders_call_for_nothing_and_others_for_the_usual_work(world: World) -> None:
    past(world, 4)
    ship = world.place(an_order("305-9999999-0000001", version=to_text(START - DAY), created=START - DAY / 2))
    ask(world)
    minutes(world, 1)
    assert [work for work, _ in world.queue.waiting] == [Work(HAND_TO_ERP, ship)]
    world.work_off()
    assert world.erp.created == [ship]


def test_nothing_is_done_for_whom_nobody_asked(world: World) -> None:
    past(world)
    minutes(world, 3)
    assert tokens(world) == []
    assert world.sellers.cursor(SELLER, backfill.NAME).begun is None


def test_pages_come_as_the_quota_has_them_to_spare(world: World) -> None:
    expected = past(world)
    ask(world)
    minutes(world, 1, pages=0)
    assert (found(world).pages, found(world).outcome) == (0, None)
    minutes(world, 1, pages=1)
    assert (found(world).pages, found(world).token, found(world).orders) == (1, "2", 2)
    minutes(world, 1, pages=3)
    assert found(world).outcome is Outcome.DONE
    assert known(world, expected)


def test_no_page_is_begun_that_may_not_end_in_time(world: World) -> None:
    past(world)
    ask(world)
    left = iter([55.0, 55.0, 55.0, 55.0, 21.0])
    orders.run(world.ports, lambda: next(left))
    assert len(tokens(world)) == 1
    assert found(world).token == "2"


# Live orders first.


def test_a_live_search_that_is_due_goes_first_for_every_seller(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.connect(OTHER)
    past(world, 2)
    for seller in (SELLER, OTHER):
        ask(world, seller)
    asked: list[str] = []
    live, back = world.amazon.search_orders, world.amazon.search_past

    def noted(name: str, search: Callable[..., Page]) -> Callable[..., Page]:
        return lambda seller, *rest, **named: (asked.append(name), search(seller, *rest, **named))[1]  # type: ignore[func-returns-value]

    monkeypatch.setattr(world.amazon, "search_orders", noted("live", live))
    monkeypatch.setattr(world.amazon, "search_past", noted("past", back))
    world.clock.sleep(300)
    orders.run(world.ports, plenty)
    assert asked == ["live", "live", "past", "past"]


def test_the_live_search_keeps_to_its_longer_period_beside_a_backfill(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    past(world)
    ask(world)
    live: list[float] = []

    def search(*_: Any, **__: Any) -> Page:
        live.append((world.clock.now() - START).total_seconds())
        return Page((), (), None, world.clock.now(), spare=True)

    monkeypatch.setattr(world.amazon, "search_orders", search)
    minutes(world, 20, pages=0)
    assert live == [300, 600, 900]
    store(world).stop(found(world))
    minutes(world, 10, pages=0)
    assert live[3:] == [1200, 1380, 1560, 1740]


def test_a_bug_in_live_searches_does_not_keep_a_backfill(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    past(world)
    ask(world)
    monkeypatch.setattr(world.amazon, "search_orders", lambda *_, **__: 1 / 0)
    world.clock.sleep(300)
    with pytest.raises(ExceptionGroup):
        orders.run(world.ports, plenty)
    assert found(world).outcome is Outcome.DONE


# Several sellers.


def test_sellers_and_regions_have_backfills_of_their_own(world: World) -> None:
    for seller in (OTHER, TWIN):
        world.connect(seller)
        searched(world, seller)
    past(world)
    ask(world)
    ask(world, TWIN, START - DAY)
    minutes(world, 1)
    assert {seller for seller, _, _ in world.amazon.past_asked} == {SELLER, TWIN}
    assert (found(world).orders, found(world, TWIN).orders) == (7, 0)
    assert store(world).get(OTHER) is None


def test_a_paused_seller_is_left_alone_until_the_pause_is_over(world: World) -> None:
    expected = past(world)
    ask(world)
    world.sellers.set_mode(SELLER, Mode.PAUSED)
    minutes(world, 3)
    assert tokens(world) == []
    world.sellers.set_mode(SELLER, Mode.LIVE)
    searched(world)
    minutes(world, 1)
    assert known(world, expected)


def test_whose_consent_is_gone_is_quarantined_and_stops_nobody_else(world: World) -> None:
    world.connect(OTHER)
    searched(world, OTHER)
    past(world)
    for seller in (SELLER, OTHER):
        ask(world, seller)
    world.amazon.errors.append(NotAllowed("searchOrders: 403 Unauthorized"))
    orders.run(world.ports, plenty)
    modes = sorted(record.mode for record in world.sellers.all())
    assert modes == sorted([Mode.NEEDS_CONSENT, Mode.LIVE])
    assert sorted(str(found(world, seller).outcome) for seller in (SELLER, OTHER)) == ["None", "done"]


# What breaks.


class Dead(BaseException):
    """The worker is gone."""


class Fragile(MemoryTable):
    """Dies at one call, before or after it has its effect; nothing reaches it then until it is `dead` no more."""

    def __init__(self) -> None:
        super().__init__()
        self.calls, self.dies_at, self.after, self.dead = 0, 0, False, False

    def _call(self, act: Callable[[], Any]) -> Any:
        self.calls += 1
        dies = self.calls == self.dies_at
        self.dead |= dies and not self.after
        if self.dead:
            raise Dead
        result = act()
        self.dead |= dies
        if self.dead:
            raise Dead
        return result

    def get(self, key: Key) -> Item | None:
        found: Item | None = self._call(lambda: super(Fragile, self).get(key))
        return found

    def several(self, *keys: Key) -> list[Item | None]:
        found: list[Item | None] = self._call(lambda: super(Fragile, self).several(*keys))
        return found

    def put(self, write: Put) -> None:
        self._call(lambda: super(Fragile, self).put(write))

    def update(self, write: Update) -> Item:
        found: Item = self._call(lambda: super(Fragile, self).update(write))
        return found

    def transact(self, writes: list[Write]) -> None:  # type: ignore[override]
        self._call(lambda: super(Fragile, self).transact(writes))


def calls_of_one_that_goes_well() -> int:
    world = searched(World(table=Fragile()))
    past(world)
    ask(world)
    before = world.table.calls  # type: ignore[attr-defined]
    minutes(world, 1)
    calls = int(world.table.calls - before)  # type: ignore[attr-defined]
    assert found(world).outcome is Outcome.DONE
    return calls


@pytest.mark.parametrize("after", [False, True])
def test_a_worker_that_dies_anywhere_loses_no_order_and_counts_none_twice(*, after: bool) -> None:
    steps = calls_of_one_that_goes_well()
    assert steps > 20
    for step in range(1, steps + 1):
        table = Fragile()
        world = searched(World(table=table))
        expected = past(world)
        ask(world)
        table.dies_at, table.after = table.calls + step, after
        with pytest.raises(Dead):
            minutes(world, 1)
        table.dies_at, table.dead = 0, False
        again = World(table=table, clock=world.clock)
        again.amazon.orders = world.amazon.orders
        minutes(again, 4)
        assert known(again, expected), step
        assert (found(again).outcome, found(again).orders, found(again).pages) == (Outcome.DONE, 7, 4), step


def test_amazon_that_does_not_answer_is_asked_again_the_next_minute(world: World) -> None:
    expected = past(world)
    ask(world)
    world.amazon.errors.append(Unavailable("searchOrders: 503"))
    orders.run(world.ports, plenty)
    assert (found(world).pages, tokens(world)) == (0, [])
    world.clock.sleep(60)
    minutes(world, 1)
    assert known(world, expected)


def test_an_order_that_cannot_be_stored_brings_its_page_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = past(world)
    ask(world)
    fold = world.ports.orders.fold

    def busy(key: OrderKey, *arguments: Any, **named: Any) -> Any:
        if key == expected[2]:
            raise Unavailable("DynamoDB: ThrottlingException")
        return fold(key, *arguments, **named)

    with monkeypatch.context() as changed:
        changed.setattr(world.ports.orders, "fold", busy)
        minutes(world, 1)
    assert (found(world).pages, found(world).orders) == (1, 2)
    minutes(world, 1)
    assert known(world, expected)
    assert found(world).orders == 7


def test_a_bug_in_one_order_calls_a_human_and_does_not_stop_the_pages_behind_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for, fold = past(world, status=Status.UNSHIPPED), world.ports.orders.fold
    ask(world)

    def fails(key: OrderKey, *arguments: Any, **named: Any) -> Any:
        if key == asked_for[0]:
            raise Invalid("no such request")
        return fold(key, *arguments, **named)

    monkeypatch.setattr(world.ports.orders, "fold", fails)
    world.amazon.pages_to_spare = 4
    with pytest.raises(ExceptionGroup) as bugs:
        orders.run(world.ports, plenty)
    assert [type(bug) for bug in bugs.value.exceptions] == [Invalid]
    assert (found(world).outcome, tokens(world)) == (Outcome.DONE, [None, "2", "4", "6"])
    assert known(world, asked_for[1:])
    assert (Work(FETCH_ORDER, asked_for[0]), None) in world.queue.waiting


def test_two_workers_do_not_read_the_same_page(world: World) -> None:
    past(world)
    ask(world)
    assert Sellers(world.table, world.clock).hold(SELLER, backfill.NAME, LEASE)
    minutes(world, 1)
    assert tokens(world) == []
    minutes(world, 2)
    assert tokens(world) == [None, "2", "4", "6"]


def test_a_page_that_another_worker_turned_is_not_counted_again(world: World) -> None:
    asked = ask(world)
    page = Page((an_order(),), (), "2", START)
    assert store(world).turn(asked, page) is not None
    assert store(world).turn(asked, page) is None
    assert (found(world).pages, found(world).orders) == (1, 1)


# Page tokens that are not taken any more.


def half_way(world: World) -> list[OrderKey]:
    expected = past(world)
    ask(world)
    minutes(world, 1, pages=2)
    assert (found(world).token, found(world).pages) == ("4", 2)
    return expected


def refusing_tokens(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    search = world.amazon.search_past

    def refused(*asked: Any, token: str | None, **named: Any) -> Page:
        if token == "4":
            raise Refused("searchOrders: 400 InvalidInput", "InvalidInput")
        return search(*asked, token=token, **named)

    monkeypatch.setattr(world.amazon, "search_past", refused)


def test_a_refused_page_token_costs_one_page_and_not_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = half_way(world)
    position = found(world).seen
    refusing_tokens(world, monkeypatch)
    minutes(world, 1)
    assert (found(world).token, found(world).begin, found(world).outcome) == (None, position, None)
    minutes(world, 1)
    assert found(world).outcome is Outcome.DONE
    assert known(world, expected)
    assert world.amazon.past_asked[2][1][0] == position


def test_where_pages_came_unsorted_a_refused_token_means_all_of_it_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask(world)
    late, early = (an_order(f"305-{n}-1", version=to_text(START - n * DAY)) for n in (1, 2))
    turned = store(world).turn(asked, Page((late,), (), "2", START))
    assert turned is not None
    turned = store(world).turn(turned, Page((early,), (), "4", START))
    assert turned is not None
    assert (turned.mixed, turned.seen) == (True, START - DAY)
    store(world).refused(turned, "searchOrders: 400 InvalidInput")
    again = found(world)
    assert (again.begin, again.token, again.orders, again.pages) == (SINCE, None, 0, 0)


def test_a_token_that_is_too_old_is_given_up_before_it_costs_a_call(world: World) -> None:
    expected = half_way(world)
    world.clock.sleep((TOKEN_LIVES + MINUTE).total_seconds())
    searched(world)
    minutes(world, 1)
    assert tokens(world)[2] is None
    assert found(world).outcome is Outcome.DONE
    assert known(world, expected)


def test_what_amazon_refuses_without_a_token_has_failed_and_goes_on_when_asked_again(world: World) -> None:
    expected = half_way(world)
    for _ in range(2):
        world.amazon.errors.append(Refused("searchOrders: 400 InvalidInput", "InvalidInput"))
        minutes(world, 1)
    assert (found(world).outcome, found(world).reason) == (Outcome.FAILED, "searchOrders: 400 InvalidInput")
    minutes(world, 3)
    assert len(tokens(world)) == 2
    assert store(world).go_on(found(world)) is not None
    minutes(world, 1)
    assert known(world, expected)
    assert found(world).outcome is Outcome.DONE


def in_circles(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Amazon's pages do not come by date, and it takes no second page's token."""
    search = world.amazon.search_past

    def refused(*asked: Any, token: str | None, **named: Any) -> Page:
        if token:
            raise Refused("searchOrders: 400 InvalidInput", "InvalidInput")
        page = search(*asked, token=None, **named)
        return replace(page, orders=page.orders[::-1])

    monkeypatch.setattr(world.amazon, "search_past", refused)
    store(world)._changed(found(world), Update(keys.backfill(SELLER), set={"mixed": True}))


def test_a_token_that_is_refused_every_time_ends_after_three_searches_without_progress(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = past(world)
    ask(world)
    with monkeypatch.context() as changed:
        in_circles(world, changed)
        minutes(world, 3)
        assert (found(world).outcome, found(world).begin, found(world).restarts) == (None, SINCE, 2)
        minutes(world, 30)
        end = found(world)
        assert (end.outcome, tokens(world)) == (Outcome.FAILED, [None] * 4)
        assert "lost again (searchOrders: 400 InvalidInput): 3 new searches came no further" in end.reason
        assert (end.orders, end.pages) == (2, 1), "what was read is still told"
        assert store(world).go_on(end) is not None
        minutes(world, 30)
        assert (found(world).outcome, len(tokens(world))) == (Outcome.FAILED, 7), "three more, as a human asked"
    store(world).go_on(found(world))
    minutes(world, 1)
    end = found(world)
    assert known(world, expected)
    assert (end.outcome, end.reason, end.orders, end.pages) == (Outcome.DONE, "", 7, 4)


def test_tokens_that_are_lost_now_and_then_end_nothing_that_makes_progress(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each search comes a page further than the one before, but for two between."""
    expected = past(world, 13)
    ask(world)
    search, lives = world.amazon.search_past, iter([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 9])
    left = next(lives)

    def now_and_then(*asked: Any, token: str | None, **named: Any) -> Page:
        nonlocal left
        if token and not left:
            left = next(lives)
            raise Refused("searchOrders: 400 InvalidInput", "InvalidInput")
        left -= 1
        return search(*asked, token=token, **named)

    monkeypatch.setattr(world.amazon, "search_past", now_and_then)
    store(world)._changed(found(world), Update(keys.backfill(SELLER), set={"mixed": True}))
    minutes(world, 20)
    assert found(world).outcome is Outcome.DONE
    assert known(world, expected)


def test_pages_that_come_by_date_are_progress_whatever_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = past(world, 13)
    ask(world)
    search = world.amazon.search_past

    def refused(*asked: Any, token: str | None, **named: Any) -> Page:
        if token:
            raise Refused("searchOrders: 400 InvalidInput", "InvalidInput")
        return search(*asked, token=None, **named)

    monkeypatch.setattr(world.amazon, "search_past", refused)
    minutes(world, 20)
    assert found(world).outcome is Outcome.DONE
    assert known(world, expected)


def test_one_that_was_stopped_meanwhile_has_not_failed(world: World) -> None:
    half_way(world)
    before = replace(found(world), restarts=9, reached=9, mixed=True)
    store(world).stop(before)
    store(world).refused(before, "searchOrders: 400 InvalidInput")
    assert found(world).outcome is Outcome.STOPPED


# What the operator does meanwhile.


@pytest.mark.parametrize("anew", [False, True])
def test_stopped_or_begun_anew_between_a_page_and_its_note(
    world: World, monkeypatch: pytest.MonkeyPatch, *, anew: bool
) -> None:
    expected = past(world)
    ask(world)
    search = world.amazon.search_past

    def meanwhile(*asked: Any, **named: Any) -> Page:
        page = search(*asked, **named)
        world.clock.sleep(1)
        if anew:
            store(world).ask(SELLER, SINCE + DAY, searches=0, before=found(world))
        else:
            store(world).stop(found(world))
        return page

    with monkeypatch.context() as changed:
        changed.setattr(world.amazon, "search_past", meanwhile)
        minutes(world, 1)
    assert (found(world).pages, found(world).orders) == (0, 0)
    if anew:
        minutes(world, 3)
        assert (found(world).orders, found(world).outcome) == (6, Outcome.DONE)
        return
    minutes(world, 3)
    assert (found(world).outcome, len(tokens(world))) == (Outcome.STOPPED, 1)
    store(world).go_on(found(world))
    minutes(world, 1)
    assert known(world, expected)


def test_two_operators_do_not_undo_each_other(world: World) -> None:
    first = ask(world)
    assert store(world).ask(SELLER, SINCE, searches=0, before=None) is None
    world.clock.sleep(1)
    second = store(world).ask(SELLER, SINCE + DAY, searches=0, before=first)
    assert second is not None
    assert store(world).stop(first) is None
    assert store(world).expect(first, 9) is None
    assert found(world) == second


def test_a_span_of_marketplaces_is_the_sellers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(world)
    asked: list[Any] = []
    search = world.amazon.search_past

    def noted(seller: Seller, marketplaces: Any, **named: Any) -> Page:
        asked.append(marketplaces)
        return search(seller, marketplaces, **named)

    monkeypatch.setattr(world.amazon, "search_past", noted)
    minutes(world, 1)
    assert asked == [(DE,)]
