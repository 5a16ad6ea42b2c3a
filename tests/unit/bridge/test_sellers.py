"""Sellers: what is known of each, and cursors that only go forward."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.ids import EU, FE, NA, MarketplaceId, Seller, SellerId
from bridge.domain.sellers import Cursor, Mode, SellerRecord
from bridge.domain.times import to_text
from bridge.stores import keys
from bridge.stores.sellers import Sellers
from bridge.stores.table import Update
from tests.fakes.table import MemoryTable
from tests.fakes.world import DE, SELLER, START, TestClock

RECORD = SellerRecord(
    SELLER, (DE, MarketplaceId("A1F83G8C2ARO7P")), Mode.LIVE, START, {"ORDER_CHANGE": "sub-1"}, "why", START
)


@pytest.fixture
def sellers() -> Sellers:
    return Sellers(MemoryTable(), TestClock())


@pytest.mark.parametrize("mode", Mode)
def test_a_record_comes_back_as_it_was(sellers: Sellers, mode: Mode) -> None:
    sellers.put(replace(RECORD, mode=mode))
    assert sellers.get(SELLER) == replace(RECORD, mode=mode)
    assert sellers.all() == [replace(RECORD, mode=mode)]


def test_a_record_of_before_connections_were_noted_is_read(sellers: Sellers) -> None:
    sellers.put(replace(RECORD, connected=None))
    assert sellers.get(SELLER) == replace(RECORD, connected=None)


def test_nobody_is_nobody(sellers: Sellers) -> None:
    assert sellers.get(SELLER) is None
    assert sellers.all() == []
    assert sellers.named("A3NOBODY") == []
    assert sellers.set_mode(SELLER, Mode.LIVE) is False
    sellers.quarantine(SELLER, "gone")
    assert sellers.all() == []


def test_one_selling_partner_in_several_regions_is_several_sellers(sellers: Sellers) -> None:
    regions = [replace(RECORD, seller=Seller(region, SELLER.seller_id)) for region in (NA, EU, FE)]
    for record in [*regions, replace(RECORD, seller=Seller(EU, SellerId("A3OTHER")))]:
        sellers.put(record)
    assert sorted(sellers.named(SELLER.seller_id), key=str) == sorted(regions, key=str)
    sellers.set_mode(regions[0].seller, Mode.PAUSED)
    assert [record.mode for record in sellers.named(SELLER.seller_id)].count(Mode.PAUSED) == 1


def test_a_quarantine_says_why_and_keeps_the_rest(sellers: Sellers) -> None:
    sellers.put(RECORD)
    sellers.quarantine(SELLER, "consent is gone")
    assert sellers.get(SELLER) == replace(RECORD, mode=Mode.NEEDS_CONSENT, reason="consent is gone")
    assert sellers.set_mode(SELLER, Mode.LIVE) is True
    assert sellers.get(SELLER) == replace(RECORD, reason="")


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_a_cursor_only_goes_forward(seconds: list[int]) -> None:
    sellers = Sellers(MemoryTable(), TestClock())
    for n in seconds:
        sellers.advance(SELLER, "orders", START + timedelta(seconds=n))
    assert sellers.cursor(SELLER, "orders") == Cursor(START + timedelta(seconds=max(seconds)))


def test_an_unfinished_search_is_remembered_until_it_is_finished(sellers: Sellers) -> None:
    assert sellers.cursor(SELLER, "orders") == Cursor()
    sellers.bookmark(SELLER, "orders", "page-2", START)
    assert sellers.cursor(SELLER, "orders") == Cursor(None, "page-2", START)
    sellers.advance(SELLER, "orders", START)
    assert sellers.cursor(SELLER, "orders") == Cursor(START)


def test_a_search_that_another_run_finished_is_not_remembered(sellers: Sellers) -> None:
    sellers.advance(SELLER, "orders", START)
    for started in (START, START - timedelta(seconds=1)):
        sellers.bookmark(SELLER, "orders", "page-2", started)
        assert sellers.cursor(SELLER, "orders") == Cursor(START)
    later = START + timedelta(seconds=1)
    sellers.bookmark(SELLER, "orders", "page-2", later)
    assert sellers.cursor(SELLER, "orders") == Cursor(START, "page-2", later)


def test_a_search_that_ends_behind_the_cursor_leaves_no_token(sellers: Sellers) -> None:
    sellers.bookmark(SELLER, "orders", "page-2", START)
    sellers._table.update(Update(keys.cursor(SELLER, "orders"), set={"at": to_text(START + timedelta(hours=1))}))
    sellers.advance(SELLER, "orders", START)
    assert sellers.cursor(SELLER, "orders") == Cursor(START + timedelta(hours=1))


def test_a_search_that_is_given_up_starts_from_the_cursor(sellers: Sellers) -> None:
    sellers.advance(SELLER, "orders", START)
    sellers.bookmark(SELLER, "orders", "page-2", START + timedelta(minutes=5))
    sellers.forget(SELLER, "orders")
    assert sellers.cursor(SELLER, "orders") == Cursor(START)


def test_when_a_sweep_turned_to_a_seller_is_no_progress(sellers: Sellers) -> None:
    sellers.begin(SELLER, "orders")
    assert sellers.cursor(SELLER, "orders") == Cursor(begun=START)
    sellers.bookmark(SELLER, "orders", "page-2", START)
    sellers.advance(SELLER, "orders", START)
    assert sellers.cursor(SELLER, "orders") == Cursor(START, begun=START)


def test_sweeps_and_sellers_have_cursors_of_their_own(sellers: Sellers) -> None:
    sellers.advance(SELLER, "orders", START)
    assert sellers.cursor(SELLER, "shipments") == Cursor()
    assert sellers.cursor(Seller(NA, SELLER.seller_id), "orders") == Cursor()


def test_whose_subscription_it_is_is_remembered_for_minutes_and_a_stranger_is_not() -> None:
    table, clock = MemoryTable(), TestClock()
    sellers = Sellers(table, clock)
    assert sellers.subscribed(SELLER.seller_id, "ORDER_CHANGE", "sub-1") is None
    sellers.put(RECORD)
    assert sellers.subscribed(SELLER.seller_id, "ORDER_CHANGE", "sub-1") == RECORD
    assert sellers.subscribed(SELLER.seller_id, "ORDER_CHANGE", "sub-2") is None
    sellers.put(replace(RECORD, subscriptions={"ORDER_CHANGE": "sub-2"}))
    assert sellers.subscribed(SELLER.seller_id, "ORDER_CHANGE", "sub-2") is not None
    clock.sleep(301)
    assert sellers.subscribed(SELLER.seller_id, "ORDER_CHANGE", "sub-1") is None


def test_progress_tells_everybody_and_where_each_sweep_is() -> None:
    sellers = Sellers(MemoryTable(), TestClock())
    other = replace(RECORD, seller=Seller(NA, SELLER.seller_id))
    for record in (RECORD, other):
        sellers.put(record)
    sellers.advance(SELLER, "orders", START, due=START + timedelta(minutes=5))
    sellers.advance(SELLER, "shipments", None, looked=START)
    found = {record.seller: cursor for record, cursor in sellers.progress("orders")}
    assert found == {SELLER: Cursor(START, next=START + timedelta(minutes=5)), other.seller: Cursor()}
    assert sellers.all() == [record for record, _ in sellers.progress("shipments")]
    assert sellers.cursor(SELLER, "shipments") == Cursor(looked=START)


def test_a_run_that_ends_late_takes_nothing_from_one_that_came_further() -> None:
    sellers = Sellers(MemoryTable(), TestClock())
    later = START + timedelta(minutes=6)
    sellers.advance(SELLER, "orders", later, due=later + timedelta(minutes=3))
    sellers.bookmark(SELLER, "orders", "page-2", later + timedelta(minutes=3))
    sellers.advance(SELLER, "orders", START, due=START + timedelta(minutes=3))
    cursor = sellers.cursor(SELLER, "orders")
    assert (cursor.at, cursor.next, cursor.token) == (later, later + timedelta(minutes=3), "page-2")
