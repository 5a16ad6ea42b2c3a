"""What an order costs, to the cent: proceeds by kind for every item, adding up to the grand total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from local.simulator.places import Place
from local.simulator.records import Part

_GIFT_WRAP = Decimal("3.99")


@dataclass(frozen=True, slots=True)
class Bought:
    """One line of the customer's basket; `discount` is positive and for the whole line."""

    sku: str
    quantity: int
    unit_price: Decimal
    gift_wrap: bool = False
    discount: Decimal = Decimal(0)


def rounded(amount: Decimal, place: Place) -> Decimal:
    return amount.quantize(place.minor_unit, rounding=ROUND_HALF_UP)


def shares(amount: Decimal, count: int, place: Place) -> list[Decimal]:
    """`amount` in `count` parts that differ by at most one minor unit."""
    low, more = divmod(int(amount / place.minor_unit), count)
    return [(low + (index < more)) * place.minor_unit for index in range(count)]


def proceeds(place: Place, basket: Sequence[Bought], shipping: Decimal) -> list[tuple[Part, ...]]:
    """The proceeds of every line, in the basket's order; shipping is spread over the lines."""
    parts = shares(rounded(shipping, place), len(basket), place)
    return [_of_line(place, line, share) for line, share in zip(basket, parts, strict=True)]


def _of_line(place: Place, line: Bought, shipping: Decimal) -> tuple[Part, ...]:
    parts = [Part("ITEM", rounded(line.unit_price, place) * line.quantity)]
    if shipping:
        parts.append(Part("SHIPPING", shipping))
    if line.gift_wrap:
        parts.append(Part("GIFT_WRAP", rounded(_GIFT_WRAP, place)))
    if line.discount:
        discount = -rounded(line.discount, place)
        parts.append(Part("DISCOUNT", discount, (("ITEM", discount),)))
    if place.tax_added is not None:
        details = tuple((part.kind, rounded(part.amount * place.tax_added, place)) for part in parts)
        parts.append(Part("TAX", sum((amount for _, amount in details), Decimal(0)), details))
    elif place.writes_zero_tax:
        parts.append(Part("TAX", rounded(Decimal(0), place)))
    return tuple(parts)


def by_kind(parts: Sequence[Part]) -> dict[str, Decimal]:
    """Sums per kind, in the order of first appearance."""
    sums: dict[str, Decimal] = {}
    for part in parts:
        sums[part.kind] = sums.get(part.kind, Decimal(0)) + part.amount
    return sums
