"""Hand-over: not a cent is lost between Amazon's order and the ERP's document, and nothing goes nowhere."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bridge.domain.documents import LineKind
from bridge.domain.errors import Refused
from bridge.domain.handover import document, recipient, split
from bridge.domain.ids import OrderId, OrderItemId, OrderKey, Sku
from bridge.domain.money import Money, minor_unit
from bridge.domain.orders import Line, Order
from tests.fakes.world import DE, SELLER, START, an_order

JUNK = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([]) | st.just([{}]) | st.just({"a": 1})
KEY = OrderKey(*SELLER, OrderId("305-0000001-0000001"))
CURRENCIES = st.sampled_from(["EUR", "USD", "JPY"])


@given(st.integers(-(10**9), 10**9), st.integers(1, 999), CURRENCIES)
def test_a_split_loses_no_minor_unit(cents: int, quantity: int, currency: str) -> None:
    unit = minor_unit(currency)
    parts = split(cents * unit, quantity, unit)
    assert sum(count * price for count, price in parts) == cents * unit
    assert sum(count for count, _ in parts) == quantity
    assert len(parts) <= 2
    assert all(price == price.quantize(unit) for _, price in parts)
    assert max(price for _, price in parts) - min(price for _, price in parts) <= unit


def test_ten_over_three() -> None:
    assert split(Decimal("10.00"), 3, Decimal("0.01")) == [(2, Decimal("3.33")), (1, Decimal("3.34"))]


@pytest.mark.parametrize(("amount", "currency"), [("10.001", "EUR"), ("1980.5", "JPY")])
def test_what_is_finer_than_the_minor_unit_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(Refused, match="minor unit"):
        split(Decimal(amount), 1, minor_unit(currency))


@st.composite
def orders(draw: st.DrawFn, *, negated: bool = False, taxed_inside: bool = False) -> Order:
    """An order whose amounts add up under the given reading of Amazon's words."""
    currency = draw(CURRENCIES)

    def money(low: int = 0) -> Money:
        return Money(draw(st.integers(low, 10**6)) * minor_unit(currency), currency)

    lines, grand = [], Decimal(0)
    for n in range(draw(st.integers(1, 4))):
        parts = [(LineKind.ITEM, money(1)), (LineKind.SHIPPING, money()), (LineKind.OTHER, money())]
        tax, discount = money(1), money(1)
        grand += sum((part.amount for _, part in parts), Decimal(0)) - discount.amount
        grand += 0 if taxed_inside else tax.amount
        told = discount.amount if negated else -discount.amount
        parts += [(LineKind.TAX, tax), (LineKind.DISCOUNT, Money(told, currency))]
        name, sku, quantity = OrderItemId(f"i{n}"), Sku(f"SKU-{n}"), draw(st.integers(1, 7))
        lines.append(Line(name, sku, quantity, 0, cancel_requested=False, proceeds=tuple(parts)))
    tip = money()
    return an_order(lines=tuple(lines), total=Money(grand + tip.amount, currency), extras=((LineKind.OTHER, tip),))


@given(st.booleans().flatmap(lambda n: st.booleans().flatmap(lambda t: orders(negated=n, taxed_inside=t))))
def test_the_lines_add_up_to_amazons_total(order: Order) -> None:
    made = document(KEY, order)
    assert order.total is not None
    assert sum((line.amount for line in made.lines), Decimal(0)) == order.total.amount
    assert made.total == order.total
    for line in order.lines:
        goods = [part for part in made.lines if part.kind is LineKind.ITEM and part.order_item_id == line.item_id]
        assert sum(part.quantity for part in goods) == line.quantity
        assert {part.sku for part in goods} == {line.sku}
    assert all(part.amount < 0 for part in made.lines if part.kind is LineKind.DISCOUNT)
    assert not any(part.amount == 0 for part in made.lines if part.kind is not LineKind.ITEM)


@given(orders(), st.integers(1, 10**6))
def test_one_unit_off_is_refused(order: Order, off: int) -> None:
    assert order.total is not None
    lied = Money(order.total.amount + off * minor_unit(order.total.currency), order.total.currency)
    wrong = replace(order, total=lied)
    assume(lied.amount not in _readings(wrong))
    with pytest.raises(Refused, match="add up"):
        document(KEY, wrong)


def _readings(order: Order) -> set[Decimal]:
    """What the amounts add up to, with tax and without."""
    amounts = [(kind, money.amount) for line in order.lines for kind, money in line.proceeds]
    amounts += [(kind, money.amount) for kind, money in order.extras]
    tax = sum((amount for kind, amount in amounts if kind is LineKind.TAX), Decimal(0))
    total = sum((amount for _, amount in amounts), Decimal(0))
    return {total, total - tax}


def _with(*proceeds: tuple[LineKind, str], total: str, currency: str = "EUR", **line: Any) -> Order:
    parts = tuple((kind, Money(Decimal(amount), currency)) for kind, amount in proceeds)
    made = replace(an_order().lines[0], proceeds=parts, **line)
    return an_order(lines=(made,), total=Money(Decimal(total), currency))


def test_yen_have_no_decimals() -> None:
    made = document(KEY, _with((LineKind.ITEM, "1981"), total="1981", currency="JPY"))
    assert [(line.quantity, line.unit_price) for line in made.lines] == [(1, Decimal(990)), (1, Decimal(991))]


def test_the_document_keeps_what_the_erp_needs() -> None:
    made = document(KEY, an_order())
    assert (made.key, made.marketplace, made.service_level) == (KEY, DE, "STANDARD")
    assert made.ordered_at < START < (made.ship_by or START)


def test_a_free_item_is_still_sent() -> None:
    made = document(KEY, _with((LineKind.ITEM, "0.00"), total="0.00"))
    assert [(line.sku, line.quantity, line.amount) for line in made.lines] == [("SKU-0001", 2, Decimal(0))]


def test_an_item_without_proceeds_is_still_sent() -> None:
    assert [line.quantity for line in document(KEY, _with(total="0.00")).lines] == [2]


def test_a_cancelled_line_is_left_out() -> None:
    assert document(KEY, _with(total="0.00", quantity=0, sku=None)).lines == ()


def test_an_order_without_proceeds_waits_for_a_human() -> None:
    with pytest.raises(Refused, match="no proceeds"):
        document(KEY, an_order(total=None))


def test_an_item_without_sku_is_named() -> None:
    with pytest.raises(Refused, match="item-1 has no seller SKU"):
        document(KEY, _with((LineKind.ITEM, "1.00"), total="1.00", sku=None))


@pytest.mark.parametrize("where", ["item", "charge", "extra"])
def test_two_currencies_are_refused(where: str) -> None:
    pound = Money(Decimal("20.00"), "GBP")
    kind = {"item": LineKind.ITEM, "charge": LineKind.SHIPPING, "extra": LineKind.OTHER}[where]
    line = replace(an_order().lines[0], proceeds=() if where == "extra" else ((kind, pound),))
    order = an_order(lines=(line,), extras=((kind, pound),) if where == "extra" else ())
    with pytest.raises(Refused, match="GBP in an order in EUR"):
        document(KEY, order)


ADDRESS: dict[str, Any] = {
    "name": "Łukasz Żółw",
    "companyName": "Żółw GmbH",
    "addressLine1": "Hauptstr. 1",
    "addressLine2": "",
    "addressLine3": "Hinterhof",
    "city": "Köln",
    "stateOrRegion": "NRW",
    "postalCode": "50667",
    "countryCode": "DE",
    "phone": "+49 1",
}


def _raw(**address: Any) -> dict[str, Any]:
    return {"recipient": {"deliveryAddress": {**ADDRESS, **address}}, "buyer": {"buyerEmail": "x@marketplace"}}


def test_the_recipient_is_read_byte_by_byte() -> None:
    read = recipient(
        {**_raw(), "recipient": {**_raw()["recipient"], "deliveryPreference": {"addressInstruction": "♣"}}}
    )
    assert read is not None
    assert (read.name, read.company, read.street) == ("Łukasz Żółw", "Żółw GmbH", ("Hauptstr. 1", "Hinterhof"))
    assert (read.city, read.region, read.postal_code, read.country) == ("Köln", "NRW", "50667", "DE")
    assert (read.phone, read.email, read.instructions) == ("+49 1", "x@marketplace", "♣")


def test_a_recipient_never_prints_itself() -> None:
    assert "Łukasz" not in f"{recipient(_raw())!r} {recipient(_raw())}"


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"recipient": None},
        {"recipient": {}},
        {"recipient": {"deliveryAddress": None}},
        {"recipient": {"deliveryAddress": {"city": "Köln", "postalCode": "50667", "countryCode": "DE"}}},
        _raw(name="", companyName=None),
        _raw(addressLine1="", addressLine3=None),
        _raw(countryCode=None),
    ],
)
def test_what_amazon_withholds_is_none(raw: dict[str, Any]) -> None:
    assert recipient(raw) is None


@given(st.sampled_from(["recipient", "buyer", "deliveryAddress", *ADDRESS]), JUNK)
def test_junk_is_no_recipient_at_worst(name: str, junk: Any) -> None:
    raw = {**_raw(), name: junk} if name in {"recipient", "buyer"} else _raw(**{name: junk})
    read = recipient({"recipient": {"deliveryAddress": junk}} if name == "deliveryAddress" else raw)
    assert read is None or all(isinstance(text, str) for text in (read.name, *read.street, read.city, read.email))


def test_a_company_is_a_name() -> None:
    read = recipient(_raw(name=None))
    assert read is not None
    assert read.name == "Żółw GmbH"


def test_brazilian_addresses_come_in_parts() -> None:
    parts = {"streetName": "Rua das Flores", "streetNumber": "123", "complement": None, "neighborhood": "Vila"}
    read = recipient(_raw(addressLine1=None, addressLine3=None, extendedFields=parts, city=None, municipality="Cotia"))
    assert read is not None
    assert read.street == ("Rua das Flores 123",)
    assert read.city == "Cotia"


def test_address_lines_come_before_parts() -> None:
    read = recipient(_raw(extendedFields={"streetName": "Rua"}))
    assert read is not None
    assert read.street == ("Hauptstr. 1", "Hinterhof")


def test_parts_without_a_street_are_no_address() -> None:
    assert recipient(_raw(addressLine1=None, addressLine3=None, extendedFields={"neighborhood": "Vila"})) is None
