"""Parcels on their way out: every one told to Amazon once, as often corrected as it changes."""

from __future__ import annotations

import pytest

from tests.e2e.stage import Stage, until

pytestmark = pytest.mark.emulator


def test_partial_and_split_shipments_and_a_corrected_tracking_number(stage: Stage) -> None:
    items = [{"sku": "SKU-0004", "quantity": 3}, {"sku": "SKU-0005", "quantity": 1}]
    order = stage.order(items=items)
    stage.handed(order)
    stage.warehouse.ship(order.order_id, "DPD", "DPD-1", only={"SKU-0004": 1})
    first = stage.confirmed(order, "DPD-1")["DPD-1"]
    assert list(first["quantities"].values()) == [1]
    assert stage.amazon.order(order.order_id)["status"] == "PARTIALLY_SHIPPED"
    stage.warehouse.ship(order.order_id, "Nachbar Kurier", {"NK-2": ["SKU-0004"], "NK-3": ["SKU-0005"]})
    packages = stage.confirmed(order, "DPD-1", "NK-2", "NK-3")
    assert [sum(packages[tracking]["quantities"].values()) for tracking in ("NK-2", "NK-3")] == [2, 1]
    assert {packages[tracking]["carrier_code"] for tracking in ("NK-2", "NK-3")} == {"Other"}
    assert {packages[tracking]["carrier"] for tracking in ("NK-2", "NK-3")} == {"Nachbar Kurier"}
    assert stage.amazon.order(order.order_id)["status"] == "SHIPPED"
    stage.warehouse.correct_tracking(order.order_id, "NK-2", "NK-2b")
    corrected = stage.confirmed(order, "DPD-1", "NK-2b", "NK-3")
    assert corrected["NK-2b"]["reference"] == packages["NK-2"]["reference"]
    sent = {tracking: package["confirmations"] for tracking, package in corrected.items()}
    assert sent == {"DPD-1": 1, "NK-2b": 2, "NK-3": 1}


def test_an_order_that_the_erp_gives_up_is_shown_as_a_problem(stage: Stage) -> None:
    order = stage.order("SKU-0006")
    stage.handed(order)
    stage.warehouse.cannot_fulfil(order.order_id)

    def problem() -> str:
        found = stage.timeline(order)["problem"]
        if not found:
            stage.look_for_shipments()
        return str(found)

    assert "cancelled in the ERP" in until("a problem", problem, every_s=2)
    assert stage.packages(order) == {}
