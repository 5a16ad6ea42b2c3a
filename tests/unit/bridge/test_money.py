"""Money: exact, of one currency, and read from nothing that is not money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import Unreadable
from bridge.domain.money import Money, minor_unit, read_money, total

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(AMOUNTS)
def test_amazons_text_is_read_to_the_digit(amount: Decimal) -> None:
    assert read_money({"amount": str(amount), "currencyCode": "EUR"}) == Money(amount, "EUR")


@given(JSON, JSON)
def test_anything_else_is_unreadable(amount: Any, currency: Any) -> None:
    try:
        money = read_money({"amount": amount, "currencyCode": currency})
    except Unreadable:
        return
    assert money.amount.is_finite()
    assert money.currency == currency


@given(JSON)
def test_no_form_of_money_is_a_bug(raw: Any) -> None:
    with pytest.raises(Unreadable):
        read_money(raw)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "12.34",
        {},
        {"amount": "1"},
        {"currencyCode": "EUR"},
        {"amount": None, "currencyCode": "EUR"},
        {"amount": 12.34, "currencyCode": "EUR"},
        {"amount": "12,34", "currencyCode": "EUR"},
        {"amount": "NaN", "currencyCode": "EUR"},
        {"amount": "-Infinity", "currencyCode": "EUR"},
        {"amount": True, "currencyCode": "EUR"},
        {"amount": "1", "currencyCode": None},
        {"amount": "1", "currencyCode": "Anna Beispiel"},
        {"amount": "1_000", "currencyCode": "EUR"},
        {"amount": "1E+999999", "currencyCode": "EUR"},
        {"amount": "0." + "1" * 30, "currencyCode": "EUR"},
        {"amount": "9" * 5000, "currencyCode": "EUR"},
        {"amount": 10**5000, "currencyCode": "EUR"},
    ],
)
def test_what_is_no_money_is_unreadable(raw: object) -> None:
    with pytest.raises(Unreadable):
        read_money(raw)


def test_a_whole_number_is_an_amount() -> None:
    assert read_money({"amount": 1980, "currencyCode": "JPY"}) == Money(Decimal(1980), "JPY")


@pytest.mark.parametrize("amount", ["0E-8", "0.00", "-0", "1.5E+2", "9999999999999.99"])
def test_every_decimal_that_java_writes_is_an_amount(amount: str) -> None:
    assert read_money({"amount": amount, "currencyCode": "EUR"}) == Money(Decimal(amount), "EUR")


def test_no_float_is_money() -> None:
    with pytest.raises(TypeError):
        Money(1.5, "EUR")  # type: ignore[arg-type]


def test_two_currencies_never_meet() -> None:
    with pytest.raises(TypeError, match="EUR and JPY"):
        Money(Decimal(1), "EUR") + Money(Decimal(1), "JPY")
    with pytest.raises(TypeError):
        total([Money(Decimal(1), "USD")], "EUR")


@given(st.lists(AMOUNTS))
def test_a_total_is_exact(amounts: list[Decimal]) -> None:
    assert total([Money(amount, "EUR") for amount in amounts], "EUR") == Money(sum(amounts, Decimal(0)), "EUR")


def test_the_minor_unit_is_the_currencys() -> None:
    assert minor_unit("EUR") == Decimal("0.01")
    assert minor_unit("JPY") == Decimal(1)


def test_money_is_written_with_its_currency() -> None:
    assert str(Money(Decimal("12.30"), "EUR")) == "12.30 EUR"
