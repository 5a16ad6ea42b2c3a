"""Parcels: a reference that a restore does not change, the carrier in Amazon's words, and dates that Amazon accepts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.documents import Package, Shipment, ShipmentState
from bridge.domain.ids import OrderId, OrderItemId, OrderKey
from bridge.domain.parcels import CARRIER_CODES, carrier_code, confirmation, parcel, part_of, reference, too_many
from tests.fakes.world import DE, SELLER, START

KEY = OrderKey(*SELLER, OrderId("305-0000001-0000001"))
ITEM = OrderItemId("item-1")
PACKAGE = Package("P1", "DHL", "T1", START, ((ITEM, 2),))
SHIPMENT = Shipment("S1", KEY, ShipmentState.SHIPPED, START, (PACKAGE,))
NAMES = st.text(min_size=1, max_size=20)


@given(NAMES, NAMES)
def test_a_reference_is_the_same_every_time_and_in_range(order_id: str, part: str) -> None:
    key = OrderKey(*SELLER, OrderId(order_id))
    number = reference(key, part, ())
    assert number == reference(key, part, ())
    assert 1 <= number <= 10**9


def test_a_reference_does_not_change_with_the_code() -> None:
    """These numbers are at Amazon already."""
    assert [reference(KEY, part_of("S1", package), ()) for package in ("P1", "P2")] == [28928943, 856326715]


@given(st.sets(st.integers(0, 5)))
def test_a_taken_reference_goes_one_further(steps: set[int]) -> None:
    first = reference(KEY, "S1#P1", ())
    taken = {first + step for step in steps}
    number = reference(KEY, "S1#P1", taken)
    assert number not in taken
    assert all(between in taken for between in range(first, number))


def test_the_last_reference_is_followed_by_the_first() -> None:
    class AllButOne:
        def __contains__(self, number: object) -> bool:
            seen.append(number)
            return number != 1

    seen: list[object] = []
    last = next(part for part in map(str, range(10**6)) if reference(KEY, part, ()) > 10**9 - 3000)
    assert reference(KEY, last, AllButOne()) == 1
    assert seen[-2] == 10**9


@pytest.mark.parametrize("code", CARRIER_CODES)
def test_every_code_of_amazons_is_known_however_it_is_written(code: str) -> None:
    assert carrier_code(code) == (code, None)
    assert carrier_code(code.upper().replace(" ", "-"))[0] == code


def test_the_codes_are_told_apart() -> None:
    assert len({carrier_code(code)[0] for code in CARRIER_CODES}) == len(CARRIER_CODES)


@pytest.mark.parametrize(
    ("carrier", "known"),
    [
        ("dhl paket", ("DHL-Paket", None)),
        ("  ups ", ("UPS", None)),
        ("Fahrradkurier Köln", ("Other", "Fahrradkurier Köln")),
        ("ヤマト運輸", ("Other", "ヤマト運輸")),
        (" DHL Packet ", ("Other", "DHL Packet")),
        ("", ("Other", "Other")),
        ("  ", ("Other", "Other")),
        ("—", ("Other", "—")),
    ],
)
def test_carriers(carrier: str, known: tuple[str, str | None]) -> None:
    assert carrier_code(carrier) == known


@pytest.mark.parametrize(
    ("shipped", "told"),
    [
        (timedelta(hours=-9), timedelta(hours=-1)),
        (timedelta(minutes=-30), timedelta(minutes=-30)),
        (timedelta(0), timedelta(0)),
        (timedelta(hours=9), timedelta(0)),
    ],
)
def test_a_parcel_is_never_shipped_before_it_was_bought_nor_in_the_future(shipped: timedelta, told: timedelta) -> None:
    made = replace(parcel(SHIPMENT, PACKAGE, 7), shipped_at=START + shipped)
    said = confirmation(made, DE, ordered_at=START - timedelta(hours=1), now=START)
    assert said.shipped_at == START + told


def test_a_confirmation_says_what_the_parcel_says() -> None:
    made = parcel(SHIPMENT, replace(PACKAGE, carrier="Bote", shipping_method="Express"), 7)
    said = confirmation(made, DE, ordered_at=START, now=START)
    assert (said.reference, said.tracking, said.lines, said.marketplace) == (7, "T1", ((ITEM, 2),), DE)
    assert (said.carrier_code, said.carrier_name, said.shipping_method) == ("Other", "Bote", "Express")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("carrier", "UPS"),
        ("tracking", "T2"),
        ("shipped_at", START + timedelta(seconds=1)),
        ("lines", ((ITEM, 1),)),
        ("shipping_method", "Express"),
    ],
)
def test_the_digest_changes_with_everything_amazon_hears(name: str, value: str | datetime) -> None:
    before = parcel(SHIPMENT, PACKAGE, 7)
    assert replace(before, **{name: value}).digest != before.digest  # type: ignore[arg-type]


def test_the_digest_does_not_mind_the_order_of_lines() -> None:
    lines = ((ITEM, 2), (OrderItemId("item-2"), 1))
    before = replace(parcel(SHIPMENT, PACKAGE, 7), lines=lines)
    assert replace(before, lines=lines[::-1]).digest == before.digest


COUNTS = st.dictionaries(st.sampled_from([OrderItemId(f"item-{n}") for n in range(4)]), st.integers(0, 5))


@given(COUNTS, COUNTS)
def test_more_than_was_ordered_is_told_apart(ordered: dict[OrderItemId, int], packed: dict[OrderItemId, int]) -> None:
    said = too_many(ordered, packed)
    surplus = [item for item, count in packed.items() if count > ordered.get(item, 0)]
    assert (said is not None) == bool(surplus)
    assert said is None or surplus[0] in said
