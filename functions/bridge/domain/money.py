"""Amounts of money: a Decimal and its currency, never a float, never two currencies in one sum."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from bridge.domain.errors import Unreadable

# ISO 4217: currencies of Amazon's marketplaces whose minor unit is not 1/100.
_DIGITS = {"JPY": 0}
_CURRENCY = re.compile(r"[A-Z]{3}")
# Fewer digits than Decimal's 28, so that sums of many amounts are exact; Java may write a zero as 0E-8.
_HIGHEST, _LOWEST = 12, -12


@dataclass(frozen=True, slots=True)
class Money:
    """`amount` in major units (12.34), `currency` as ISO 4217."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            msg = f"money must be Decimal, not {type(self.amount).__name__}"
            raise TypeError(msg)

    def __add__(self, other: Money) -> Money:
        if self.currency != other.currency:
            msg = f"{self.currency} and {other.currency} cannot be added"
            raise TypeError(msg)
        return Money(self.amount + other.amount, self.currency)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


def minor_unit(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 for EUR, 1 for JPY."""
    return Decimal(1).scaleb(-_DIGITS.get(currency, 2))


def read_money(raw: object) -> Money:
    """Amazon's `{"amount": "12.34", "currencyCode": "EUR"}`; Unreadable when it is not that."""
    if not isinstance(raw, dict):
        msg = f"money expected, got {type(raw).__name__}"
        raise Unreadable(msg)
    amount, currency = raw.get("amount"), raw.get("currencyCode")
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency) or not isinstance(amount, str | int):
        msg = "money without a currency or without a decimal amount"
        raise Unreadable(msg)
    try:
        value = Decimal(str(amount).replace("_", "?"))  # Python would read 1_0 as ten
    except (InvalidOperation, ValueError) as error:
        msg = "money with an amount that is not a number"
        raise Unreadable(msg) from error
    if not value.is_finite():
        msg = "money with an amount that is not finite"
        raise Unreadable(msg)
    if value.adjusted() > _HIGHEST or int(value.as_tuple().exponent) < _LOWEST:
        msg = "money with more digits than any price"
        raise Unreadable(msg)
    return Money(value, currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum, in `currency`; TypeError when one of them is in another."""
    return sum(amounts, Money(Decimal(0), currency))
