"""What every connector keeps about telling what left the warehouse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bridge.domain.documents import ShipmentState
from bridge.domain.ids import EU, Seller, SellerId
from bridge.ports import Erp
from tests.contract.erp_kit.cases import (
    CANARY,
    RECIPIENT,
    SELLER,
    Kit,
    Warehouse,
    contents,
    item,
    news,
    order,
)


class ShipmentsKit(Kit):
    """Inherited by `ErpKit`."""

    def test_what_shipped_is_told_exactly(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order(item(1, "SKU-0001", 2, "3.33"), item(1, "SKU-0001", 1, "3.34"), item(2, "SKU-0002", 1, "1.00"))
        erp.create(document, RECIPIENT)
        assert news(erp, document) == []
        before = datetime.now(UTC)
        warehouse.ship(document.key, "Nachbar Kurier", "NK-1")
        (shipment,) = news(erp, document)
        assert shipment.state is ShipmentState.SHIPPED
        (package,) = shipment.packages
        assert (package.carrier, package.tracking) == ("Nachbar Kurier", "NK-1")
        assert package.lines == (("item-1", 3), ("item-2", 1))
        assert before - timedelta(seconds=5) <= package.shipped_at <= datetime.now(UTC)

    def test_a_part_then_the_rest(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order()
        erp.create(document, RECIPIENT)
        warehouse.ship(document.key, "UPS", "1Z-A", only={"SKU-0001": 1})
        warehouse.ship(document.key, "DPD", "01-B")
        first, second = news(erp, document)
        assert first.shipment_id != second.shipment_id
        assert first.changed_at <= second.changed_at
        assert contents(first) == {"1Z-A": (("item-1", 1),)}
        assert contents(second) == {"01-B": (("item-1", 1), ("item-2", 1))}

    def test_two_parcels_and_a_corrected_number(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order()
        erp.create(document, RECIPIENT)
        warehouse.ship(document.key, "UPS", {"1Z-C": ["SKU-0001"], "1Z-D": ["SKU-0002"]})
        (before,) = news(erp, document)
        assert contents(before) == {"1Z-C": (("item-1", 2),), "1Z-D": (("item-2", 1),)}
        warehouse.correct_tracking(document.key, "1Z-D", "1Z-E")
        (after,) = news(erp, document, since=before.changed_at + timedelta(microseconds=1))
        assert after.changed_at > before.changed_at
        assert set(contents(after)) == {"1Z-C", "1Z-E"}
        corrected = [replace(package, tracking="") for package in after.packages]
        assert corrected == [replace(package, tracking="") for package in before.packages], "nothing else changed"

    def test_news_since_a_moment_include_that_moment(self, erp: Erp, warehouse: Warehouse) -> None:
        documents = [order(), order()]
        for document in documents:
            erp.create(document, RECIPIENT)
            warehouse.ship(document.key, "UPS", "1Z-F")
        old, new = (news(erp, document)[0] for document in documents)
        told = list(erp.list_shipments(SELLER, new.changed_at))
        assert new in told
        assert old not in told
        assert [shipment.changed_at for shipment in told] == sorted(shipment.changed_at for shipment in told)
        assert list(erp.list_shipments(Seller(EU, SellerId("A2ANOTHER")), old.changed_at)) == []

    def test_the_erp_cannot_fulfil(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order()
        erp.create(document, RECIPIENT)
        warehouse.cannot_fulfil(document.key)
        (shipment,) = news(erp, document)
        assert shipment.state is ShipmentState.CANNOT_FULFIL
        assert shipment.reason
        assert CANARY not in shipment.reason
