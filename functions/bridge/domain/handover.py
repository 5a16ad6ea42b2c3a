"""From Amazon's order to the document that the ERP shall hold: every cent accounted for, and where it goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from bridge.domain.documents import Document, DocumentLine, LineKind, Recipient
from bridge.domain.errors import Refused
from bridge.domain.ids import OrderKey
from bridge.domain.money import Money, minor_unit
from bridge.domain.orders import Line, Order

_WORDS = {
    LineKind.SHIPPING: "Shipping",
    LineKind.GIFT_WRAP: "Gift wrap",
    LineKind.TAX: "Tax",
    LineKind.DISCOUNT: "Discount",
    LineKind.OTHER: "Other proceeds",
}


def document(key: OrderKey, order: Order) -> Document:
    """The order as a document whose lines add up to Amazon's grand total.

    Raises Refused, with the reason for a human, when a line has no SKU or the amounts do not add up.
    """
    if order.total is None:
        msg = "Amazon gives no proceeds for this order yet"
        raise Refused(msg)
    for line in order.lines:
        if line.quantity and line.sku is None:
            msg = f"order item {line.item_id} has no seller SKU at Amazon"
            raise Refused(msg)
    return Document(
        key=key,
        marketplace=order.marketplace,
        ordered_at=order.created,
        ship_by=order.ship_by,
        service_level=order.service_level,
        lines=tuple(_reconciled(order, order.total)),
        total=order.total,
    )


def _reconciled(order: Order, total: Money) -> Iterator[DocumentLine]:
    """The lines under the first reading of Amazon's amounts that adds up to the grand total.

    Amazon's model says neither whether a DISCOUNT is written as a negative amount nor whether TAX
    is already inside ITEM (it is where prices include VAT), and sellers see both.
    """
    for negate_discount in (False, True):
        for drop_tax in (False, True):
            lines = list(_lines(order, total.currency, negate_discount=negate_discount, drop_tax=drop_tax))
            if sum((line.amount for line in lines), Decimal(0)) == total.amount:
                return iter(lines)
    stated = sum((money.amount for line in order.lines for _, money in line.proceeds), Decimal(0))
    msg = f"the items' proceeds add up to {stated}, Amazon's grand total is {total}"
    raise Refused(msg)


def _lines(order: Order, currency: str, *, negate_discount: bool, drop_tax: bool) -> Iterator[DocumentLine]:
    for line in order.lines:
        if line.quantity:
            yield from _goods(line, currency)
        for kind, money in _charges(line.proceeds, currency):
            if money.amount and not (drop_tax and kind is LineKind.TAX):
                amount = -abs(money.amount) if negate_discount and kind is LineKind.DISCOUNT else money.amount
                yield DocumentLine(kind, line.item_id, None, 1, amount, _WORDS[kind])
    for kind, money in _charges(order.extras, currency):
        if money.amount:
            yield DocumentLine(kind, None, None, 1, money.amount, _WORDS[kind])


def _charges(proceeds: Iterable[tuple[LineKind, Money]], currency: str) -> Iterator[tuple[LineKind, Money]]:
    for kind, money in proceeds:
        if money.currency != currency:
            msg = f"proceeds in {money.currency} in an order in {currency}"
            raise Refused(msg)
        if kind is not LineKind.ITEM:
            yield kind, money


def _goods(line: Line, currency: str) -> Iterator[DocumentLine]:
    amount = sum((money.amount for kind, money in line.proceeds if kind is LineKind.ITEM), Decimal(0))
    for quantity, unit_price in split(amount, line.quantity, minor_unit(currency)):
        yield DocumentLine(LineKind.ITEM, line.item_id, line.sku, quantity, unit_price, str(line.item_id))


def split(amount: Decimal, quantity: int, unit: Decimal) -> list[tuple[int, Decimal]]:
    """`amount` over `quantity` pieces without losing a minor unit: 10.00 / 3 → 2 × 3.33 and 1 × 3.34."""
    cents = int((amount / unit).to_integral_exact())
    if cents * unit != amount:
        msg = f"{amount} is finer than the currency's minor unit {unit}"
        raise Refused(msg)
    low, more = divmod(cents, quantity)
    parts = [(quantity - more, low * unit), (more, (low + 1) * unit)]
    return [(count, price.quantize(unit, rounding=ROUND_FLOOR)) for count, price in parts if count]


def recipient(raw: Mapping[str, Any]) -> Recipient | None:
    """Where Amazon's order goes; None when Amazon withholds it (role missing, or too early, or too late)."""
    address = (raw.get("recipient") or {}).get("deliveryAddress") or {}
    buyer = raw.get("buyer") or {}
    street = tuple(address[line] for line in ("addressLine1", "addressLine2", "addressLine3") if address.get(line))
    if not street and address.get("extendedFields"):
        fields = address["extendedFields"]
        parts = [str(fields[part]) for part in ("streetName", "streetNumber", "complement") if fields.get(part)]
        street = (" ".join(parts),) if parts else ()
    name = address.get("name") or address.get("companyName") or ""
    if not (name and street and address.get("countryCode")):
        return None
    preference = (raw.get("recipient") or {}).get("deliveryPreference") or {}
    return Recipient(
        name=name,
        street=street,
        city=address.get("city") or address.get("municipality") or "",
        postal_code=address.get("postalCode") or "",
        country=address["countryCode"],
        region=address.get("stateOrRegion") or "",
        company=address.get("companyName") or "",
        phone=address.get("phone") or "",
        email=buyer.get("buyerEmail") or "",
        instructions=preference.get("addressInstruction") or "",
    )
