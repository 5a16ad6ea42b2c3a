"""Amazon's orders as its model allows them and as it does not: read, or unreadable; never a success by mistake."""

from __future__ import annotations

import copy
import functools
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.domain.errors import BridgeError, Refused, Unavailable, Unreadable
from bridge.domain.handover import document, recipient
from bridge.domain.ids import OrderId, OrderKey
from bridge.domain.lifecycle import Head, folded
from bridge.domain.orders import read_order
from bridge.spapi import orders_2026_01_01
from bridge.stores.dynamodb import _write
from bridge.stores.orders import put_head
from bridge.stores.table import Absent
from tests.adversarial.mutations import EDGES, MIB, PERSON, Json, everywhere, mutated
from tests.adversarial.schemas import allowed
from tests.adversarial.writing import written
from tests.contract.amazon_models import model
from tests.contract.test_orders_model import FILE, models, shown
from tests.fakes.world import DE, SELLER, START, World
from tests.unit.bridge.wire import Wire

__all__ = ["models"]
KEY = OrderKey(*SELLER, OrderId("305-9999999-9999999"))
AMOUNTS = ["20.00", "0", "-3.10", "1980", "0.005", "0E-8", "1E+2", "12345678.90", "1e999", "9" * 40, "NaN", "1_0", ""]
EVERY_SETTING = settings(max_examples=500, suppress_health_check=[*HealthCheck])


@functools.cache
def by_the_model() -> st.SearchStrategy[Json]:
    """An order as the model describes it, with the texts that it leaves open as Amazon would fill them, mostly."""
    schemas: dict[str, Any] = copy.deepcopy(model(FILE))["definitions"]
    schemas["Decimal"] = {"enum": AMOUNTS}
    schemas["Order"]["properties"]["orderId"] = {"enum": [KEY.order_id]}
    schemas["Money"]["properties"]["currencyCode"] = {"enum": ["EUR", "EUR", "JPY", "eur"]}
    return allowed(schemas["Order"], {"definitions": schemas})


def orders() -> st.SearchStrategy[Json]:
    return st.sampled_from(shown()).map(lambda raw: {**raw, "orderId": KEY.order_id}) | by_the_model()


def wire(body: str) -> Wire:
    return Wire([httpx.Response(200, content=body.encode(errors="surrogatepass"))])


def used(raw: Json) -> None:
    """An order that was read can be stored, and makes a document or is refused; so is its recipient."""
    order = read_order(raw)
    head = folded(Head(KEY, revision=1), order)
    assert head is not None
    _write(put_head(head, START, Absent("rev")).item)
    World().ports.orders.fold(KEY, order)
    known = {"field:" + name[:100] for name in raw if name not in model(FILE)["definitions"]["Order"]["properties"]}
    assert len(known) > 20 or {name for name in order.unknown if name.startswith("field:")} == {
        name.encode(errors="replace").decode() for name in known
    }
    recipient(raw)
    try:
        made = document(KEY, order)
    except Refused:
        return
    assert order.total is not None
    assert sum(line.amount for line in made.lines) == order.total.amount


def check_order(text: str) -> None:
    """getOrder: the order, or Refused with our words, or Unavailable; and the same of the order as it is read."""
    client = wire(f'{{"order":{text}}}').client
    reason = ""
    try:
        reading = orders_2026_01_01.get_order(client, KEY, recipient=True, slot=None)
        assert reading.order.order_id == KEY.order_id
        used(json.loads(text))
    except (Refused, Unavailable) as error:
        reason = str(error) + _reason(text)
    assert PERSON not in reason


def _reason(text: str) -> str:
    """Why the order cannot be read, if that is why."""
    try:
        read_order(json.loads(text))
    except (ValueError, RecursionError):
        return ""
    except Unreadable as error:
        return str(error)
    return ""


def check_search(texts: list[str]) -> None:
    """searchOrders: each order is read or named, or the whole page is Unavailable; never fewer than Amazon sent."""
    body = '{"orders":[' + ",".join(texts) + "]}"
    try:
        page = orders_2026_01_01.search_orders(wire(body).client, SELLER, [DE], updated_after=START, token=None)
    except Unavailable:
        return
    assert len(page.orders) + len(page.unreadable) == len(json.loads(body)["orders"])
    assert page.next_token is None


def _short(value: object) -> str:
    return ascii(value)[:20]


@given(orders())
@settings(max_examples=50)
def test_every_order_that_the_model_allows(raw: Json) -> None:
    check_order(written(raw))


@pytest.mark.parametrize(
    ("kind", "edge"), [(kind, edge) for kind, edges in EDGES.items() for edge in edges], ids=_short
)
def test_one_strange_value_for_everything_of_a_kind(kind: str, edge: Json) -> None:
    for raw in shown():
        strange = everywhere(raw, kind, edge)
        check_order(written({**strange, "orderId": KEY.order_id}))
        check_search([written(raw), written(strange)])


@given(st.data())
def test_an_order_with_something_wrong(data: st.DataObject) -> None:
    text = data.draw(mutated(data.draw(orders())))
    check_order(text)
    check_search([written(shown()[0]), text])


@pytest.mark.thorough
@EVERY_SETTING
@given(st.data())
def test_many_orders_with_something_wrong(data: st.DataObject) -> None:
    text = data.draw(mutated(data.draw(orders())))
    check_order(text)
    check_search([written(shown()[0]), text])


@given(st.data(), st.text(min_size=1, max_size=12))
def test_a_word_that_no_enum_knows_is_no_error(data: st.DataObject, word: str) -> None:
    """Wherever the model lists words, another one leaves an order that is read."""
    raw = copy.deepcopy(data.draw(st.sampled_from(shown())))
    for path in ("salesChannel", "fulfillment", "payment"):
        if isinstance(raw.get(path), dict):
            raw[path] = {name: word if str(v).isupper() else v for name, v in raw[path].items()}
    for item in raw["orderItems"]:
        for part in (item.get("proceeds") or {}).get("breakdowns", ()):
            part["type"] = word
    order = read_order(raw)
    assert [line.item_id for line in order.lines] == [item["orderItemId"] for item in raw["orderItems"]]
    assert replace(order, unknown=()) == replace(read_order({**raw, "newIn2031": word}), unknown=())


BROKEN = {
    "errors beside an order": lambda text: f'{{"order":{text},"errors":[]}}',
    "HTML": lambda text: f"<html>{text}</html>",
    "cut": lambda text: f'{{"order":{text[:-1]}',
    "two documents": lambda text: f'{{"order":{text}}}{{}}',
    "a list": lambda text: f"[{text}]",
    "the order itself": lambda text: text,
    "nothing": lambda _: "",
    "spaces": lambda _: " " * MIB,
    "not UTF-8": lambda text: "\udcff" + text,
}


@pytest.mark.parametrize("way", BROKEN)
@given(raw=st.data())
@settings(max_examples=10)
def test_a_broken_200_is_no_success(way: str, raw: st.DataObject) -> None:
    body = BROKEN[way](written(raw.draw(st.sampled_from(shown()))))
    calls = [
        lambda client: orders_2026_01_01.get_order(client, KEY, recipient=True, slot=None),
        lambda client: orders_2026_01_01.search_orders(client, SELLER, [DE], updated_after=START, token=None),
    ]
    for call in calls:
        with pytest.raises(BridgeError) as error:
            call(wire(body).client)
        assert isinstance(error.value, (Unavailable, Refused))
