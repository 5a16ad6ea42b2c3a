"""The HTTP API for the ERP: what it takes, what it says, and that it never counts a parcel twice."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import api
from bridge.domain.errors import Unavailable
from bridge.domain.ids import OrderId, OrderKey
from bridge.domain.sellers import Mode
from tests.fakes.world import SELLER, World, an_order

BODY: dict[str, Any] = {
    "region": "eu",
    "seller_id": SELLER.seller_id,
    "order_id": "305-0000001-0000001",
    "shipment_id": "S1",
    "packages": [
        {
            "package_id": "P1",
            "carrier": "DHL",
            "tracking": "T1",
            "shipped_at": "2026-11-24T09:00:00+01:00",
            "lines": [{"order_item_id": "item-1", "quantity": 2}],
        }
    ],
}
KEY = OrderKey(*SELLER, OrderId("305-0000001-0000001"))


@pytest.fixture
def world() -> World:
    made = World()
    made.ports.orders.fold(made.place(an_order()), an_order())
    return made


def post(world: World, body: Any, **event: Any) -> tuple[int, dict[str, Any]]:
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    answer = api.consumer(world.ports)({"routeKey": "POST /v1/shipments", "body": text, **event}, None)
    assert answer["headers"] == {"content-type": "application/json"}
    return answer["statusCode"], json.loads(answer["body"])


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    out = copy.deepcopy(BODY)
    inside: Any = out
    for name in path[:-1]:
        inside = inside[name]
    if value is ...:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    return out


def test_a_shipment_is_taken_and_amazon_is_told(world: World) -> None:
    assert post(world, BODY) == (202, {"parcels": 1})
    world.work_off()
    (said,) = world.amazon.confirmations
    assert (said.tracking, said.lines) == ("T1", (("item-1", 2),))


def test_the_same_shipment_again_is_no_news(world: World) -> None:
    post(world, BODY)
    assert post(world, BODY) == (202, {"parcels": 0})
    world.work_off()
    assert len(world.amazon.confirmations) == 1


def test_a_corrected_tracking_number_is_news(world: World) -> None:
    post(world, BODY)
    world.work_off()
    assert post(world, changed(("packages", 0, "tracking"), "T2")) == (202, {"parcels": 1})
    world.work_off()
    first, second = world.amazon.confirmations
    assert first.reference == second.reference
    assert second.tracking == "T2"


PLACES = [
    *[(name,) for name in BODY],
    *[("packages", 0, name) for name in BODY["packages"][0]],
    *[("packages", 0, "lines", 0, name) for name in BODY["packages"][0]["lines"][0]],
]


@pytest.mark.parametrize("path", PLACES, ids=str)
@pytest.mark.parametrize("value", [..., None, "", 0, [], {}, True, [1], "a#b"], ids=str)
def test_what_is_wrong_is_named(world: World, path: tuple[Any, ...], value: Any) -> None:
    before = len(world.table)
    status, body = post(world, changed(path, value))
    assert status == 400
    assert f"`{path[-1]}`" in body["error"] or body["error"].startswith("the ")
    assert len(world.table) == before


TEXTS = ["order_id", "shipment_id", "seller_id"]


@pytest.mark.parametrize(
    "path", [*((name,) for name in TEXTS), ("packages", 0, "package_id"), ("packages", 0, "tracking")], ids=str
)
@pytest.mark.parametrize("value", ["x" * 101, "x" * 2000, "a\nb", "a\x00", "\u202eabc", "\ud800"], ids=ascii)
def test_an_id_that_is_too_long_or_not_printable_is_refused(world: World, path: tuple[Any, ...], value: str) -> None:
    before = len(world.table)
    status, body = post(world, changed(path, value))
    assert status == 400
    assert f"`{path[-1]}`" in body["error"]
    assert len(world.table) == before


@pytest.mark.parametrize("order_id", ["305/1", "../..", "305 1", "x" * 41, "30", "305-1?a=b"])
def test_an_order_id_looks_like_one(world: World, order_id: str) -> None:
    status, body = post(world, {**BODY, "order_id": order_id})
    assert (status, body["error"]) == (400, "`order_id` must be Amazon's order id, like 305-1234567-1234567")


@pytest.mark.parametrize("quantity", [-1, 1.5, "2"])
def test_a_quantity_is_a_whole_number(world: World, quantity: Any) -> None:
    status, body = post(world, changed(("packages", 0, "lines", 0, "quantity"), quantity))
    assert (status, body["error"]) == (400, "`quantity` must be a whole number of at least 1")


@pytest.mark.parametrize("body", [None, "", "{", "[]", '"x"', "null", "[" * 10**5, "9" * 5000])
def test_what_is_no_json_object_is_refused(world: World, body: str | None) -> None:
    assert post(world, body)[0] == 400


def test_a_binary_body_is_refused(world: World) -> None:
    assert post(world, BODY, isBase64Encoded=True)[0] == 400


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.sampled_from([*BODY, "x"]), x),
        max_leaves=8,
    )
)
def test_junk_is_refused_and_nothing_more(body: Any) -> None:
    assert post(World(), body)[0] == 400


@pytest.mark.parametrize("route", ["GET /v1/shipments", "POST /v2/shipments", "$default", None])
def test_there_are_no_other_routes(world: World, route: str | None) -> None:
    assert post(world, BODY, routeKey=route) == (404, {"error": f"there are only {', '.join(api.ROUTES)}"})


@pytest.mark.parametrize("name", ["seller_id", "region"])
def test_a_seller_who_is_not_connected(world: World, name: str) -> None:
    assert post(world, {**BODY, name: "na"})[0] == 409
    assert post(world, {**BODY, name: "na"})[1]["error"].startswith("no such seller")


def test_a_seller_who_is_paused(world: World) -> None:
    world.connect(mode=Mode.PAUSED)
    assert post(world, BODY)[0] == 409


@pytest.mark.parametrize("mode", [Mode.DRY_RUN, Mode.NEEDS_CONSENT])
def test_what_was_shipped_is_kept_while_amazon_cannot_be_told(world: World, mode: Mode) -> None:
    world.connect(mode=mode)
    assert post(world, BODY)[0] == 202
    world.work_off()
    assert world.amazon.confirmations == []
    assert len(world.ports.parcels.all(KEY)) == 1


def test_a_table_that_does_not_answer_is_a_503(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: Any) -> None:
        raise Unavailable("DynamoDB: ThrottlingException")

    monkeypatch.setattr(world.table, "transact", silent)
    status, body = post(world, BODY)
    assert status == 503
    assert "send it again" in body["error"]
    assert world.signals.notes[-1] == ("api", {"reason": "DynamoDB: ThrottlingException"})
    assert "DynamoDB" not in body["error"]
