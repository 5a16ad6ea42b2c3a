"""Orders: amounts, sections, personal data by role, versions, repeatability."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.simulator.market import DE, GB, JP, US, Market

EVERYTHING = (
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
)
BASKET = [
    {"sku": "MUG", "quantity": 3, "unit_price": "9.99", "gift_wrap": True, "discount": "2.5"},
    {"sku": "TEA", "quantity": 1, "unit_price": "4.35"},
    {"sku": "POT", "quantity": 2},
]
SELLERS = {US: "A1NA", DE: "A1EU", GB: "A1EU", JP: "A1FE"}


def amounts(holder: Any) -> dict[str, Decimal]:
    return {part["type"]: Decimal(part["subtotal"]["amount"]) for part in holder["breakdowns"]}


@pytest.mark.parametrize("marketplace", [US, DE, GB, JP])
def test_amounts_add_up(market: Market, marketplace: str) -> None:
    order_id = market.place(marketplace, items=BASKET, shipping="5.00")
    order = market.get_order(order_id, "PROCEEDS", seller=SELLERS[marketplace])
    total = Decimal(order["proceeds"]["grandTotal"]["amount"])
    assert total == sum(amounts(order["proceeds"]).values())
    assert total == sum(Decimal(item["proceeds"]["proceedsTotal"]["amount"]) for item in order["orderItems"])
    for item in order["orderItems"]:
        parts = amounts(item["proceeds"])
        assert sum(parts.values()) == Decimal(item["proceeds"]["proceedsTotal"]["amount"])
        assert parts["ITEM"] == item["quantityOrdered"] * Decimal(item["product"]["price"]["unitPrice"]["amount"])
        for part in item["proceeds"]["breakdowns"]:
            if "detailedBreakdowns" in part:
                details = sum(Decimal(detail["value"]["amount"]) for detail in part["detailedBreakdowns"])
                assert details == Decimal(part["subtotal"]["amount"])
    assert amounts(order["proceeds"])["DISCOUNT"] < 0
    assert total == Decimal(market.read(f"orders/{order_id}")["grand_total"])


def test_tax_is_added_in_the_us_and_included_in_europe(market: Market) -> None:
    american = market.get_order(market.place(US), "PROCEEDS", "TAX")
    assert amounts(american["proceeds"])["TAX"] > 0
    assert american["orderItems"][0]["tax"]["taxCollections"][0]["model"] == "MARKETPLACE_FACILITATOR"
    german = market.get_order(market.place(DE), "PROCEEDS", "TAX", seller="A1EU")
    assert "TAX" not in amounts(german["proceeds"])
    british = market.get_order(market.place(GB), "PROCEEDS", seller="A1EU")
    assert amounts(british["proceeds"])["TAX"] == 0


def test_sections_are_there_when_asked_for(market: Market) -> None:
    order_id = market.place(items=BASKET)
    bare = market.get_order(order_id)
    assert not {"buyer", "recipient", "proceeds", "fulfillment", "packages", "tax", "payment"} & set(bare)
    assert set(bare["orderItems"][0]) == {"orderItemId", "quantityOrdered", "product"}
    full = market.get_order(order_id, *EVERYTHING)
    assert {"buyer", "recipient", "proceeds", "fulfillment", "tax", "payment"} <= set(full)
    told = market.call("GET", f"/orders/2026-01-01/orders/{order_id}", {"includedData": "SECRETS"})
    assert told.status == 400


def test_personal_data_needs_the_role(market: Market) -> None:
    order_id = market.place(items=BASKET, name="山田太郎")
    person = market.read(f"orders/{order_id}")["person"]
    order = market.get_order(order_id, *EVERYTHING)
    assert order["recipient"]["deliveryAddress"]["name"] == person["name"] == f"山田太郎 {market.world.canary}"
    assert order["buyer"]["buyerEmail"] == person["buyer_email"]
    assert order["orderItems"][0]["fulfillment"]["packing"]["giftOption"]["giftMessage"] == person["gift_message"]
    roles = ["Inventory and Order Tracking"]
    market.admin("sellers", seller_id="A1NA", region="na", marketplace_ids=[US], roles=roles)
    without = market.get_order(order_id, *EVERYTHING)
    assert not {"buyer", "recipient"} & set(without)
    assert market.world.canary not in str(without)


@pytest.mark.parametrize("wish", [{"pending_s": None}, {"fulfilled_by": "AMAZON"}], ids=str)
def test_no_personal_data_before_payment_and_in_amazons_own_orders(market: Market, wish: dict[str, Any]) -> None:
    order_id = market.place(**wish)
    assert market.world.canary not in str(market.get_order(order_id, *EVERYTHING))


def test_cancelled_orders_lose_the_recipient(market: Market) -> None:
    order_id = market.place()
    market.admin(f"orders/{order_id}/cancel", by="MERCHANT")
    order = market.get_order(order_id, *EVERYTHING)
    assert "recipient" not in order
    assert order["orderItems"][0]["cancellation"]["cancellationExecution"]["cancelledBy"] == "MERCHANT"


def test_pending_orders_have_no_amounts_until_they_are_released(market: Market) -> None:
    timed, manual = market.place(pending_s=30), market.place(pending_s=None)
    assert "proceeds" not in market.get_order(timed, *EVERYTHING)
    market.advance(30)
    assert market.get_order(timed, *EVERYTHING)["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"
    assert market.get_order(manual, *EVERYTHING)["fulfillment"]["fulfillmentStatus"] == "PENDING"
    market.admin(f"orders/{manual}/release")
    assert "proceeds" in market.get_order(manual, *EVERYTHING)
    assert market.admin_response(f"orders/{manual}/release").status == 400


def test_versions_only_grow_even_when_time_stands_still(market: Market) -> None:
    order_id = market.place()
    versions = [market.get_order(order_id)["lastUpdatedTime"]]
    for _ in range(3):
        market.admin(f"orders/{order_id}/touch")
        versions.append(market.get_order(order_id)["lastUpdatedTime"])
    assert versions == [f"2026-11-24T09:00:00.00{n}Z" for n in range(4)]


def test_touch_shows_what_nobody_expects(market: Market) -> None:
    order_id = market.place()
    shown = {"fulfillmentStatus": "LEVITATING", "newField": {"a": 1}, "orderItems": [{"product": {"sellerSku": None}}]}
    market.admin(f"orders/{order_id}/touch", set=shown)
    order = market.get_order(order_id, "FULFILLMENT")
    assert order["fulfillment"]["fulfillmentStatus"] == "LEVITATING"
    assert order["newField"] == {"a": 1}
    assert "sellerSku" not in order["orderItems"][0]["product"]


def test_the_buyer_asks_to_cancel(market: Market) -> None:
    order_id = market.place()
    market.admin(f"orders/{order_id}/request-cancel", reason="TOO_LATE")
    order = market.get_order(order_id, "CANCELLATION", "FULFILLMENT")
    wanted = {"requester": "BUYER", "cancelReason": "TOO_LATE"}
    assert order["orderItems"][0]["cancellation"] == {"cancellationRequest": wanted}
    assert order["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"


def test_amazon_ships_its_own(market: Market) -> None:
    order_id = market.place(fulfilled_by="AMAZON")
    market.admin(f"orders/{order_id}/ship")
    assert market.get_order(order_id, "FULFILLMENT")["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
    assert market.admin_response(f"orders/{market.place()}/ship").status == 400


def story(seed: int) -> tuple[Any, ...]:
    market = Market(seed)
    market.subscribe("A1NA", "A1EU")
    placed = [market.place(US, items=BASKET), market.place(DE, name="Ö"), market.place(GB)]
    market.confirm(placed[0])
    market.advance(10)
    return [market.read(f"orders/{order_id}") for order_id in placed], market.posted, market.read("canaries")


def test_same_seed_same_story() -> None:
    assert story(5) == story(5)
    assert story(5) != story(6)


def test_every_personal_value_carries_the_canary(market: Market) -> None:
    for place in (US, DE, GB, JP):
        for _ in range(20):
            market.place(place)
    told = market.read("canaries")
    for field, values in told["fields"].items():
        if field != "client_secret":
            assert all(told["canary"].lower() in value.lower() for value in values), field
    assert len(set(told["postal_codes"])) == 80


def test_unknown_orders(market: Market) -> None:
    assert market.call("GET", "/orders/2026-01-01/orders/111-0000000-0000000").status == 404
    assert market.call("GET", "/orders/2026-01-01/orders/nonsense").status == 400
    other = market.place(DE)
    assert market.call("GET", f"/orders/2026-01-01/orders/{other}").status == 404


@pytest.mark.parametrize(
    "wish",
    [
        {"items": []},
        {"items": [{"sku": "MUG", "quantity": 0}]},
        {"items": [{"sku": "MUG", "unit_price": "dear"}]},
        {"items": [{"sku": "MUG", "unit_price": "-1"}]},
        {"fulfilled_by": "NOBODY"},
        {"seller_id": "STRANGER"},
        {"marketplace_id": DE},
        {"delivery": {"lost": True}},
    ],
    ids=str,
)
def test_impossible_wishes(market: Market, wish: dict[str, Any]) -> None:
    asked = {"seller_id": "A1NA", "marketplace_id": US, "items": [{"sku": "MUG", "quantity": 1}], **wish}
    assert market.admin_response("orders", **asked).status == 400
    assert market.read("orders") == []
