"""Orders on their way in: into the ERP once, or never, or held, or laid before a human."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.domain.money import Money
from local.simulator.remote import DIRECT_TO_CONSUMER, ORDER_TRACKING
from tests.e2e.stage import AMERICA, PATIENCE_S, UK, US, Stage, until

pytestmark = pytest.mark.emulator


def test_one_order_through_everything(stage: Stage) -> None:
    name = "Łucja 佐藤 Ωμέγα عمر"
    items = [
        {"sku": "SKU-0001", "quantity": 3, "unit_price": "19.99", "discount": "3.33"},
        {"sku": "SKU-0002", "quantity": 1, "unit_price": "7.05", "gift_wrap": True},
    ]
    order = stage.order(items=items, shipping="4.90", name=name)
    sale = stage.handed(order)
    person = stage.amazon.order(order.order_id)["person"]
    assert sale.total == Money(order.grand_total, order.currency)
    assert sale.customer.encode() == person["name"].encode()
    assert sale.customer.startswith(name)
    assert sale.address[2].split("\n")[:2] == [person["line1"], person["line2"]]
    assert sale.address[3:] == (person["city"], person["postal_code"], person["country"])
    assert {(code, quantity) for code, quantity, _, _ in sale.lines} >= {("SKU-0001", 3), ("SKU-0002", 1)}
    assert [entry["status"] for entry in stage.reads(order)] == [200]
    stage.warehouse.ship(order.order_id, "DHL", "JJD000390007882301111")
    package = stage.confirmed(order, "JJD000390007882301111")["JJD000390007882301111"]
    assert sorted(package["quantities"].values()) == [1, 3]
    assert package["carrier_code"] == "DHL"
    assert package["confirmations"] == 1
    assert stage.amazon.order(order.order_id)["status"] == "SHIPPED"
    assert stage.happened(order, "Amazon shows the tracking")["steps"] >= {
        "notification came in",
        "read from Amazon",
        "order in the ERP",
        "shipment reported by the ERP",
        "tracking confirmed at Amazon",
    }


@pytest.mark.parametrize("marketplace", [UK, US])
def test_totals_are_equal_to_the_cent_in_every_marketplace(stage: Stage, marketplace: str) -> None:
    items = [{"sku": "SKU-0003", "quantity": 7, "unit_price": "10.01", "discount": "0.05"}]
    order = stage.order(items=items, marketplace=marketplace, shipping="3.07")
    assert stage.handed(order).total == Money(order.grand_total, order.currency)


def test_an_order_that_amazon_fulfils_never_reaches_the_erp(stage: Stage) -> None:
    order = stage.order(fulfilled_by="AMAZON")
    seen = stage.happened(order, "read from Amazon")
    assert (seen["fulfilled_by"], seen["erp"], seen["open"]) == ("AMAZON", "", [])
    assert stage.warehouse.sales(order.order_id) == []


def test_an_order_cancelled_before_hand_over_costs_no_call_and_makes_nothing_in_the_erp(stage: Stage) -> None:
    order = stage.order(pending_s=None)
    stage.happened(order, "notification came in")
    stage.amazon.cancel(order.order_id)

    def look() -> dict[str, Any] | None:
        stage.sweep("SweepsOrders")
        seen = stage.timeline(order)
        return seen if seen["status"] == "CANCELLED" and not seen["open"] else None

    seen = until("the search that shows the cancellation", look, patience_s=3 * PATIENCE_S, every_s=5)
    assert seen["erp"] == ""
    assert stage.warehouse.sales(order.order_id) == []
    assert stage.reads(order) == []
    told = [(hint["status"], hint["calls"]) for hint in stage.notes("hint") if hint["order"] == order.order_id]
    assert ("CANCELLED", "") in told


def test_an_order_cancelled_after_hand_over_is_cancelled_in_the_erp(stage: Stage) -> None:
    order = stage.order()
    stage.handed(order)
    stage.amazon.cancel(order.order_id)
    assert stage.happened(order, "cancelled in the ERP")["problem"] == ""
    (sale,) = stage.warehouse.sales(order.order_id)
    assert {state for _, state in sale.shipments} == {"cancelled"}


def test_a_buyer_who_asks_to_cancel_keeps_the_order_from_shipping(stage: Stage) -> None:
    order = stage.order()
    stage.handed(order)
    stage.amazon.request_cancel(order.order_id)
    stage.happened(order, "held in the ERP: the buyer asked to cancel")
    (sale,) = stage.warehouse.sales(order.order_id)
    assert {state for _, state in sale.shipments} == {"draft"}
    assert order.order_id not in {waiting.order_id for waiting in stage.warehouse.to_ship()}


def test_an_unknown_sku_is_laid_before_a_human(stage: Stage) -> None:
    order = stage.order("SKU-0001", "SKU-9999")
    parked = until("it parked", lambda: stage.parked(order.order_id))
    assert "SKU-9999" in parked["reason"]
    assert stage.warehouse.sales(order.order_id) == []


def test_a_missing_role_is_named_and_the_order_goes_on_once_it_is_granted(stage: Stage) -> None:
    stage.amazon.add_seller(AMERICA, "na", marketplace_ids=[US], roles=[ORDER_TRACKING])
    try:
        order = stage.order(marketplace=US)
        parked = until("it parked", lambda: stage.parked(order.order_id))
    finally:
        stage.amazon.add_seller(AMERICA, "na", marketplace_ids=[US])
    assert DIRECT_TO_CONSUMER in parked["reason"]
    assert stage.warehouse.sales(order.order_id) == []
    status, answers = stage.bridge("parked", "retry", str(parked["number"]))
    assert (status, [answer["result"] for answer in answers]) == (0, ["on its way"])
    stage.handed(order)
    assert stage.parked(order.order_id) is None


def test_notifications_that_come_twice_late_or_in_the_wrong_order_make_one_document(stage: Stage) -> None:
    twice = stage.order(delivery={"duplicate": 3})
    late = stage.order(delivery={"delay_s": 6})
    turned = stage.order(pending_s=None, delivery={"reorder": True})
    stage.amazon.release(turned.order_id)
    for order in (twice, late, turned):
        stage.handed(order)

    def all_sent() -> bool:
        ours = {order.order_id for order in (twice, late, turned)}
        told = [entry for entry in stage.amazon.notifications() if entry["order_id"] in ours]
        return len(told) >= 4 and all(len(entry["sent_at"]) == 1 + entry["duplicates"] for entry in told)

    until("every notification sent", all_sent)
    for order in (twice, late, turned):
        assert len(stage.warehouse.sales(order.order_id)) == 1
        assert len(stage.reads(order)) == 1


def test_a_lost_notification_is_found_by_the_scheduled_sweep(stage: Stage) -> None:
    order = stage.order(delivery={"lose": True})
    until("its sale", lambda: stage.warehouse.sales(order.order_id), patience_s=PATIENCE_S + 60)
    assert stage.handed(order).total == Money(order.grand_total, order.currency)
    assert {entry["outcome"] for entry in stage.amazon.notifications() if entry["order_id"] == order.order_id} == {
        "lost"
    }
    assert "notification came in" not in stage.timeline(order)["steps"]
