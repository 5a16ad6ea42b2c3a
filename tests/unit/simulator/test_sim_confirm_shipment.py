"""What Amazon accepts as a shipment confirmation, and what becomes of the order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from local.simulator.exchange import Response
from tests.unit.simulator.market import DE, START, Market


def code(response: Response) -> str:
    found: str = response.body["errors"][0]["code"]
    return found


def test_complete_shipment(market: Market) -> None:
    order_id = market.place()
    market.advance(60)
    assert market.confirm(order_id, carrierCode="Other", carrierName="Bike", shippingMethod="Night").status == 204
    order = market.get_order(order_id, "FULFILLMENT", "PACKAGES")
    assert order["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
    assert order["orderItems"][0]["fulfillment"] == {"quantityFulfilled": 3, "quantityUnfulfilled": 0}
    [package] = order["packages"]
    assert (package["packageReferenceId"], package["carrier"], package["trackingNumber"]) == ("1", "Bike", "1Z999")
    assert order["lastUpdatedTime"] == "2026-11-24T09:01:00.000Z"


def test_two_packages_then_no_third(market: Market) -> None:
    order_id = market.place()
    item_id = market.world.orders[order_id].items[0].item_id
    assert market.confirm(order_id, quantities={item_id: 1}).status == 204
    assert market.read(f"orders/{order_id}")["status"] == "PARTIALLY_SHIPPED"
    assert code(market.confirm(order_id, quantities={item_id: 3}, packageReferenceId="2")) == "InvalidInput"
    assert market.confirm(order_id, quantities={item_id: 2}, packageReferenceId="2").status == 204
    assert market.read(f"orders/{order_id}")["status"] == "SHIPPED"
    late = market.confirm(order_id, quantities={item_id: 1}, packageReferenceId="3")
    assert (late.status, code(late)) == (400, "PackageToUpdateNotFound")


def test_the_same_reference_is_an_edit(market: Market) -> None:
    order_id = market.place()
    assert market.confirm(order_id).status == 204
    assert market.confirm(order_id, trackingNumber="1Z111").status == 204
    truth = market.read(f"orders/{order_id}")
    [package] = truth["packages"]
    assert (package["tracking"], package["confirmations"]) == ("1Z111", 2)
    assert market.confirm(order_id, trackingNumber="1Z111").status == 204
    assert market.read(f"orders/{order_id}")["updated"] == truth["updated"]


def test_an_edit_may_make_the_order_partial_again(market: Market) -> None:
    order_id = market.place()
    item_id = market.world.orders[order_id].items[0].item_id
    market.confirm(order_id)
    assert market.confirm(order_id, quantities={item_id: 2}).status == 204
    assert market.read(f"orders/{order_id}")["status"] == "PARTIALLY_SHIPPED"


@pytest.mark.parametrize(
    "changes",
    [
        {"packageReferenceId": 1},
        {"packageReferenceId": "P-1"},
        {"packageReferenceId": "0"},
        {"packageReferenceId": None},
        {"carrierCode": None},
        {"carrierCode": "Other"},
        {"trackingNumber": ""},
        {"shipDate": "02/21/2022"},
        {"shipDate": "2026-11-24T09:00:00"},
        {"shipDate": (START + timedelta(seconds=1)).isoformat()},
        {"shipDate": (START - timedelta(seconds=1)).isoformat()},
        {"orderItems": []},
        {"orderItems": [{"orderItemId": "123", "quantity": 1}]},
        {"quantities": {"unknown": 1}},
        {"marketplace": DE},
    ],
    ids=str,
)
def test_refused(market: Market, changes: dict[str, Any]) -> None:
    order_id = market.place()
    refused = market.confirm(order_id, **changes)
    assert (refused.status, code(refused)) == (400, "InvalidInput")
    assert market.read(f"orders/{order_id}")["status"] == "UNSHIPPED"
    assert market.read("figures")["confirmations"] == {}


@pytest.mark.parametrize("quantity", [0, -1, "1", True, 1.5, None])
def test_quantities_are_positive_integers(market: Market, quantity: object) -> None:
    order_id = market.place()
    item_id = market.world.orders[order_id].items[0].item_id
    refused = market.confirm(order_id, orderItems=[{"orderItemId": item_id, "quantity": quantity}])
    assert refused.status == 400


def test_orders_that_cannot_be_shipped(market: Market) -> None:
    pending = market.place(pending_s=None)
    assert market.confirm(pending).status == 400
    cancelled = market.place()
    market.admin(f"orders/{cancelled}/cancel")
    assert market.confirm(cancelled).status == 400
    amazons = market.place(fulfilled_by="AMAZON")
    assert market.confirm(amazons).status == 400


def test_another_sellers_order_does_not_exist(market: Market) -> None:
    order_id = market.place()
    path = f"/orders/v0/orders/{order_id}/shipmentConfirmation"
    assert market.call("POST", path, token=market.token("A1EU"), body={}).status == 404
