"""Orders to try an ERP connector with, and what the heir of a kit has to provide."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

import pytest

from bridge.domain.documents import (
    Document,
    DocumentLine,
    LineKind,
    Package,
    Recipient,
    Shipment,
)
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
    """A connector whose n-th write fails: before it reaches the ERP, or after it (the answer is lost)."""

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


class Kit:
    """What an heir provides."""

    @pytest.fixture
    def erp(self) -> Erp:
        raise NotImplementedError

    @pytest.fixture
    def interrupted(self) -> Interrupted:
        raise NotImplementedError

    @pytest.fixture
    def warehouse(self) -> Warehouse:
        raise NotImplementedError


def news(erp: Erp, document: Document, since: datetime | None = None) -> list[Shipment]:
    told = erp.list_shipments(SELLER, since or document.ordered_at - timedelta(seconds=5))
    return [shipment for shipment in told if shipment.key == document.key]


def contents(shipment: Shipment) -> dict[str, tuple[tuple[OrderItemId, int], ...]]:
    packages: tuple[Package, ...] = shipment.packages
    return {package.tracking: package.lines for package in packages}
