"""What is sent to Amazon, when, and with which token."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import BridgeError, Misconfigured, NotAllowed, Refused, Throttled, Unavailable
from bridge.domain.ids import EU, FE, NA, MarketplaceId, OrderId, OrderItemId, OrderKey, Region, Seller, SellerId
from bridge.domain.pacing import User
from bridge.domain.parcels import Confirmation
from bridge.spapi.amazon import Amazon
from bridge.spapi.client import DENIED, USER_AGENT
from bridge.spapi.orders_2026_01_01 import GET_ORDER, SEARCH_ORDERS
from bridge.spapi.orders_v0 import CONFIRM_SHIPMENT
from tests.fakes.world import DE, SELLER, START
from tests.unit.bridge.wire import TOKEN, Wire, answer, errors

KEY = OrderKey(*SELLER, OrderId("305-0000001-0000001"))
ADDRESS = {"name": "Anna", "addressLine1": "Weg 1", "city": "Köln", "countryCode": "DE"}


def order(order_id: str = KEY.order_id) -> dict[str, Any]:
    return {
        "orderId": order_id,
        "createdTime": "2026-11-24T08:58:00Z",
        "lastUpdatedTime": "2026-11-24T08:59:00Z",
        "salesChannel": {"marketplaceId": DE},
        "recipient": {"deliveryAddress": ADDRESS},
        "orderItems": [],
    }


def read(wire: Wire, *, recipient: bool = False, slot: datetime | None = None) -> Any:
    return Amazon(wire.client, may_ask_recipient=True).get_order(KEY, recipient=recipient, slot=slot)


def test_a_read_asks_for_facts_only() -> None:
    wire = Wire([answer(200, {"order": order()})])
    reading = read(wire)
    (request,) = wire.requests
    assert (request.method, request.url.path) == ("GET", f"/orders/2026-01-01/orders/{KEY.order_id}")
    assert request.url.params["includedData"] == "CANCELLATION,FULFILLMENT,PACKAGES,PROCEEDS"
    assert reading.order.order_id == KEY.order_id
    assert reading.recipient is None


def test_the_erp_lane_asks_for_the_recipient() -> None:
    wire = Wire([answer(200, {"order": order()})])
    assert read(wire, recipient=True).recipient.name == "Anna"
    assert {"BUYER", "RECIPIENT"} < set(wire.requests[0].url.params["includedData"].split(","))


def test_no_other_function_can_ask_for_the_recipient() -> None:
    wire = Wire([answer(200, {"order": order()})])
    with pytest.raises(Misconfigured, match="may not ask"):
        Amazon(wire.client, may_ask_recipient=False).get_order(KEY, recipient=True)
    assert wire.requests == []
    assert wire.pacer.reserved == []


def test_another_order_than_the_one_asked_for_is_not_taken() -> None:
    with pytest.raises(Unavailable, match="another order"):
        read(Wire([answer(200, {"order": order("305-9")})]))


def test_a_request_says_who_asks() -> None:
    wire = Wire([answer(200, {"order": order()})])
    read(wire)
    (request,) = wire.requests
    assert request.headers["x-amz-access-token"] == f"{TOKEN}-1"
    assert request.headers["user-agent"] == USER_AGENT
    assert request.headers["user-agent"].startswith("spapi-bridge/")


@pytest.mark.parametrize(("region", "host"), [(NA, "na"), (EU, "eu"), (FE, "fe")])
def test_each_region_has_its_endpoint(region: Region, host: str) -> None:
    wire = Wire([answer(200, {})])
    wire.client.call(GET_ORDER, Seller(region, SellerId("A3")), path={"orderId": "1"})
    assert str(wire.requests[0].url).startswith(f"https://sellingpartnerapi-{host}.amazon.com/orders/")


def test_an_endpoint_of_the_settings_replaces_amazons() -> None:
    wire = Wire([answer(200, {})], endpoint="http://127.0.0.1:9")
    wire.client.call(GET_ORDER, SELLER, path={"orderId": "1"})
    assert str(wire.requests[0].url) == "http://127.0.0.1:9/orders/2026-01-01/orders/1"


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
    | st.sampled_from(["../../x", "a/b?c#d", "%2e%2e", ";"])
)
def test_an_odd_id_stays_one_part_of_the_path(order_id: str) -> None:
    wire = Wire([answer(200, {})])
    wire.client.call(GET_ORDER, SELLER, path={"orderId": order_id})
    url = wire.requests[0].url
    raw = url.raw_path.decode()
    assert raw.startswith("/orders/2026-01-01/orders/")
    if order_id not in {".", ".."}:
        assert raw.count("/") == 4
    assert url.query == b""
    assert url.host == "sellingpartnerapi-eu.amazon.com"


def test_a_search_has_no_upper_bound_and_goes_on_from_its_token() -> None:
    pages = [
        {"orders": [order("301")], "pagination": {"nextToken": "t+/="}},
        {"orders": [order("302"), {"orderId": "303-3"}]},
    ]
    clock = {"date": "Tue, 24 Nov 2026 09:00:07 GMT"}
    wire = Wire([answer(200, page, **clock) for page in pages])
    amazon = Amazon(wire.client, may_ask_recipient=False)
    markets = [DE, MarketplaceId("A1F83G8C2ARO7P")]
    first = amazon.search_orders(SELLER, markets, updated_after=START, token=None)
    second = amazon.search_orders(SELLER, markets, updated_after=START, token=first.next_token)
    assert dict(wire.requests[0].url.params) == {
        "lastUpdatedAfter": "2026-11-24T09:00:00Z",
        "marketplaceIds": "A1PA6795UKMFR9,A1F83G8C2ARO7P",
        "maxResultsPerPage": "100",
        "includedData": "CANCELLATION,FULFILLMENT,PACKAGES,PROCEEDS",
    }
    assert wire.requests[1].url.params["paginationToken"] == "t+/="
    assert [o.order_id for o in (*first.orders, *second.orders)] == ["301", "302"]
    assert (second.unreadable, second.next_token) == (("303-3",), None)
    assert first.server_time == datetime(2026, 11, 24, 9, 0, 7, tzinfo=UTC)


def test_the_same_page_again_is_no_page() -> None:
    wire = Wire([answer(200, {"orders": [], "pagination": {"nextToken": "t"}})])
    with pytest.raises(Unavailable, match="same page token"):
        Amazon(wire.client, may_ask_recipient=False).search_orders(SELLER, [DE], updated_after=START, token="t")


IMPOSSIBLE = "Tue, 24 Nov 99999999999999999999 09:00:00 GMT"
YEARS_AWAY = "Mon, 01 Jan 9999 00:00:00 -2300"
LAST_MONTH = "Sat, 24 Oct 2026 09:00:00 GMT"


@pytest.mark.parametrize("date", ["", "yesterday", "2026-11-24", IMPOSSIBLE, YEARS_AWAY, LAST_MONTH])
def test_without_amazons_clock_ours_is_taken(date: str) -> None:
    """Also when it cannot be right: a cursor that followed it would pass over orders."""
    assert server_time(date) == START


@pytest.mark.parametrize("date", ["Tue, 24 Nov 2026 09:00:07 -0000", "Tue, 24 Nov 2026 09:00:07"])
def test_amazons_clock_without_a_zone_is_utc(date: str) -> None:
    assert server_time(date) == datetime(2026, 11, 24, 9, 0, 7, tzinfo=UTC)


def server_time(date: str) -> datetime:
    wire = Wire([answer(200, {"orders": []}, **({"date": date} if date else {}))])
    amazon = Amazon(wire.client, may_ask_recipient=False)
    return amazon.search_orders(SELLER, [DE], updated_after=START, token=None).server_time


def confirmed(**changes: Any) -> tuple[httpx.Request, dict[str, Any]]:
    at = datetime(2026, 11, 24, 8, 0, 0, 123456, UTC)
    parcel = {"carrier_code": "DHL", "carrier_name": None, "shipping_method": "", **changes}
    said = Confirmation(
        marketplace=DE, reference=7, tracking="T1", shipped_at=at, lines=((OrderItemId("i"), 2),), **parcel
    )
    wire = Wire([answer(204)])
    Amazon(wire.client, may_ask_recipient=False).confirm_shipment(KEY, said)
    return wire.requests[0], json.loads(wire.requests[0].content)


def test_a_confirmation_as_amazon_wants_it() -> None:
    request, body = confirmed()
    assert (request.method, request.url.path) == ("POST", f"/orders/v0/orders/{KEY.order_id}/shipmentConfirmation")
    assert body == {
        "marketplaceId": DE,
        "packageDetail": {
            "packageReferenceId": "7",
            "carrierCode": "DHL",
            "trackingNumber": "T1",
            "shipDate": "2026-11-24T08:00:00.123Z",
            "orderItems": [{"orderItemId": "i", "quantity": 2}],
        },
    }


def test_an_unknown_carrier_goes_by_its_name() -> None:
    _, body = confirmed(carrier_code="Other", carrier_name="Bote", shipping_method="Express")
    assert body["packageDetail"]["carrierCode"] == "Other"
    assert body["packageDetail"]["carrierName"] == "Bote"
    assert body["packageDetail"]["shippingMethod"] == "Express"


def test_a_token_that_is_refused_is_renewed_once() -> None:
    wire = Wire([answer(403, errors("Unauthorized")), answer(200, {"order": order()})])
    assert read(wire).order.order_id == KEY.order_id
    assert [fresh for _, fresh in wire.tokens.asked] == [False, True]
    assert [request.headers["x-amz-access-token"] for request in wire.requests] == [f"{TOKEN}-1", f"{TOKEN}-2"]
    assert len(wire.pacer.reserved) == 1


def test_what_is_refused_to_a_fresh_token_is_not_asked_a_third_time() -> None:
    wire = Wire([answer(403, errors("Unauthorized"))])
    with pytest.raises(Refused, match="role granted") as refused:
        read(wire)
    assert refused.value.code == DENIED
    assert len(wire.requests) == 2


def test_a_seller_whose_orders_are_denied_needs_consent() -> None:
    wire = Wire([answer(403, errors("Unauthorized"))])
    with pytest.raises(NotAllowed, match="role granted"):
        Amazon(wire.client, may_ask_recipient=False).search_orders(SELLER, [DE], updated_after=START, token=None)


@pytest.mark.parametrize("status", [200, 403, 500])
def test_no_cookie_is_ever_sent_back(status: int) -> None:
    cookie = {"set-cookie": "session=canary; Path=/"}
    wire = Wire([answer(status, {"order": order()}, **cookie)] * 4)
    for seller in ("A3ONE", "A3TWO"):
        with suppress(BridgeError):
            wire.client.call(GET_ORDER, Seller(EU, SellerId(seller)), path={"orderId": "1"})
    assert len(wire.requests) >= 2
    assert not [request for request in wire.requests if "cookie" in request.headers]


@pytest.mark.parametrize(("wait", "sleeps"), [(0.0, 0.0), (0.4, 0.4), (1.0, 1.0)])
def test_a_slot_that_is_near_is_waited_for(wait: float, sleeps: float) -> None:
    wire = Wire([answer(200, {"order": order()})])
    wire.pacer.away = timedelta(seconds=wait)
    read(wire)
    assert wire.clock.now() - START == timedelta(seconds=sleeps)


def test_a_slot_that_is_far_is_kept_for_later_and_nothing_is_sent() -> None:
    wire = Wire([answer(200, {"order": order()})])
    wire.pacer.away = timedelta(seconds=1.5)
    with pytest.raises(Throttled) as throttled:
        read(wire)
    assert throttled.value.slot == throttled.value.until == START + timedelta(seconds=1.5)
    assert throttled.value.operation == "getOrder"
    assert wire.requests == []
    assert wire.tokens.asked == []
    assert wire.clock.now() == START


def test_a_reserved_slot_is_used_and_none_taken_again() -> None:
    wire = Wire([answer(200, {"order": order()})])
    read(wire, slot=START + timedelta(seconds=0.5))
    assert wire.pacer.reserved == []
    assert wire.clock.now() == START + timedelta(seconds=0.5)


def test_a_message_that_comes_before_its_slot_waits_on() -> None:
    slot = START + timedelta(seconds=20)
    with pytest.raises(Throttled) as throttled:
        read(Wire([answer(200, {"order": order()})]), slot=slot)
    assert throttled.value.slot == slot


@pytest.mark.parametrize(
    ("operation", "late", "again"),
    [
        (GET_ORDER, 29, False),
        (GET_ORDER, 31, True),
        (CONFIRM_SHIPMENT, 4, False),
        (CONFIRM_SHIPMENT, 6, True),
        (SEARCH_ORDERS, 31, True),
    ],
)
def test_a_slot_that_is_long_over_is_void(operation: Any, late: float, again: bool) -> None:
    """After min(burst / rate, 30 s): late calls must not pile up on top of a full bucket."""
    wire = Wire([answer(200, {})])
    wire.client.call(operation, SELLER, path={"orderId": "1"}, slot=START - timedelta(seconds=late))
    assert bool(wire.pacer.reserved) == again


def test_a_search_takes_a_slot_that_is_free_now_or_none() -> None:
    wire = Wire([answer(200, {"orders": []})])
    Amazon(wire.client, may_ask_recipient=False).search_orders(SELLER, [DE], updated_after=START, token=None)
    assert wire.pacer.reserved == [("searchOrders", User.SWEEP)]
