"""Effects that were interrupted: what may have landed is found, what was corrected is told, and slots are not mixed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.domain.documents import Shipment
from bridge.domain.errors import BridgeError, Misconfigured, NotNow, Refused, Throttled, Unavailable, Unreadable
from bridge.domain.ids import OrderKey
from bridge.domain.lifecycle import AMEND_IN_ERP, CONFIRM_SHIPMENT, HAND_TO_ERP
from bridge.domain.orders import Order, Status
from bridge.domain.parcels import Confirmation
from bridge.domain.readings import Reading
from bridge.domain.sellers import Mode
from bridge.domain.times import to_text
from bridge.domain.work import Work
from bridge.outbox import carry_out
from bridge.ports import Ports
from bridge.reactions.shipment_dispatched import react
from bridge.sweeps import due
from tests.fakes.world import World, an_order
from tests.unit.test_order_flow import deliver, notification, shipped


@pytest.fixture
def world() -> World:
    return World()


def minutes(world: World, count: int) -> None:
    """That many minutes, each with its sweep of due work."""
    for _ in range(count):
        world.clock.sleep(60)
        due.run(world.ports, lambda: 55.0)
        world.work_off()


def handed(world: World) -> OrderKey:
    key = world.place(an_order())
    deliver(world, notification())
    world.work_off()
    return key


def with_carrier(shipment: Shipment, carrier: str) -> Shipment:
    return replace(shipment, packages=(replace(shipment.packages[0], carrier=carrier),))


# Handing over.


def cancel_at_amazon(world: World, key: OrderKey) -> None:
    order = world.amazon.orders[key.order_id]
    world.place(replace(order, status=Status.CANCELLED, version=to_text(world.clock.now()), digest="cancelled"))


def test_an_order_that_is_cancelled_after_its_creation_was_never_answered_is_stopped_in_the_erp(world: World) -> None:
    key = world.place(an_order())
    world.erp.fail_after_effect = True
    deliver(world, notification())
    world.work_off_once()
    world.erp.fail_after_effect = False
    assert world.erp.created == [key]
    cancel_at_amazon(world, key)
    minutes(world, 5)
    assert world.erp.sales[key].state == "cancelled"
    head = world.ports.orders.get(key)
    assert (bool(head.erp_number), head.erp_cancelled) == (True, "done")
    assert world.erp.created == [key]


def test_an_order_that_is_cancelled_after_a_try_that_did_not_land_makes_nothing(world: World) -> None:
    key = world.place(an_order())
    world.erp.down = True
    deliver(world, notification())
    world.work_off_once()
    world.erp.down = False
    cancel_at_amazon(world, key)
    minutes(world, 5)
    assert (world.erp.created, world.erp.sales) == ([], {})
    assert world.ports.desk.overdue(world.clock.now() + timedelta(days=1)) == 0  # type: ignore[attr-defined]


def test_a_look_for_a_lost_answer_that_is_not_answered_is_repeated(world: World) -> None:
    key = world.place(an_order())
    world.erp.fail_after_effect = True
    deliver(world, notification())
    world.work_off_once()
    world.erp.fail_after_effect, world.erp.down = False, True
    cancel_at_amazon(world, key)
    minutes(world, 5)
    world.erp.down = False
    minutes(world, 15)
    assert world.erp.sales[key].state == "cancelled"


# Telling Amazon.


def test_a_correction_that_was_not_answered_is_told_again(world: World) -> None:
    """The tracking number stays, so that Amazon shows it proves nothing of the carrier."""
    handed(world)
    react(shipped(world), world.ports)
    world.work_off()
    react(with_carrier(shipped(world), "UPS"), world.ports)
    world.amazon.errors.append(Unavailable("confirmShipment: 503"))
    world.work_off()
    assert [said.carrier_code for said in world.amazon.confirmations] == ["DHL"]
    minutes(world, 5)
    assert [said.carrier_code for said in world.amazon.confirmations] == ["DHL", "UPS"]
    assert len({said.reference for said in world.amazon.confirmations}) == 1
    ((_, accepted),) = world.ports.parcels.all(world.key())
    assert accepted


def test_a_correction_to_and_fro_ends_as_it_was_said_last(world: World) -> None:
    handed(world)
    react(shipped(world), world.ports)
    world.work_off()
    first = shipped(world)
    react(with_carrier(first, "UPS"), world.ports)
    world.amazon.lands_before_error = True
    world.amazon.errors.append(Unavailable("confirmShipment: no answer"))
    world.work_off()
    react(with_carrier(first, "DHL"), world.ports)
    minutes(world, 5)
    assert [said.carrier_code for said in world.amazon.confirmations] == ["DHL", "UPS", "DHL"]


def test_a_correction_that_amazon_refuses_is_parked_though_the_number_is_shown(world: World) -> None:
    handed(world)
    react(shipped(world), world.ports)
    world.work_off()
    react(with_carrier(shipped(world), "UPS"), world.ports)
    world.amazon.errors.append(Refused("confirmShipment: 400 InvalidInput", "InvalidInput"))
    world.work_off()
    (parked,) = world.ports.parking.list()  # type: ignore[attr-defined]
    assert "400" in parked.reason


def test_a_tracking_number_that_comes_while_its_absence_is_parked_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed(world)
    react(shipped(world, tracking=""), world.ports)
    park = world.ports.desk.park

    def meanwhile(turn: Any, reason: str) -> bool:
        react(shipped(world, tracking="T9"), world.ports)
        return park(turn, reason)

    with monkeypatch.context() as changed:
        changed.setattr(world.ports.desk, "park", meanwhile)
        world.work_off_once()
    world.work_off()
    assert [said.tracking for said in world.amazon.confirmations] == ["T9"]
    assert world.ports.parking.list() == []  # type: ignore[attr-defined]
    assert world.signals.counts["Parked"] == 0


class PacedAmazon:
    """Answers only in a slot that was reserved for the operation; each slot is eight seconds away."""

    def __init__(self, world: World) -> None:
        self.world, self.amazon, self.lost = world, world.amazon, 1
        self.reserved: Counter[str] = Counter()
        self.used: list[str] = []

    def _pace(self, operation: str, slot: datetime | None) -> None:
        now = self.world.clock.now()
        if slot is None:
            self.reserved[operation] += 1
            slot = now + timedelta(seconds=8)
            raise Throttled(f"{operation}: next slot in 8 s", slot, slot=slot, operation=operation)
        assert slot <= now
        self.used.append(operation)

    def get_order(self, key: OrderKey, *, recipient: bool = False, slot: datetime | None = None) -> Reading:
        self._pace("getOrder", slot)
        return self.amazon.get_order(key, recipient=recipient)

    def confirm_shipment(self, key: OrderKey, confirmation: Confirmation, *, slot: datetime | None = None) -> None:
        self._pace("confirmShipment", slot)
        if self.lost:
            self.lost -= 1
            raise Unavailable("confirmShipment: no answer")
        self.amazon.confirm_shipment(key, confirmation)


def at_their_slots(world: World, ports: Ports, *, rounds: int) -> None:
    """Whatever waits, as SQS brings it; 20 s between the rounds."""
    for _ in range(rounds):
        for _ in range(len(world.queue.waiting)):
            work, slot = world.queue.waiting.popleft()
            world.clock.time = max(world.clock.time, slot or world.clock.time)
            carry_out(work, slot, ports)
        world.clock.sleep(20)


def test_a_slot_of_one_operation_is_not_used_for_another(world: World) -> None:
    key = handed(world)
    amazon = PacedAmazon(world)
    ports = replace(world.ports, amazon=amazon)  # type: ignore[arg-type]
    react(shipped(world), ports)
    at_their_slots(world, ports, rounds=9)
    assert amazon.used == ["confirmShipment", "getOrder", "confirmShipment"]
    assert amazon.reserved == {"confirmShipment": 2, "getOrder": 1}
    assert [said.tracking for said in world.amazon.confirmations] == ["T1"]
    assert "due" not in (world.ports.desk.state(Work(CONFIRM_SHIPMENT, key, "S1#P1")) or {})  # type: ignore[attr-defined]


def test_a_try_that_looked_and_is_refused_does_not_look_again(world: World) -> None:
    """A second look would need a second slot, and the try that has it looks first again: without end, call by call."""
    handed(world)
    amazon = PacedAmazon(world)
    ports = replace(world.ports, amazon=amazon)  # type: ignore[arg-type]
    given: list[datetime | None] = []
    get_order = amazon.get_order

    def looked(key: OrderKey, *, recipient: bool = False, slot: datetime | None = None) -> Reading:
        given.append(slot)
        return get_order(key, recipient=recipient, slot=slot)

    def refused(key: OrderKey, confirmation: Confirmation, *, slot: datetime | None = None) -> None:
        if amazon.lost:
            amazon.lost -= 1
            msg = "confirmShipment: no answer"
            raise Unavailable(msg)
        msg = "confirmShipment: 400"
        raise Refused(msg)

    amazon.get_order, amazon.confirm_shipment = looked, refused  # type: ignore[method-assign]
    react(shipped(world), ports)
    at_their_slots(world, ports, rounds=6)
    assert len([slot for slot in given if slot]) == 1
    assert [parked.reason for parked in ports.parking.list()] == ["confirmShipment: 400"]


# A human's word, and what it was said of.


def reduced(world: World, key: OrderKey, units: int, version: int) -> None:
    order = world.amazon.orders[key.order_id]
    lines = (replace(order.lines[0], quantity=units),)
    changed = replace(order, lines=lines, version=to_text(world.clock.now()), digest=f"reduced {version}")
    world.place(changed)
    world.ports.send(world.ports.orders.fold(key, changed)[1])


def test_a_change_that_came_after_the_human_is_not_accepted_with_it(world: World) -> None:
    key = handed(world)
    world.clock.sleep(60)
    reduced(world, key, 1, 1)
    world.work_off()
    assert world.ports.desk.retry(Work(AMEND_IN_ERP, key))  # type: ignore[attr-defined]
    world.clock.sleep(60)
    reduced(world, key, 3, 2)
    world.work_off()
    assert world.ports.orders.get(key).erp_items == {"item-1": 2}
    (parked,) = world.ports.parking.list()  # type: ignore[attr-defined]
    assert "2 → 3" in parked.reason


def asked(world: World, key: OrderKey) -> Order:
    order = world.amazon.orders[key.order_id]
    lines = (replace(order.lines[0], cancel_requested=True),)
    return replace(order, lines=lines, version=to_text(world.clock.now()), digest="asked")


def test_a_request_that_was_withdrawn_while_the_document_was_held_is_not_kept_as_held(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = handed(world)
    world.clock.sleep(60)
    order, hold = world.amazon.orders[key.order_id], world.erp.hold

    def withdrawn(held: OrderKey, reason: str) -> None:
        hold(held, reason)
        world.clock.sleep(1)
        world.ports.orders.fold(key, replace(order, version=to_text(world.clock.now()), digest="withdrawn"))

    monkeypatch.setattr(world.erp, "hold", withdrawn)
    world.ports.send(world.ports.orders.fold(key, asked(world, key))[1])
    world.work_off()
    assert not world.ports.orders.get(key).erp_held


def test_a_request_that_comes_while_the_document_is_made_holds_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = world.place(an_order())
    create = world.erp.create

    def asked_meanwhile(*arguments: Any) -> Any:
        made = create(*arguments)
        world.ports.orders.fold(key, asked(world, key))
        return made

    monkeypatch.setattr(world.erp, "create", asked_meanwhile)
    deliver(world, notification())
    world.work_off()
    assert world.erp.held == [key]


def test_an_order_of_the_old_system_is_not_cancelled_in_the_erp(world: World) -> None:
    order = an_order(status=Status.CANCELLED, created=world.clock.now() - timedelta(days=3))
    key = world.place(order)
    world.ports.send(world.ports.orders.fold(key, order)[1])
    world.work_off()
    assert world.erp.cancelled == []


def test_whoever_cancels_what_was_just_made_waits_until_it_can_be_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.erp, "lookup_lag", timedelta(seconds=30))
    key = world.place(an_order())
    create = world.erp.create

    def cancelled_meanwhile(*arguments: Any) -> Any:
        made = create(*arguments)
        cancel_at_amazon(world, key)
        world.ports.orders.fold(key, world.amazon.orders[key.order_id])
        return made

    monkeypatch.setattr(world.erp, "create", cancelled_meanwhile)
    deliver(world, notification())
    world.work_off()
    assert world.erp.cancelled == []
    minutes(world, 2)
    assert world.erp.cancelled == [key]


# Rehearsing.


@pytest.mark.parametrize(
    "error", [NotNow("x"), Refused("x"), Unreadable("x"), Misconfigured("x"), Unavailable("x")], ids=repr
)
def test_whatever_goes_wrong_in_a_rehearsal_lays_the_work_aside(world: World, error: BridgeError) -> None:
    world.connect(mode=Mode.DRY_RUN)
    key = world.place(an_order())
    world.amazon.errors.append(error)
    deliver(world, notification())
    world.work_off()
    state = world.ports.desk.state(Work(HAND_TO_ERP, key)) or {}  # type: ignore[attr-defined]
    assert (state["shelf"], state["reason"], state["tries"]) == ("paused", "dry run: x", 0)
    assert not world.erp.created
