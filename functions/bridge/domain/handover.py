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
        version=order.version,
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
    address = _part(_part(raw, "recipient"), "deliveryAddress")
    street = tuple(line for n in (1, 2, 3) if (line := _text(address, f"addressLine{n}")))
    if not street:
        fields = _part(address, "extendedFields")
        parts = [part for name in ("streetName", "streetNumber", "complement") if (part := _text(fields, name))]
        street = (" ".join(parts),) if parts else ()
    name = _text(address, "name") or _text(address, "companyName")
    country = _text(address, "countryCode")
    if not (name and street and country):
        return None
    return Recipient(
        name=name,
        street=street,
        city=_text(address, "city") or _text(address, "municipality"),
        postal_code=_text(address, "postalCode"),
        country=country,
        region=_text(address, "stateOrRegion"),
        company=_text(address, "companyName"),
        phone=_text(address, "phone"),
        email=_text(_part(raw, "buyer"), "buyerEmail"),
        instructions=_text(_part(_part(raw, "recipient"), "deliveryPreference"), "addressInstruction"),
    )


def _part(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = raw.get(name)
    return part if isinstance(part, Mapping) else {}


def _text(raw: Mapping[str, Any], name: str) -> str:
    text = raw.get(name)
    return text if isinstance(text, str) else ""
