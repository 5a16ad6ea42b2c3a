"""Cancel requests and counts of stock: what the ERP wants of a human, and what it has."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from bridge import api
from bridge.domain.ids import NA, Seller, Sku
from bridge.domain.lifecycle import Change
from bridge.domain.orders import Status
from bridge.domain.stock import Count
from bridge.domain.times import to_text
from tests.fakes.world import SELLER, START, World, an_order

WHO = {"region": "eu", "seller_id": SELLER.seller_id}
REQUEST = {**WHO, "order_id": "305-0000001-0000001", "reason": "out of stock"}


@pytest.fixture
def world() -> World:
    made = World()
    made.ports.orders.fold(made.place(an_order()), an_order())
    return made


def post(world: World, route: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = api.consumer(world.ports)({"routeKey": f"POST /v1/{route}", "body": json.dumps(body)}, None)
    return answer["statusCode"], json.loads(answer["body"])


def request(world: World, **changes: Any) -> tuple[int, dict[str, Any]]:
    return post(world, "cancel-requests", {**REQUEST, **changes})


def change(world: World, **changes: Any) -> None:
    world.ports.orders.change(world.key(), lambda head: Change(replace(head, **changes)))


# Cancel requests.


def test_a_cancel_request_calls_a_human_once(world: World) -> None:
    assert request(world) == (202, {"result": "taken"})
    assert request(world) == (202, {"result": "known already"})
    problem = "the ERP wants the order cancelled (out of stock): cancel it in Seller Central"
    assert world.ports.orders.get(world.key()).erp_problem == problem
    assert world.signals.counts["ErpCannotFulfil"] == 1


def test_it_outlives_an_acknowledgement_that_was_under_way(world: World) -> None:
    request(world)
    body = {**WHO, "order_id": REQUEST["order_id"], "number": "SO-1", "version": an_order().version}
    assert post(world, "acknowledgements", body)[0] == 202
    head = world.ports.orders.get(world.key())
    assert (head.erp_number, "wants the order cancelled" in head.erp_problem) == ("SO-1", True)


def test_what_amazon_has_cancelled_needs_nobody(world: World) -> None:
    change(world, status=Status.CANCELLED)
    assert request(world) == (202, {"result": "known already"})
    assert world.signals.counts["ErpCannotFulfil"] == 0


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"status": Status.SHIPPED}, "Amazon shows the order as shipped"),
        ({"fulfilled_by": "AMAZON"}, "this order is not the seller's to ship"),
        ({"version": ""}, "no order of this id has been read"),
    ],
)
def test_what_cannot_be_cancelled_is_said(world: World, changes: dict[str, Any], complaint: str) -> None:
    change(world, **changes)
    status, body = request(world)
    assert (status, body["error"].startswith(complaint)) == (409, True)


@pytest.mark.parametrize("field", REQUEST)
@pytest.mark.parametrize("value", [None, "", 1, "a#b", "a\nb", "x" * 101])
def test_what_is_wrong_in_a_request_is_named(world: World, field: str, value: Any) -> None:
    status, body = request(world, **{field: value})
    assert (status, f"`{field}`" in body["error"]) == (400, True)
    assert world.ports.orders.get(world.key()).erp_problem == ""


# Stock.


def report(world: World, *counts: tuple[Any, Any, Any], **changes: Any) -> tuple[int, dict[str, Any]]:
    stock = [{"sku": sku, "quantity": quantity, "at": at} for sku, quantity, at in counts]
    return post(world, "stock", {**WHO, "stock": stock, **changes})


def at(minutes: int) -> str:
    return to_text(START + timedelta(minutes=minutes))


def known(world: World, sku: str = "SKU-1", seller: Seller = SELLER) -> int | None:
    count = world.ports.stock.of(seller, Sku(sku))
    return count.quantity if count else None


def test_the_newest_count_wins_in_whatever_order_they_come() -> None:
    counts = [(5, at(-3)), (0, at(-1)), (7, at(-2)), (0, at(-1))]
    for order in permutations(counts):
        world = World()
        for quantity, moment in order:
            assert report(world, ("SKU-1", quantity, moment))[0] == 202
        assert known(world) == 0


def test_of_two_counts_of_one_moment_the_lower_stands() -> None:
    for order in ((5, 3), (3, 5)):
        world = World()
        for quantity in order:
            report(world, ("SKU-1", quantity, at(0)))
        assert known(world) == 3


def test_what_was_newer_is_counted(world: World) -> None:
    assert report(world, ("SKU-1", 5, at(0)), ("SKU-2", 1, at(0))) == (202, {"stock": 2})
    assert report(world, ("SKU-1", 5, at(0)), ("SKU-2", 2, at(1))) == (202, {"stock": 1})
    assert world.ports.stock.of(SELLER, Sku("SKU-2")) == Count(Sku("SKU-2"), 2, START + timedelta(minutes=1))


@pytest.mark.parametrize("sku", ["a b", "ABC#1", "#", "sku", "SKU", "Größe-48", "靴-25", "e\u0301", "\u00e9"])
def test_a_sku_is_kept_to_the_letter(world: World, sku: str) -> None:
    report(world, (sku, 4, at(0)), ("SKU-1", 9, at(0)))
    assert known(world, sku) == 4


def test_sellers_share_nothing(world: World) -> None:
    other = Seller(NA, SELLER.seller_id)
    world.connect(other)
    report(world, ("SKU-1", 5, at(0)))
    report(world, ("SKU-1", 8, at(0)), region="na")
    assert (known(world), known(world, seller=other)) == (5, 8)


def test_a_seller_who_is_not_connected(world: World) -> None:
    before = len(world.table)
    assert report(world, ("SKU-1", 5, at(0)), seller_id="AOTHER0000000")[0] == 409
    assert len(world.table) == before


@pytest.mark.parametrize(
    ("count", "field"),
    [
        (("SKU-1", -1, at(0)), "quantity"),
        (("SKU-1", 1.0, at(0)), "quantity"),
        (("SKU-1", True, at(0)), "quantity"),
        (("SKU-1", "1", at(0)), "quantity"),
        (("SKU-1", 10**40, at(0)), "quantity"),
        (("", 1, at(0)), "sku"),
        (("a\x00", 1, at(0)), "sku"),
        (("x" * 101, 1, at(0)), "sku"),
        (("SKU-1", 1, "2026-11-24"), "at"),
        (("SKU-1", 1, None), "at"),
        (("SKU-1", 1, at(6)), "at"),
    ],
)
def test_one_wrong_count_and_none_is_taken(world: World, count: tuple[Any, Any, Any], field: str) -> None:
    before = len(world.table)
    status, body = report(world, ("SKU-9", 1, at(0)), count)
    assert (status, f"`{field}`" in body["error"]) == (400, True)
    assert len(world.table) == before


@pytest.mark.parametrize("stock", [None, [], {}, "x", [1], [{"sku": "S", "quantity": 1, "at": at(0)}] * 101])
def test_a_report_is_a_list_of_a_hundred_at_most(world: World, stock: Any) -> None:
    assert post(world, "stock", {**WHO, "stock": stock})[0] == 400
