"""What every ERP connector of the shape find + create has to keep; a connector's test inherits `ErpKit`.

The heir provides `erp`, `interrupted` and `warehouse`; the ERP behind them sells SKU-0001 … SKU-0009 in EUR and GBP.
"""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

import pytest
from bridge.domain.documents import (
    CancelAnswer,
    Document,
    DocumentLine,
    LineKind,
    Package,
    Recipient,
    Shipment,
    ShipmentState,
)
from bridge.domain.errors import BridgeError, Refused, Unavailable
from bridge.domain.ids import EU, MarketplaceId, OrderId, OrderItemId, OrderKey, Seller, SellerId, Sku
from bridge.domain.money import Money
from bridge.ports import Erp

SELLER = Seller(EU, SellerId("A2KITSELLER"))
DE, UK = MarketplaceId("A1PA6795UKMFR9"), MarketplaceId("A1F83G8C2ARO7P")
SHOPS = {f"{SELLER.seller_id}/{DE}": "Amazon DE", f"{SELLER.seller_id}/{UK}": "Amazon UK"}
CANARY = "Canaria"
RECIPIENT = Recipient(
    name=f"{CANARY} Müller",
    street=(f"{CANARY}straße 1", "Hinterhaus"),
    city=f"{CANARY}burg",
    postal_code="10117",
    country="DE",
    phone=f"+49 30 {CANARY}",
    email=f"{CANARY}@example.com",
)


@dataclass(frozen=True)
class Seen:
    """A document as the ERP's own users see it; `ready`: the warehouse would ship it."""

    total: Money
    name: str
    address: tuple[str, ...]
    ready: bool


class Warehouse(Protocol):
    """The side of the ERP's people, by Amazon's order id."""

    def documents(self, key: OrderKey) -> list[Seen]: ...

    def ship(
        self,
        key: OrderKey,
        carrier: str,
        parcels: str | Mapping[str, Sequence[str]],
        *,
        only: Mapping[str, int] | None = None,
    ) -> object: ...

    def correct_tracking(self, key: OrderKey, old: str, new: str) -> None: ...

    def cannot_fulfil(self, key: OrderKey) -> None: ...

    def release(self, key: OrderKey) -> None: ...


class Interrupted(Protocol):
    """Gives a connector whose n-th write fails: before it reaches the ERP, or after, so that only the answer is lost."""

    def __call__(self, write: int, *, after: bool) -> AbstractContextManager[Erp]: ...


def item(number: int, sku: str, quantity: int, price: str) -> DocumentLine:
    return DocumentLine(LineKind.ITEM, OrderItemId(f"item-{number}"), Sku(sku), quantity, Decimal(price), "")


def charge(kind: LineKind, amount: str) -> DocumentLine:
    return DocumentLine(kind, OrderItemId("item-1"), None, 1, Decimal(amount), kind.value)


def order(*lines: DocumentLine, currency: str = "EUR") -> Document:
    """A new order of its own; two goods when no lines are given."""
    lines = lines or (item(1, "SKU-0001", 2, "5.00"), item(2, "SKU-0002", 1, "7.50"))
    now = datetime.now(UTC).replace(microsecond=0)
    number = f"{secrets.randbelow(10**14):014d}"
    return Document(
        key=OrderKey(SELLER.region, SELLER.seller_id, OrderId(f"302-{number[:7]}-{number[7:]}")),
        marketplace=UK if currency == "GBP" else DE,
        ordered_at=now,
        ship_by=now + timedelta(days=2),
        service_level="Standard",
        lines=lines,
        total=Money(sum((line.amount for line in lines), Decimal(0)), currency),
    )


class ErpKit:
    """Inherit, and override the three fixtures."""

    @pytest.fixture
    def erp(self) -> Erp:
        raise NotImplementedError

    @pytest.fixture
    def interrupted(self) -> Interrupted:
        raise NotImplementedError

    @pytest.fixture
    def warehouse(self) -> Warehouse:
        raise NotImplementedError

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
        erp.create(document, RECIPIENT)
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
        assert erp.create(document, RECIPIENT).number in numbers
        assert len(numbers) == 1
        (seen,) = warehouse.documents(document.key)
        assert seen.total == document.total
        warehouse.ship(document.key, "UPS", "1Z")
        (shipment,) = news(erp, document)
        assert shipment.packages[0].lines == (("item-1", 2), ("item-2", 1))

    def test_cancelling_what_has_not_shipped_is_done(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order()
        assert erp.cancel(document.key) is CancelAnswer.DONE
        erp.create(document, RECIPIENT)
        assert erp.cancel(document.key) is CancelAnswer.DONE
        assert erp.cancel(document.key) is CancelAnswer.DONE
        assert not any(seen.ready for seen in warehouse.documents(document.key))
        assert news(erp, document) == [], "our own cancellation is no news"

    @pytest.mark.parametrize("after", [False, True], ids=["lost", "answer lost"])
    @pytest.mark.parametrize("write", [1, 2])
    def test_an_interrupted_cancellation_is_resumed(
        self, erp: Erp, interrupted: Interrupted, warehouse: Warehouse, write: int, after: bool
    ) -> None:
        document = order()
        erp.create(document, RECIPIENT)
        with interrupted(write, after=after) as shaky, pytest.raises(Unavailable):
            shaky.cancel(document.key)
            raise Unavailable("one write was enough")
        assert erp.cancel(document.key) is CancelAnswer.DONE
        assert not any(seen.ready for seen in warehouse.documents(document.key))
        assert news(erp, document) == []

    def test_cancelling_what_has_shipped_is_refused(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order()
        erp.create(document, RECIPIENT)
        warehouse.ship(document.key, "DHL", "00340434161094000001")
        assert erp.cancel(document.key) is CancelAnswer.REFUSED_SHIPPED

    def test_cancelling_what_has_partly_shipped_needs_a_human(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order()
        erp.create(document, RECIPIENT)
        warehouse.ship(document.key, "DHL", "00340434161094000002", only={"SKU-0001": 1})
        assert erp.cancel(document.key) is CancelAnswer.NEEDS_HUMAN

    def test_a_held_order_waits_for_a_human(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order()
        erp.hold(document.key, "no such document: nothing to hold")
        erp.create(document, RECIPIENT)
        erp.hold(document.key, "the buyer asked to cancel")
        erp.hold(document.key, "the buyer asked to cancel")
        (seen,) = warehouse.documents(document.key)
        assert not seen.ready
        warehouse.release(document.key)
        erp.hold(document.key, "the buyer asked to cancel")
        (seen,) = warehouse.documents(document.key)
        assert seen.ready, "the human's decision stands"
        warehouse.ship(document.key, "UPS", "1Z1")
        erp.hold(document.key, "too late")
        assert len(news(erp, document)) == 1

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


def news(erp: Erp, document: Document, since: datetime | None = None) -> list[Shipment]:
    told = erp.list_shipments(SELLER, since or document.ordered_at - timedelta(seconds=5))
    return [shipment for shipment in told if shipment.key == document.key]


def contents(shipment: Shipment) -> dict[str, tuple[tuple[OrderItemId, int], ...]]:
    packages: tuple[Package, ...] = shipment.packages
    return {package.tracking: package.lines for package in packages}
