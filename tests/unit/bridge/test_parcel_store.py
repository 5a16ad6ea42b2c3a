"""Parcels as the ERP reports them, over and over: every unit is counted once, and none more than was ordered."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.documents import Package, Shipment, ShipmentState
from bridge.domain.ids import OrderItemId, OrderKey
from bridge.domain.lifecycle import CONFIRM_SHIPMENT, FETCH_ORDER
from bridge.domain.work import Work
from bridge.stores.parking import Parking
from tests.fakes.world import START, World, an_order

Lines = tuple[tuple[OrderItemId, int], ...]
ITEM, OTHER = OrderItemId("item-1"), OrderItemId("item-2")
ORDERED = {ITEM: 4, OTHER: 1}
LINES = st.dictionaries(st.sampled_from([ITEM, OTHER]), st.integers(1, 5), min_size=1).map(lambda d: tuple(d.items()))
REPORTS = st.lists(st.tuples(st.sampled_from(["P1", "P2", "P3"]), LINES, st.sampled_from(["T1", "T2"])), max_size=12)


def world() -> tuple[World, OrderKey]:
    made = World()
    line = an_order().lines[0]
    lines = tuple(replace(line, item_id=item, quantity=count) for item, count in ORDERED.items())
    key = made.place(an_order(lines=lines))
    made.ports.orders.fold(key, an_order(lines=lines))
    return made, key


def shipment(key: OrderKey, *packages: tuple[str, Lines, str]) -> Shipment:
    packed = tuple(Package(package, "DHL", tracking, START, lines) for package, lines, tracking in packages)
    return Shipment("S1", key, ShipmentState.SHIPPED, START, packed)


def waiting(made: World, key: OrderKey) -> dict[str, Lines]:
    """The parcels that Amazon may be told of."""
    return {parcel.part: parcel.lines for parcel, _ in made.ports.parcels.all(key) if not parcel.surplus}


@given(REPORTS)
def test_what_is_packed_is_what_waits_and_never_more_than_was_ordered(reports: list[tuple[str, Lines, str]]) -> None:
    made, key = world()
    for report in reports:
        made.ports.parcels.report(shipment(key, report))
        units: Counter[OrderItemId] = Counter()
        for lines in waiting(made, key).values():
            units.update(dict(lines))
        packed = {item: count for item, count in made.ports.orders.get(key).packed.items() if count}
        assert packed == dict(units)
        assert all(count <= ORDERED[item] for item, count in units.items())


def test_the_same_report_again_is_no_work() -> None:
    made, key = world()
    report = shipment(key, ("P1", ((ITEM, 1),), "T1"), ("P2", ((OTHER, 1),), "T2"))
    assert [work.part for work in made.ports.parcels.report(report)] == ["S1#P1", "S1#P2"]
    assert made.ports.parcels.report(report) == ()


def test_a_correction_keeps_the_reference() -> None:
    made, key = world()
    made.ports.parcels.report(shipment(key, ("P1", ((ITEM, 1),), "T1")))
    ((before, _),) = made.ports.parcels.all(key)
    made.ports.parcels.report(shipment(key, ("P1", ((ITEM, 2),), "T2")))
    ((after, _),) = made.ports.parcels.all(key)
    assert (before.reference, before.tracking, after.tracking) == (after.reference, "T1", "T2")


def test_no_two_parcels_share_a_reference() -> None:
    made, key = world()
    made.ports.parcels.report(shipment(key, *((f"P{n}", ((ITEM, 1),), "T") for n in range(4))))
    assert len({parcel.reference for parcel, _ in made.ports.parcels.all(key)}) == 4


def test_too_many_units_wait_for_a_human() -> None:
    made, key = world()
    made.ports.parcels.report(shipment(key, ("P1", ((ITEM, 3),), "T1")))
    (work,) = made.ports.parcels.report(shipment(key, ("P2", ((ITEM, 2),), "T2")))
    made.queue.send(work)
    made.work_off()
    assert made.amazon.confirmations == []
    assert made.signals.counts["Parked"] == 1
    (entry,) = Parking(made.table, made.clock).list()
    assert entry.reason == "parcels hold 5 of order item item-1, ordered were 4"
    assert waiting(made, key) == {"S1#P1": ((ITEM, 3),)}


def test_a_parcel_that_is_corrected_after_too_many_goes_its_way() -> None:
    made, key = world()
    made.ports.parcels.report(shipment(key, ("P1", ((ITEM, 5),), "T1")))
    (work,) = made.ports.parcels.report(shipment(key, ("P1", ((ITEM, 4),), "T1")))
    assert work == Work(CONFIRM_SHIPMENT, key, "S1#P1")
    assert made.ports.orders.get(key).packed == {ITEM: 4}
    made.ports.parcels.report(shipment(key, ("P2", ((ITEM, 1),), "T2")))
    assert [parcel.surplus for parcel, _ in made.ports.parcels.all(key)] == [
        "",
        "parcels hold 5 of order item item-1, ordered were 4",
    ]


def test_a_parcel_before_its_order_asks_for_the_order() -> None:
    made = World()
    key = made.key("305-7")
    works = made.ports.parcels.report(shipment(key, ("P1", ((ITEM, 9),), "T1")))
    assert works == (Work(CONFIRM_SHIPMENT, key, "S1#P1"), Work(FETCH_ORDER, key))


def test_a_parcel_is_accepted_as_it_was_told_and_no_other() -> None:
    made, key = world()
    made.ports.parcels.report(shipment(key, ("P1", ((ITEM, 1),), "T1")))
    ((told, _),) = made.ports.parcels.all(key)
    made.ports.parcels.confirmed(told)
    assert [accepted for _, accepted in made.ports.parcels.all(key)] == [True]
    made.ports.parcels.report(shipment(key, ("P1", ((ITEM, 1),), "T2")))
    assert [accepted for _, accepted in made.ports.parcels.all(key)] == [False]
