"""What Amazon remembers: applications, sellers, orders with their items and packages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from local.simulator.people import Person
from local.simulator.places import PLACES, Place

MERCHANT, AMAZON = "MERCHANT", "AMAZON"
PII_ROLE = "Direct-to-Consumer Shipping"


class Status(StrEnum):
    PENDING_AVAILABILITY = "PENDING_AVAILABILITY"
    PENDING = "PENDING"
    UNSHIPPED = "UNSHIPPED"
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
    SHIPPED = "SHIPPED"
    CANCELLED = "CANCELLED"
    UNFULFILLABLE = "UNFULFILLABLE"


SHIPPABLE = frozenset({Status.UNSHIPPED, Status.PARTIALLY_SHIPPED})


@dataclass(slots=True, repr=False)
class Application:
    """One developer's application; while a secret is rotated, two are valid."""

    application_id: str
    client_id: str
    secrets: list[str]


@dataclass(slots=True, repr=False)
class Seller:
    """One selling partner who authorised one application."""

    seller_id: str
    region: str
    marketplace_ids: tuple[str, ...]
    roles: frozenset[str]
    client_id: str
    refresh_token: str
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of proceeds of one item; `details` split TAX and DISCOUNT by what they are on."""

    kind: str
    amount: Decimal
    details: tuple[tuple[str, Decimal], ...] = ()


@dataclass(slots=True)
class Item:
    item_id: str
    sku: str
    asin: str
    title: str
    quantity: int
    unit_price: Decimal
    gift_wrap: bool
    promotion: str
    proceeds: tuple[Part, ...]
    cancel_reason: str = ""
    """Why the buyer asks to cancel; empty while the buyer does not."""

    @property
    def total(self) -> Decimal:
        return sum((part.amount for part in self.proceeds), Decimal(0))


@dataclass(slots=True)
class Package:
    reference: str
    carrier_code: str
    carrier_name: str
    method: str
    tracking: str
    shipped: datetime
    created: datetime
    quantities: dict[str, int]

    @property
    def carrier(self) -> str:
        return self.carrier_name if self.carrier_code == "Other" else self.carrier_code


@dataclass(slots=True)
class Order:
    """The whole truth about one order. `touched` overrides what the API shows, for values nobody expects."""

    order_id: str
    seller_id: str
    marketplace_id: str
    fulfilled_by: str
    status: Status
    created: datetime
    updated: datetime
    service_level: str
    ship_by: datetime
    items: list[Item]
    person: Person = field(repr=False)
    packages: dict[str, Package] = field(default_factory=dict)
    cancelled_by: str = ""
    touched: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        return PLACES[self.marketplace_id]

    @property
    def total(self) -> Decimal:
        return sum((item.total for item in self.items), Decimal(0))

    @property
    def personal_data_shown(self) -> bool:
        return self.fulfilled_by == MERCHANT and self.status in {*SHIPPABLE, Status.SHIPPED}

    def item(self, item_id: str) -> Item | None:
        return next((item for item in self.items if item.item_id == item_id), None)

    def shipped_of(self, item: Item, *, without: str = "") -> int:
        """Units that left, not counting the package `without`."""
        if self.fulfilled_by == AMAZON:
            return item.quantity if self.status is Status.SHIPPED else 0
        return sum(
            package.quantities.get(item.item_id, 0)
            for package in self.packages.values()
            if package.reference != without
        )

    def unshipped_of(self, item: Item) -> int:
        return 0 if self.status is Status.CANCELLED else item.quantity - self.shipped_of(item)
