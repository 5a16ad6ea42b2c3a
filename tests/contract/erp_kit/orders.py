"""What every connector keeps about handing an order over: one document, the right total, nothing half."""

from __future__ import annotations

import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest

from bridge.domain.documents import Document, LineKind, Recipient
from bridge.domain.errors import BridgeError, Refused, Unavailable
from bridge.domain.money import Money
from bridge.ports import Erp
from tests.contract.erp_kit.cases import (
    CANARY,
    RECIPIENT,
    Interrupted,
    Kit,
    Warehouse,
    charge,
    item,
    news,
    order,
)


class OrdersKit(Kit):
    """Inherited by `ErpKit`."""

    def test_an_unknown_order_is_absent(self, erp: Erp) -> None:
        assert erp.find(order().key) is None

    def test_what_was_created_is_found(self, erp: Erp) -> None:
        document = order(currency="GBP")
        created = erp.create(document, RECIPIENT)
        found = erp.find(document.key)
        assert found is not None
        assert found.number == created.number
        assert created.total == found.total == document.total

    def test_creating_twice_makes_one_document(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order()
        assert erp.create(document, RECIPIENT).number == erp.create(document, RECIPIENT).number
        assert len(warehouse.documents(document.key)) == 1

    @pytest.mark.parametrize("after", [False, True], ids=["lost", "answer lost"])
    @pytest.mark.parametrize("write", [1, 2, 3, 4])
    def test_an_interrupted_creation_is_resumed(
        self, erp: Erp, interrupted: Interrupted, warehouse: Warehouse, write: int, after: bool
    ) -> None:
        document = order()
        with interrupted(write, after=after) as shaky:
            try:
                shaky.create(document, RECIPIENT)
            except Unavailable:
                assert len(warehouse.documents(document.key)) <= 1
        found = erp.find(document.key)
        assert found is None or found.ready == any(seen.ready for seen in warehouse.documents(document.key))
        assert erp.create(document, RECIPIENT).ready
        (seen,) = warehouse.documents(document.key)
        assert seen.total == document.total
        assert seen.ready
        assert seen.name == RECIPIENT.name

    def test_the_total_is_equal_to_the_cent(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order(
            item(1, "SKU-0001", 2, "3.33"),
            item(1, "SKU-0001", 1, "3.34"),
            item(2, "SKU-0002", 7, "0.07"),
            charge(LineKind.SHIPPING, "4.99"),
            charge(LineKind.GIFT_WRAP, "3.01"),
            charge(LineKind.TAX, "1.63"),
            charge(LineKind.DISCOUNT, "-2.57"),
            charge(LineKind.OTHER, "0.01"),
        )
        assert erp.create(document, RECIPIENT).total == Money(Decimal("17.56"), "EUR")
        (seen,) = warehouse.documents(document.key)
        assert seen.total == document.total

    def test_another_total_is_refused_and_nothing_ships(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order()
        wrong = replace(document, total=document.total + Money(Decimal("0.01"), "EUR"))
        with pytest.raises(Refused):
            erp.create(wrong, RECIPIENT)
        assert not any(seen.ready for seen in warehouse.documents(document.key))
        assert erp.create(document, RECIPIENT).total == document.total

    def test_an_unknown_sku_is_refused_by_name(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order(item(1, "SKU-0001", 1, "5.00"), item(2, "NO-SUCH-SKU", 1, "5.00"))
        with pytest.raises(Refused, match="NO-SUCH-SKU"):
            erp.create(document, RECIPIENT)
        assert not any(seen.ready for seen in warehouse.documents(document.key))

    def test_eight_at_once_make_one_document(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order()

        def create(_: int) -> str | None:
            try:
                return erp.create(document, RECIPIENT).number
            except Unavailable:
                return None

        with ThreadPoolExecutor(8) as pool:
            numbers = set(pool.map(create, range(8))) - {None}
        assert len(numbers | {erp.create(document, RECIPIENT).number}) == 1, "also when nobody was answered in time"
        (seen,) = warehouse.documents(document.key)
        assert seen.total == document.total
        warehouse.ship(document.key, "UPS", "1Z")
        (shipment,) = news(erp, document)
        assert shipment.packages[0].lines == (("item-1", 2), ("item-2", 1))

    @pytest.mark.parametrize("name", ["山田 太郎", "Łukasz Żółć-Ñandú", "عبد الله", 'Zoe\u0308 🎁 O\'Neil "Z" <b>'])
    def test_names_and_addresses_survive_exactly(self, erp: Erp, warehouse: Warehouse, name: str) -> None:
        document = order()
        where = replace(RECIPIENT, name=name, street=(f"{name} 5", "c/o 2. Stock"), city=name, instructions=name)
        erp.create(document, where)
        (seen,) = warehouse.documents(document.key)
        assert seen.name == name
        assert f"{name} 5\nc/o 2. Stock" in "\n".join(seen.address)
        assert seen.address.count(name) == 1

    def test_a_region_and_a_company_are_not_lost(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order()
        erp.create(document, replace(RECIPIENT, region="Brandenburg", company="Firma & Söhne"))
        (seen,) = warehouse.documents(document.key)
        assert "Brandenburg" in "\n".join(seen.address)
        assert "Firma & Söhne" in "\n".join(seen.address)

    def test_errors_carry_no_personal_data(self, erp: Erp, interrupted: Interrupted) -> None:
        def errors(connector: Erp, document: Document, recipient: Recipient) -> str:
            try:
                connector.create(document, recipient)
            except BridgeError as error:
                return "".join(traceback.format_exception(error))
            return ""

        unknown_sku = order(item(1, "NO-SUCH-SKU", 1, "5.00"))
        wrong_total = replace(order(), total=Money(Decimal("0.05"), "EUR"))
        text = errors(erp, unknown_sku, RECIPIENT) + errors(erp, wrong_total, RECIPIENT)
        text += errors(erp, order(), replace(RECIPIENT, country=CANARY))
        for write in (1, 2, 3, 4):
            for after in (False, True):
                with interrupted(write, after=after) as shaky:
                    text += errors(shaky, order(), RECIPIENT)
        assert "Refused" in text
        assert "Unavailable" in text
        assert CANARY not in text
