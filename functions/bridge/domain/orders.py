"""An order as Amazon tells it (Orders API 2026-01-01), without anything personal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bridge.domain.documents import LineKind
from bridge.domain.errors import Unreadable
from bridge.domain.ids import ORDER_ID, MarketplaceId, OrderId, OrderItemId, Sku
from bridge.domain.money import Money, read_money
from bridge.domain.times import read_time, to_text


class Status(StrEnum):
    """`fulfillmentStatus` values known in November 2026; an unknown one stays the text Amazon sent."""

    PENDING_AVAILABILITY = "PENDING_AVAILABILITY"
    PENDING = "PENDING"
    UNSHIPPED = "UNSHIPPED"
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
    SHIPPED = "SHIPPED"
    CANCELLED = "CANCELLED"
    UNFULFILLABLE = "UNFULFILLABLE"


ACTIONABLE = frozenset({Status.UNSHIPPED, Status.PARTIALLY_SHIPPED})
MERCHANT = "MERCHANT"

# Orders 2026-01-01, ItemProceedsBreakdown.type; what is new there becomes OTHER and still counts.
_KINDS = {
    "ITEM": LineKind.ITEM,
    "SHIPPING": LineKind.SHIPPING,
    "GIFT_WRAP": LineKind.GIFT_WRAP,
    "TAX": LineKind.TAX,
    "DISCOUNT": LineKind.DISCOUNT,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One order item; `proceeds` are the amounts the seller gets for it, by kind."""

    item_id: OrderItemId
    sku: Sku | None
    quantity: int
    fulfilled: int
    cancel_requested: bool
    proceeds: tuple[tuple[LineKind, Money], ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """One version of an order. `version` is Amazon's lastUpdatedTime, fixed width; `digest` tells content apart."""

    order_id: OrderId
    version: str
    created: datetime
    marketplace: MarketplaceId
    status: str
    fulfilled_by: str
    service_level: str
    ship_by: datetime | None
    lines: tuple[Line, ...]
    total: Money | None
    extras: tuple[tuple[LineKind, Money], ...] = ()
    """Proceeds of the order itself that belong to no item (a delivery tip)."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """What Amazon shows as shipped: package reference → tracking number."""
    digest: str = ""
    unknown: tuple[str, ...] = ()
    """What this version does not know: `field:name`, `status:VALUE`."""

    @property
    def actionable(self) -> bool:
        """Ready for the seller to ship."""
        return self.status in ACTIONABLE and self.fulfilled_by == MERCHANT

    @property
    def cancel_requested(self) -> bool:
        return any(line.cancel_requested for line in self.lines)


_MOST, _LARGEST = 10**9, 90_000
"""Units of one item; bytes of an order's facts. DynamoDB keeps 38 digits and 400 KB, and HEAD repeats some facts."""


def _mapping(raw: object, name: str) -> Mapping[str, Any]:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        msg = f"{name} is not an object"
        raise Unreadable(msg)
    return raw


def _items(raw: object, name: str) -> list[Mapping[str, Any]]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        msg = f"{name} is not a list"
        raise Unreadable(msg)
    return [_mapping(entry, name) for entry in raw]


def _count(raw: object, name: str) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= _MOST:
        msg = f"{name} is not a count"
        raise Unreadable(msg)
    return raw


def _text(raw: object, name: str) -> str:
    if not isinstance(raw, str) or not raw:
        msg = f"{name} is missing"
        raise Unreadable(msg)
    return raw


def _order_id(raw: object) -> OrderId:
    text = _text(raw, "orderId")
    if not ORDER_ID.fullmatch(text):
        msg = "orderId is none"
        raise Unreadable(msg)
    return OrderId(text)


def _proceeds(raw: object) -> tuple[tuple[LineKind, Money], ...]:
    breakdowns = _items(_mapping(raw, "proceeds").get("breakdowns"), "breakdowns")
    return tuple(
        (_KINDS.get(str(part.get("type")), LineKind.OTHER), read_money(part.get("subtotal"))) for part in breakdowns
    )


def _line(raw: Mapping[str, Any]) -> Line:
    fulfilment = _mapping(raw.get("fulfillment"), "item fulfillment")
    cancellation = _mapping(raw.get("cancellation"), "cancellation")
    sku = _mapping(raw.get("product"), "product").get("sellerSku")
    fulfilled = _count(fulfilment.get("quantityFulfilled", 0), "quantityFulfilled")
    ordered = _count(raw.get("quantityOrdered"), "quantityOrdered")
    return Line(
        item_id=OrderItemId(_text(raw.get("orderItemId"), "orderItemId")),
        sku=Sku(sku) if isinstance(sku, str) and sku else None,
        # A cancelled item is still shown with the quantity that was once ordered.
        quantity=fulfilled if cancellation.get("cancellationExecution") else ordered,
        fulfilled=fulfilled,
        cancel_requested=bool(cancellation.get("cancellationRequest")),
        proceeds=_proceeds(raw.get("proceeds")),
    )


def _extras(raw: Mapping[str, Any]) -> tuple[tuple[LineKind, Money], ...]:
    breakdowns = _items(_mapping(raw.get("proceeds"), "proceeds").get("breakdowns"), "breakdowns")
    return tuple(
        (LineKind.OTHER, read_money(part.get("subtotal"))) for part in breakdowns if part.get("type") == "DELIVERY_TIP"
    )


def _digest(order: Order) -> str:
    """Only what getOrder and searchOrders both return, so that the two never look like a change of each other."""
    facts = [
        order.status,
        order.fulfilled_by,
        order.ship_by and to_text(order.ship_by),
        order.total and str(order.total),
        sorted(
            [line.item_id, line.sku or "", line.quantity, line.fulfilled, line.cancel_requested] for line in order.lines
        ),
        sorted(order.packages.items()),
    ]
    _keepable([*facts, order.marketplace, order.service_level])
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _keepable(facts: list[Any]) -> None:
    """What no table takes would be tried again for ever, and keep the orders beside it waiting."""
    try:
        size = len(json.dumps(facts, ensure_ascii=False).encode())
    except UnicodeEncodeError as error:
        msg = "a text that is not Unicode"
        raise Unreadable(msg) from error
    if size > _LARGEST:
        msg = f"an order of {size} bytes, more than can be kept"
        raise Unreadable(msg)


_FIELDS = frozenset(
    "orderId orderAliases createdTime lastUpdatedTime programs associatedOrders salesChannel buyer recipient proceeds "
    "payment tax fulfillment orderItems packages fulfillmentOrders".split()
)


_STATUSES = frozenset(Status)


def _unknown(raw: Mapping[str, Any], status: str) -> tuple[str, ...]:
    names = [str(name)[:100].encode(errors="replace").decode() for name in raw if name not in _FIELDS]
    fields = [f"field:{name}" for name in names]
    return tuple(sorted(fields)[:20]) + (() if status in _STATUSES else (f"status:{status}",))


def read_order(raw: object) -> Order:
    """Amazon's `Order` object (getOrder, searchOrders); unknown fields and values are no error.

    Raises Unreadable when an id, a time, a count or an amount is missing or is not one.
    """
    if not isinstance(raw, Mapping):
        msg = "order is not an object"
        raise Unreadable(msg)
    fulfilment = _mapping(raw.get("fulfillment"), "fulfillment")
    ship_by = _mapping(fulfilment.get("shipByWindow"), "shipByWindow").get("latestDateTime")
    grand_total = _mapping(raw.get("proceeds"), "proceeds").get("grandTotal")
    order = Order(
        order_id=_order_id(raw.get("orderId")),
        version=to_text(read_time(raw.get("lastUpdatedTime"))),
        created=read_time(raw.get("createdTime")),
        marketplace=MarketplaceId(str(_mapping(raw.get("salesChannel"), "salesChannel").get("marketplaceId") or "")),
        status=str(fulfilment.get("fulfillmentStatus") or ""),
        fulfilled_by=str(fulfilment.get("fulfilledBy") or ""),
        service_level=str(fulfilment.get("fulfillmentServiceLevel") or ""),
        ship_by=read_time(ship_by) if ship_by else None,
        lines=tuple(_line(item) for item in _items(raw.get("orderItems"), "orderItems")),
        total=read_money(grand_total) if grand_total is not None else None,
        extras=_extras(raw),
        packages={
            str(package.get("packageReferenceId")): str(package.get("trackingNumber") or "")
            for package in _items(raw.get("packages"), "packages")
        },
        unknown=_unknown(raw, str(fulfilment.get("fulfillmentStatus") or "")),
    )
    return replace(order, digest=_digest(order))
