"""Every order that Amazon's own model shows is read, and so is every order that differs from it in one place."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from bridge.domain.errors import Unreadable
from bridge.domain.handover import recipient
from bridge.domain.orders import Status, read_order
from tests.contract.amazon_models import model, require

FILE = "orders-api-model/orders_2026-01-01.json"
JUNK = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just([]) | st.just({}) | st.just([None])


@pytest.fixture(autouse=True)
def models() -> None:
    require()


@functools.cache
def shown() -> list[dict[str, Any]]:
    """Every order in an example or a static sandbox answer of getOrder and searchOrders."""
    orders: list[dict[str, Any]] = []
    for operations in model(FILE)["paths"].values():
        answer = operations["get"]["responses"]["200"]
        bodies = [*answer["examples"].values(), *(case["response"] for case in _static(answer))]
        for body in bodies:
            orders += body["orders"] if "orders" in body else [body["order"]]
    return orders


def _static(answer: dict[str, Any]) -> list[dict[str, Any]]:
    static: list[dict[str, Any]] = answer["x-amzn-api-sandbox"]["static"]
    return static


def test_every_order_that_amazon_shows_is_read() -> None:
    assert len(shown()) >= 8
    for raw in shown():
        order = read_order(raw)
        assert order.order_id == raw["orderId"]
        assert order.marketplace == raw["salesChannel"]["marketplaceId"]
        assert [line.item_id for line in order.lines] == [item["orderItemId"] for item in raw["orderItems"]]
        assert [line.sku for line in order.lines] == [item["product"].get("sellerSku") for item in raw["orderItems"]]
        assert order.status == raw["fulfillment"]["fulfillmentStatus"]
        assert order.unknown == ()
        assert (order.total is not None) == ("grandTotal" in raw.get("proceeds", {}))


def test_every_recipient_that_amazon_shows_is_read() -> None:
    shown_to_us = [raw for raw in shown() if (raw.get("recipient") or {}).get("deliveryAddress", {}).get("name")]
    assert shown_to_us
    for raw in shown_to_us:
        read = recipient(raw)
        assert read is not None
        assert read.name == raw["recipient"]["deliveryAddress"]["name"]


def test_every_status_of_the_model_is_known() -> None:
    assert {*Status} == {*_values("FulfillmentStatus")}


def _values(name: str) -> list[str]:
    values: list[str] = model(FILE)["definitions"][name]["enum"]
    return values


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in entries:
        yield (*path, name)
        yield from _places(part, (*path, name))


def _inside(raw: Any, path: tuple[Any, ...]) -> Any:
    for name in path:
        raw = raw[name]
    return raw


@given(st.data())
@examples(max_examples=400)
def test_an_order_with_junk_in_one_place_is_read_or_unreadable(data: st.DataObject) -> None:
    raw = copy.deepcopy(data.draw(st.sampled_from(shown())))
    path = data.draw(st.sampled_from(list(_places(raw))))
    _inside(raw, path[:-1])[path[-1]] = data.draw(JUNK)
    try:
        order = read_order(raw)
    except Unreadable:
        return
    assert order.order_id
    assert len(order.digest) == 32


@given(st.data())
@examples(max_examples=200)
def test_an_order_with_an_unknown_field_is_the_same_order(data: st.DataObject) -> None:
    raw = data.draw(st.sampled_from(shown()))
    objects = [path for path in [(), *_places(raw)] if isinstance(_inside(raw, path), dict)]
    new = copy.deepcopy(raw)
    _inside(new, data.draw(st.sampled_from(objects)))["newIn2031"] = data.draw(JUNK)
    assert replace(read_order(new), unknown=()) == read_order(raw)


@given(st.data(), st.text(min_size=1).filter(lambda text: text not in set(Status)))
def test_an_unknown_status_is_kept_and_named(data: st.DataObject, status: str) -> None:
    raw = copy.deepcopy(data.draw(st.sampled_from(shown())))
    raw["fulfillment"]["fulfillmentStatus"] = status
    order = read_order(raw)
    assert order.status == status
    assert order.unknown == (f"status:{status}",)
    assert not order.actionable


@pytest.mark.parametrize("name", ["orderId", "createdTime", "lastUpdatedTime"])
def test_an_order_without_what_identifies_it_is_unreadable(name: str) -> None:
    for raw in shown():
        with pytest.raises(Unreadable):
            read_order({field: value for field, value in raw.items() if field != name})


@pytest.mark.parametrize("name", ["orderItemId", "quantityOrdered"])
def test_an_item_without_what_identifies_it_is_unreadable(name: str) -> None:
    for raw in shown():
        items = [{field: value for field, value in item.items() if field != name} for item in raw["orderItems"]]
        with pytest.raises(Unreadable):
            read_order({**raw, "orderItems": items})
