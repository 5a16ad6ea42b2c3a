"""Whatever comes back from Amazon: never a false success, the right error, and nothing of it in the error."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bridge.domain.errors import BridgeError, NotAllowed, Refused, Throttled, Unavailable
from bridge.domain.ids import OrderId, OrderItemId, OrderKey
from bridge.domain.parcels import Confirmation
from bridge.spapi import notifications_v1, orders_2026_01_01, orders_v0, sellers_v1
from bridge.spapi.client import DENIED, Client
from tests.fakes.world import DE, SELLER, START
from tests.unit.bridge.wire import Answer, Wire, answer, errors

KEY = OrderKey(*SELLER, OrderId("305-0000001-0000001"))
PARCEL = Confirmation(DE, 7, "DHL", None, "", "T1", START, ((OrderItemId("item-1"), 2),))
ARN = "arn:aws:sqs:eu-west-1:111122223333:notifications"

CALLS: dict[str, Callable[[Client], Any]] = {
    "getOrder": lambda client: orders_2026_01_01.get_order(client, KEY, recipient=True, slot=None),
    "searchOrders": lambda client: orders_2026_01_01.search_orders(
        client, SELLER, [DE], updated_after=START, token=None
    ),
    "confirmShipment": lambda client: orders_v0.confirm_shipment(client, KEY, PARCEL, slot=None),
    "getDestinations": lambda client: notifications_v1.destination(client, SELLER, ARN),
    "getSubscription": lambda client: notifications_v1.subscription(client, SELLER, "ORDER_CHANGE", "d-1"),
    "getMarketplaceParticipations": lambda client: sellers_v1.marketplaces(client, SELLER),
}
LEAK = "canary-body"
SHAPES: dict[str, tuple[Answer, type[BridgeError]]] = {
    "500 with an error": (answer(500, errors("InternalFailure")), Unavailable),
    "502 empty": (answer(502), Unavailable),
    "503 HTML": (answer(503, f"<html>{LEAK}</html>"), Unavailable),
    "504 text": (answer(504, LEAK), Unavailable),
    "408": (answer(408, errors("RequestTimeout")), Unavailable),
    "429": (answer(429, errors("QuotaExceeded")), Throttled),
    "429 HTML": (answer(429, f"<html>{LEAK}"), Throttled),
    "400": (answer(400, errors("InvalidInput")), Refused),
    "404 HTML": (answer(404, f"<html>{LEAK}"), Refused),
    "413": (answer(413, errors("RequestTooLarge")), Refused),
    "401": (answer(401, errors("Unauthorized")), Refused),
    "403": (answer(403, errors("Unauthorized")), Refused),
    "403 HTML": (answer(403, f"<html>{LEAK}"), Refused),
    "302": (answer(302, location=f"https://{LEAK}.example"), Unavailable),
    "200 empty": (answer(200), Unavailable),
    "200 HTML": (answer(200, f"<html>{LEAK}</html>"), Unavailable),
    "200 truncated": (answer(200, f'{{"order": {{"orderId": "{LEAK}"'), Unavailable),
    "200 list": (answer(200, [{"orderId": LEAK}]), Unavailable),
    "200 null": (answer(200, "null"), Unavailable),
    "200 with errors": (answer(200, {"payload": {}, "orders": [], **errors("InternalFailure")}), Unavailable),
    "200 nested too deep": (answer(200, '{"order": ' + "[" * 100_000), Unavailable),
    "400 nested too deep": (answer(400, "[" * 100_000), Refused),
    "200 latin-1": (httpx.Response(200, content=b'{"order": "\xff\xfe'), Unavailable),
    "no connection": (httpx.ConnectError(LEAK), Unavailable),
    "connect time-out": (httpx.ConnectTimeout(LEAK), Unavailable),
    "read time-out": (httpx.ReadTimeout(LEAK), Unavailable),
    "connection lost": (httpx.RemoteProtocolError(LEAK), Unavailable),
    "undecodable": (httpx.DecodingError(LEAK), Unavailable),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_answer_is_the_right_error(call: str, shape: str) -> None:
    """Without its orders a seller cannot be served at all; anything else that is denied is one thing that fails."""
    answered, expected = SHAPES[shape]
    denied = isinstance(answered, httpx.Response) and answered.status_code in {401, 403}
    if denied and call == "searchOrders":
        expected = NotAllowed
    wire = Wire([answered])
    with pytest.raises(BridgeError) as error:
        CALLS[call](wire.client)
    assert type(error.value) is expected
    assert len(wire.requests) == (2 if denied else 1)
    if isinstance(error.value, Refused):
        assert (error.value.code == DENIED) == denied
    assert "canary" not in "".join(traceback.format_exception(error.value))
    assert "canary" not in repr(error.value)


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("searchOrders", {}),
        ("searchOrders", {"orders": None}),
        ("searchOrders", {"orders": {}}),
        ("searchOrders", {"payload": {"Orders": []}}),
        ("searchOrders", {"orders": [], "pagination": ["t"]}),
        ("searchOrders", {"orders": [], "pagination": "t"}),
        ("searchOrders", {"orders": [], "pagination": {"nextToken": 1.5}}),
        ("searchOrders", {"orders": [], "pagination": {"nextToken": {"t": "t"}}}),
        ("getMarketplaceParticipations", {}),
        ("getMarketplaceParticipations", {"payload": {}}),
        ("confirmShipment", {"message": "maintenance"}),
    ],
)
def test_another_object_than_expected_is_no_empty_answer(call: str, body: dict[str, Any]) -> None:
    with pytest.raises(Unavailable):
        CALLS[call](Wire([answer(200, body)]).client)


@pytest.mark.parametrize("pagination", [None, {}, [], "", {"nextToken": None}, {"nextToken": ""}])
def test_a_page_without_a_token_is_the_last(pagination: Any) -> None:
    page = CALLS["searchOrders"](Wire([answer(200, {"orders": [], "pagination": pagination})]).client)
    assert page.next_token is None


@pytest.mark.parametrize("body", [{}, {"order": None}, {"order": []}, {"order": {"orderId": "1"}}])
def test_an_order_that_cannot_be_read_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="cannot be understood"):
        CALLS["getOrder"](Wire([answer(200, body)]).client)


@pytest.mark.parametrize("order", [{}, {"orderId": ""}, {"orderId": 7}, {"orderId": "a/b"}, {"orderId": "x" * 41}, "x"])
def test_an_order_without_an_id_in_a_search_is_not_passed_over(order: Any) -> None:
    with pytest.raises(Unavailable, match="without an id"):
        CALLS["searchOrders"](Wire([answer(200, {"orders": [order]})]).client)


def test_marketplaces_that_the_region_does_not_serve_are_left_out() -> None:
    ids = ["A1PA6795UKMFR9", "ATVPDKIKX0DER", "A38D8NSA03LJTC", "A1F83G8C2ARO7P"]
    found = [{"marketplace": {"id": name}, "participation": {"isParticipating": True}} for name in ids]
    wire = Wire([answer(200, {"payload": found})])
    assert sellers_v1.marketplaces(wire.client, SELLER) == ("A1PA6795UKMFR9", "A1F83G8C2ARO7P")


def test_no_content_is_no_order() -> None:
    for call in ("getOrder", "searchOrders", "getMarketplaceParticipations"):
        with pytest.raises(BridgeError):
            CALLS[call](Wire([answer(204)]).client)


def test_a_refusal_carries_amazons_code() -> None:
    with pytest.raises(Refused, match=r"confirmShipment: 400 PackageToUpdateNotFound \(request req-1\)") as refused:
        CALLS["confirmShipment"](Wire([answer(400, errors("PackageToUpdateNotFound"))]).client)
    assert refused.value.code == "PackageToUpdateNotFound"


@pytest.mark.parametrize("body", ["", "x", {}, {"errors": []}, {"errors": {}}, {"errors": [{}]}, {"errors": ["x"]}])
def test_a_refusal_without_a_code_says_so(body: Any) -> None:
    with pytest.raises(Refused, match="400 without a code"):
        CALLS["confirmShipment"](Wire([answer(400, body)]).client)


@pytest.mark.parametrize(("call", "seconds"), [("getOrder", 2), ("confirmShipment", 0.5), ("searchOrders", 60)])
def test_a_429_is_tried_again_when_a_token_may_be_there(call: str, seconds: float) -> None:
    with pytest.raises(Throttled) as throttled:
        CALLS[call](Wire([answer(429, errors("QuotaExceeded"))]).client)
    assert throttled.value.until == START + timedelta(seconds=seconds)
    assert throttled.value.slot is None


def test_long_codes_and_request_ids_are_cut() -> None:
    with pytest.raises(Refused) as refused:
        CALLS["confirmShipment"](Wire([answer(400, errors("x" * 5000), **{"x-amzn-requestid": "y" * 5000})]).client)
    assert len(str(refused.value)) < 250
