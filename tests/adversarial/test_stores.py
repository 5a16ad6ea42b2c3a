"""Orders, parcels, quotas, cursors: versions only grow, references stay, no slot is given twice, texts stay exact."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.documents import Package, Shipment, ShipmentState
from bridge.domain.errors import Throttled
from bridge.domain.ids import OrderItemId, Sku
from bridge.domain.money import read_money
from bridge.domain.orders import Line, Order, Status
from bridge.domain.pacing import User
from bridge.domain.times import to_text
from bridge.spapi.operation import Operation
from bridge.spapi.pacing import Pacer
from bridge.stores import keys
from bridge.stores.quota import Quota
from tests.adversarial.mutations import LETTERS
from tests.fakes.table import MemoryTable
from tests.fakes.world import SELLER, START, TestClock, World, an_order

MORE = settings(max_examples=600)
READINGS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([Status.UNSHIPPED, Status.SHIPPED, Status.CANCELLED])), max_size=8
)


def reading(minute: int, status: str) -> Order:
    """Amazon's version of a minute; its digest is its content."""
    return an_order(version=to_text(START + timedelta(minutes=minute)), status=status, digest=str(status))


def fold_all(readings: list[tuple[int, str]]) -> None:
    """The final version is the newest; an equal one counts once per content; each write is one revision."""
    world = World()
    key = world.key()
    seen = [world.ports.orders.get(key)]
    for minute, status in readings:
        order, before = reading(minute, status), seen[-1]
        after, works = world.ports.orders.fold(key, order)
        changed = order.version == before.version and order.digest != before.digest
        news = order.version > before.version or changed
        assert after.revision == before.revision + news
        assert (after.version, after.status) == ((order.version, status) if news else (before.version, before.status))
        assert news or works == ()
        assert world.ports.orders.get(key) == after
        seen.append(after)
    assert all(one.version <= other.version for one, other in pairwise(seen))
    assert seen[-1].version == max((reading(*entry).version for entry in readings), default="")


@given(READINGS)
def test_any_order_of_readings(readings: list[tuple[int, str]]) -> None:
    fold_all(readings)


@pytest.mark.thorough
@MORE
@given(READINGS)
def test_many_orders_of_readings(readings: list[tuple[int, str]]) -> None:
    fold_all(readings)


PACKAGES = st.tuples(
    st.sampled_from("AB"), st.sampled_from("12"), st.integers(1, 3), st.sampled_from(["T1", "T2"]), st.booleans()
)


def report_all(reports: list[tuple[str, str, int, str, bool]]) -> None:
    """References are unique and never change; packed units are those of the parcels that are no surplus."""
    world = World()
    key = world.place(an_order())
    world.ports.orders.fold(key, an_order())
    known: dict[str, int] = {}
    for shipment, package, units, tracking, twice in reports:
        lines = ((OrderItemId("item-1"), units),)
        packages = (Package(package, "DHL", tracking, START, lines),)
        said = Shipment(shipment, key, ShipmentState.SHIPPED, START, packages)
        world.ports.parcels.report(said)
        assert not (twice and world.ports.parcels.report(said))
        parcels = [parcel for parcel, _ in world.ports.parcels.all(key)]
        references = {parcel.part: parcel.reference for parcel in parcels}
        assert len(set(references.values())) == len(references)
        assert known.items() <= references.items()
        known = references
        packed: Counter[OrderItemId] = Counter()
        for parcel in parcels:
            packed.update({} if parcel.surplus else dict(parcel.lines))
        head = world.ports.orders.get(key)
        assert dict(head.packed).get(OrderItemId("item-1"), 0) == packed[OrderItemId("item-1")] <= 2
        assert head.revision == world.table.items[keys.head(key)]["rev"]


@given(st.lists(PACKAGES, max_size=6))
def test_any_order_of_parcels(reports: list[tuple[str, str, int, str, bool]]) -> None:
    report_all(reports)


@pytest.mark.thorough
@MORE
@given(st.lists(PACKAGES, max_size=10))
def test_many_orders_of_parcels(reports: list[tuple[str, str, int, str, bool]]) -> None:
    report_all(reports)


RATES = st.sampled_from([(0.5, 30), (0.0056, 20), (2.0, 10), (1.0, 1), (5.0, 2)])
STEPS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0, 0, 0, 0.1, 1, 7, 60, 900])), max_size=60)


def reserve_all(rate: float, burst: int, steps: list[tuple[int, float]]) -> None:
    """Three workers with memories of their own share one bucket: in no window more than burst + rate·t."""
    clock, table = TestClock(), MemoryTable()
    workers = [Pacer(Quota(table), clock) for _ in range(3)]
    operation = Operation("getOrder", "GET", "/", rate, burst)
    slots, waits = [], list[timedelta]()
    for worker, wait in steps:
        clock.time += timedelta(seconds=wait)
        try:
            [slot] = workers[worker].reserve(operation, SELLER, User.LIVE)
        except Throttled as throttled:
            waits.append((throttled.until or clock.now()) - clock.now())
            continue
        assert slot <= clock.now() + timedelta(seconds=60)
        slots.append((max(slot, clock.now()), clock.now()))
    assert all(wait > timedelta(0) for wait in waits)
    ahead = [slot for slot, now in slots if slot > now]
    assert len(set(ahead)) == len(ahead), "a slot was given twice"
    times = sorted(slot for slot, _ in slots)
    for first in range(len(times)):
        for last in range(first, len(times)):
            seconds = (times[last] - times[first]).total_seconds()
            assert last - first + 1 <= burst + rate * seconds + 1e-6


@given(RATES, STEPS)
def test_any_order_of_reservations(rate: tuple[float, int], steps: list[tuple[int, float]]) -> None:
    reserve_all(*rate, steps)


@pytest.mark.thorough
@MORE
@given(RATES, STEPS)
def test_many_orders_of_reservations(rate: tuple[float, int], steps: list[tuple[int, float]]) -> None:
    reserve_all(*rate, steps)


@given(st.lists(st.tuples(st.sampled_from(["advance", "bookmark", "forget", "begin"]), st.integers(0, 9)), max_size=12))
def test_a_cursor_only_goes_forward(steps: list[tuple[str, int]]) -> None:
    world = World()
    at = None
    for what, minute in steps:
        moment = START + timedelta(minutes=minute)
        if what == "advance":
            world.sellers.advance(SELLER, "orders", moment)
            at = max(at or moment, moment)
        elif what == "bookmark":
            world.sellers.bookmark(SELLER, "orders", "token", moment)
        elif what == "forget":
            world.sellers.forget(SELLER, "orders")
        else:
            world.sellers.begin(SELLER, "orders")
        cursor = world.sellers.cursor(SELLER, "orders")
        assert cursor.at == at
        assert (cursor.token is None) == (cursor.started is None)
        # A run that ends behind another one leaves that one's unfinished search alone.
        ended = what == "forget" or (what == "advance" and moment == at)
        assert not ended or cursor.token is None
        if what == "bookmark" and (at is None or moment > at):
            assert (cursor.token, cursor.started) == ("token", moment)


@given(st.lists(st.text(max_size=8) | st.sampled_from([text for text in LETTERS if text.isprintable()]), max_size=4))
def test_a_sku_comes_back_byte_for_byte(texts: list[str]) -> None:
    """No normalisation: é in one letter and in two are two SKUs at Amazon."""
    world = World()
    skus = [f"{text}#" for text in texts]
    lines = tuple(Line(OrderItemId(f"i{n}"), Sku(sku), 1, 0, cancel_requested=False) for n, sku in enumerate(skus))
    world.ports.orders.fold(world.key(), replace(an_order(), lines=lines))
    read = world.ports.orders.get(world.key())
    assert [str(item.sku).encode() for item in read.items.values()] == [sku.encode() for sku in skus]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=0, min_value=0, max_value=10**9))
def test_yen_have_no_cents_and_no_amount_is_ever_a_float(amount: Decimal) -> None:
    for raw in (str(amount), int(amount)):
        read = read_money({"amount": raw, "currencyCode": "JPY"})
        assert type(read.amount) is Decimal
        assert read.amount == amount
