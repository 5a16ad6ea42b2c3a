"""Parcels as the ERP reports them, over and over: every unit is counted once, and none more than was ordered."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.documents import Package, Shipment, ShipmentState
from bridge.domain.ids import OrderItemId, OrderKey
from bridge.domain.lifecycle import CONFIRM_SHIPMENT, FETCH_ORDER, Change, Ending
from bridge.domain.work import Work
from bridge.stores.desk import Desk
from bridge.stores.orders import Orders
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
    """The parcels that are not parked, once everybody's turn has come."""
    made.work_off()
    desk = Desk(made.table, made.clock, Orders(made.table, made.clock))
    parcels = [parcel for parcel, _ in made.ports.parcels.all(key)]
    states = {parcel: desk.state(Work(CONFIRM_SHIPMENT, key, parcel.part)) or {} for parcel in parcels}
    assert {bool(parcel.surplus) == (state.get("shelf") == "parked") for parcel, state in states.items()} <= {True}
    return {parcel.part: parcel.lines for parcel, state in states.items() if "shelf" not in state}


def report(made: World, said: Shipment) -> tuple[Work, ...]:
    works = made.ports.parcels.report(said)
    made.ports.send(works)
    return works


@given(REPORTS)
def test_what_is_packed_is_what_waits_and_never_more_than_was_ordered(reports: list[tuple[str, Lines, str]]) -> None:
    made, key = world()
    for package in reports:
        report(made, shipment(key, package))
        units: Counter[OrderItemId] = Counter()
        for lines in waiting(made, key).values():
            units.update(dict(lines))
        packed = {item: count for item, count in made.ports.orders.get(key).packed.items() if count}
        assert packed == dict(units)
        assert all(count <= ORDERED[item] for item, count in units.items())


def test_the_same_report_again_is_no_work() -> None:
    made, key = world()
    said = shipment(key, ("P1", ((ITEM, 1),), "T1"), ("P2", ((OTHER, 1),), "T2"))
    assert [work.part for work in made.ports.parcels.report(said)] == ["S1#P1", "S1#P2"]
    assert made.ports.parcels.report(said) == ()


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
    report(made, shipment(key, ("P1", ((ITEM, 3),), "T1")))
    (work,) = report(made, shipment(key, ("P2", ((ITEM, 2),), "T2")))
    assert work == Work(CONFIRM_SHIPMENT, key, "S1#P2")
    assert waiting(made, key) == {"S1#P1": ((ITEM, 3),)}
    (entry,) = Parking(made.table, made.clock).list()
    assert entry.reason == "parcels hold 5 of order item item-1, ordered were 4"
    assert made.signals.counts["Parked"] == 1
    assert [said.tracking for said in made.amazon.confirmations] == ["T1"]
    assert made.ports.orders.get(key).packed == {ITEM: 3}


def test_a_human_may_let_a_surplus_parcel_through() -> None:
    made, key = world()
    report(made, shipment(key, ("P1", ((ITEM, 3),), "T1")))
    (work,) = report(made, shipment(key, ("P2", ((ITEM, 2),), "T2")))
    made.work_off()
    for accept, told in ((False, ["T1"]), (True, ["T1", "T2"])):
        assert made.ports.desk.retry(work, accept=accept)  # type: ignore[attr-defined]
        made.queue.send(work)
        made.work_off()
        assert [said.tracking for said in made.amazon.confirmations] == told


def test_a_parcel_that_is_corrected_after_too_many_goes_its_way() -> None:
    made, key = world()
    report(made, shipment(key, ("P1", ((ITEM, 5),), "T1")))
    assert waiting(made, key) == {}
    (work,) = report(made, shipment(key, ("P1", ((ITEM, 4),), "T1")))
    assert work == Work(CONFIRM_SHIPMENT, key, "S1#P1")
    assert made.ports.orders.get(key).packed == {ITEM: 4}
    assert waiting(made, key) == {"S1#P1": ((ITEM, 4),)}
    report(made, shipment(key, ("P2", ((ITEM, 1),), "T2")))
    assert waiting(made, key) == {"S1#P1": ((ITEM, 4),)}


def test_the_corrected_tracking_number_of_a_surplus_parcel_is_not_told() -> None:
    made, key = world()
    report(made, shipment(key, ("P1", ((ITEM, 4),), "T1")))
    for tracking in ("T2", "T2-corrected"):
        report(made, shipment(key, ("P2", ((ITEM, 1),), tracking)))
        assert waiting(made, key) == {"S1#P1": ((ITEM, 4),)}
    assert [said.tracking for said in made.amazon.confirmations] == ["T1"]
    assert made.ports.orders.get(key).packed == {ITEM: 4}
    assert made.signals.counts["Parked"] == 2


def test_a_parcel_before_its_order_asks_for_the_order() -> None:
    made = World()
    key = made.key("305-7")
    works = made.ports.parcels.report(shipment(key, ("P1", ((ITEM, 9),), "T1")))
    assert works == (Work(CONFIRM_SHIPMENT, key, "S1#P1"), Work(FETCH_ORDER, key))


def told(made: World, work: Work) -> None:
    """As the effect ends when Amazon accepted the parcel as it was claimed."""
    turn = made.ports.desk.claim(work, None)
    assert turn is not None
    turn = made.ports.desk.open(turn)
    accepted = made.ports.parcels.claimed(turn)
    assert not accepted.told
    made.ports.desk.complete(turn, Ending(turn.head, Change, told=accepted.digest))


def test_a_parcel_is_accepted_as_it_was_told_and_no_other() -> None:
    made, key = world()
    (work,) = made.ports.parcels.report(shipment(key, ("P1", ((ITEM, 1),), "T1")))
    told(made, work)
    assert [accepted for _, accepted in made.ports.parcels.all(key)] == [True]
    made.ports.parcels.report(shipment(key, ("P1", ((ITEM, 1),), "T2")))
    assert [(parcel.told, accepted) for parcel, accepted in made.ports.parcels.all(key)] == [(True, False)]


def test_what_was_corrected_while_it_was_told_is_known_to_be_told() -> None:
    made, key = world()
    (work,) = made.ports.parcels.report(shipment(key, ("P1", ((ITEM, 1),), "T1")))
    turn = made.ports.desk.claim(work, None)
    assert turn is not None
    turn = made.ports.desk.open(turn)
    made.ports.parcels.report(shipment(key, ("P1", ((ITEM, 1),), "T2")))
    ending = Ending(turn.head, Change, told=made.ports.parcels.claimed(turn).digest)
    assert made.ports.desk.complete(turn, ending) == (work,)
    assert [(parcel.told, accepted) for parcel, accepted in made.ports.parcels.all(key)] == [(True, False)]
