"""What crosses the border to the ERP: the order document, the recipient, and the shipments that come back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bridge.domain.ids import MarketplaceId, OrderItemId, OrderKey, Seller, Sku
from bridge.domain.money import Money


class LineKind(StrEnum):
    """What an ERP line stands for; `ITEM` is goods, everything else a charge or a discount."""

    ITEM = "item"
    SHIPPING = "shipping"
    GIFT_WRAP = "gift_wrap"
    TAX = "tax"
    DISCOUNT = "discount"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """`quantity` × `unit_price` is exact in the currency's minor unit; discounts are negative."""

    kind: LineKind
    order_item_id: OrderItemId | None
    sku: Sku | None
    quantity: int
    unit_price: Decimal
    description: str

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.unit_price


@dataclass(frozen=True, slots=True)
class Document:
    """A sales order as the ERP shall hold it; the lines add up to `total` to the cent."""

    key: OrderKey
    marketplace: MarketplaceId
    ordered_at: datetime
    ship_by: datetime | None
    service_level: str
    lines: tuple[DocumentLine, ...]
    total: Money
    version: str = ""
    """Amazon's version of the order that this was made from: grows with every change there."""


@dataclass(frozen=True, slots=True, repr=False)
class Recipient:
    """Where the parcel goes. Personal data: kept in memory for one hand-over, never printed, never stored."""

    name: str
    street: tuple[str, ...]
    city: str
    postal_code: str
    country: str
    region: str = ""
    company: str = ""
    phone: str = ""
    email: str = ""
    instructions: str = ""

    def __repr__(self) -> str:
        return "Recipient(…)"


@dataclass(frozen=True, slots=True)
class ErpOrder:
    """The ERP's answer: its own document number, its state in its own words, its total if it tells.

    `ready` is False for a document that a crash left half-made: `create` with the same key resumes it.
    """

    number: str
    state: str
    total: Money | None = None
    ready: bool = True


class CancelAnswer(StrEnum):
    """The three answers an ERP has to a cancellation."""

    DONE = "done"
    REFUSED_SHIPPED = "refused_shipped"
    NEEDS_HUMAN = "needs_human"


@dataclass(frozen=True, slots=True)
class Package:
    """One parcel as the warehouse packed it; `carrier` in the warehouse's words."""

    package_id: str
    carrier: str
    tracking: str
    shipped_at: datetime
    lines: tuple[tuple[OrderItemId, int], ...]
    shipping_method: str = ""


class ShipmentState(StrEnum):
    SHIPPED = "shipped"
    CANNOT_FULFIL = "cannot_fulfil"


@dataclass(frozen=True, slots=True)
class Shipment:
    """What the ERP says happened to (part of) an order; `reason` tells why it cannot fulfil."""

    shipment_id: str
    key: OrderKey
    state: ShipmentState
    changed_at: datetime
    packages: tuple[Package, ...] = field(default=())
    reason: str = ""

    @property
    def seller(self) -> Seller:
        return self.key.seller
