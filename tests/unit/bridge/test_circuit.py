"""An ERP that does not answer is left in peace: by all workers, at no cost to Amazon's quota, and never for long."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.circuit import FIRST_PAUSE, LONGEST_PAUSE, OPENS_AFTER, Circuit, admitted, failed
from bridge.domain.documents import CancelAnswer
from bridge.domain.errors import CircuitOpen, NotNow, Refused, Throttled, Unavailable
from bridge.domain.lifecycle import CONFIRM_SHIPMENT, FETCH_ORDER, HAND_TO_ERP, Change, Head
from bridge.domain.lines import HAND_OVER, Line
from bridge.domain.orders import Status
from bridge.domain.sellers import Mode
from bridge.domain.times import to_text
from bridge.domain.work import LEASE, Work
from bridge.erp.watched import Watched
from bridge.outbox import carry_out
from bridge.stores.circuits import Circuits
from bridge.stores.raising import raising
from bridge.sweeps import due, shipments
from tests.fakes.world import START, World, an_order
from tests.unit.test_order_flow import deliver, notification

S = timedelta(seconds=1)


def opened(pause: timedelta = FIRST_PAUSE) -> Circuit:
    return Circuit(OPENS_AFTER, START + pause, pause)


# Deciding.


def test_it_opens_after_five_failures_in_a_row() -> None:
    circuit = Circuit()
    for _ in range(OPENS_AFTER - 1):
        circuit = failed(circuit, START)
        assert admitted(circuit, START) is circuit
    circuit = failed(circuit, START)
    assert circuit == opened()
    with pytest.raises(CircuitOpen, match="left in peace for 30 s") as refusal:
        admitted(circuit, START)
    assert refusal.value.until == START + FIRST_PAUSE


def test_then_one_probe_at_a_time_is_let_through() -> None:
    now = START + FIRST_PAUSE
    probing = admitted(opened(), now)
    with pytest.raises(CircuitOpen, match="tried by somebody else") as refusal:
        admitted(probing, now + S)
    assert now < (refusal.value.until or now) <= now + LEASE
    assert admitted(probing, now + LEASE).probe == now + 2 * LEASE, "a probe that died is followed by another"


def test_pauses_double_up_to_five_minutes() -> None:
    circuit, now, pauses = opened(), START, []
    for _ in range(6):
        now = circuit.until or now
        circuit = failed(admitted(circuit, now), now)
        pauses.append(circuit.pause.total_seconds())
    assert pauses == [60, 120, 240, 300, 300, 300]
    assert circuit.probe is None


def test_what_was_under_way_when_it_opened_does_not_lengthen_the_pause() -> None:
    assert failed(opened(), START + S) == opened()


def ask(circuit: Circuit, now: datetime) -> tuple[Circuit, datetime | None]:
    """The circuit afterwards, and until when it kept us."""
    try:
        return admitted(circuit, now), None
    except CircuitOpen as refusal:
        return circuit, refusal.until


@given(st.lists(st.sampled_from(["ask", "fail", "answer", "wait"]), max_size=60))
def test_nobody_waits_longer_than_the_longest_pause(steps: list[str]) -> None:
    circuit, now = Circuit(), START
    for step in steps:
        if step == "wait":
            now += FIRST_PAUSE
        elif step == "fail":
            circuit = failed(circuit, now)
        elif step == "answer":
            circuit = Circuit()
        else:
            circuit, until = ask(circuit, now)
            assert now < (until or now + S) <= now + LONGEST_PAUSE
    late = now + LONGEST_PAUSE + LEASE
    assert admitted(circuit, late)


# Sharing.


@pytest.fixture
def world() -> World:
    return World()


def circuits(world: World, name: str = "fake") -> Circuits:
    return Circuits(world.table, world.clock, name)


def break_down(world: World) -> None:
    for _ in range(OPENS_AFTER):
        circuits(world).failed()


def test_workers_count_together_and_only_the_last_opens(world: World) -> None:
    assert [circuits(world).failed() for _ in range(OPENS_AFTER + 2)] == [False] * 4 + [True, False, False]
    with pytest.raises(CircuitOpen):
        circuits(world).admit()
    circuits(world, "another").admit()


def test_an_answer_in_between_begins_the_count_anew(world: World) -> None:
    mine = circuits(world)
    for _ in range(3):
        for _ in range(OPENS_AFTER - 1):
            assert not mine.failed()
        mine.admit()
        mine.answered()
    assert mine.state() == Circuit()


def test_an_answer_to_the_probe_closes_it_for_all(world: World) -> None:
    break_down(world)
    world.clock.sleep(31)
    probe = circuits(world)
    probe.admit()
    with pytest.raises(CircuitOpen):
        circuits(world).admit()
    probe.answered()
    circuits(world).admit()
    assert circuits(world).state() == Circuit()


def test_while_all_is_well_nothing_is_written(world: World) -> None:
    before = len(world.table)
    for _ in range(3):
        circuits(world).admit()
        circuits(world).answered()
    assert len(world.table) == before


def test_of_eight_at_once_one_probes(world: World) -> None:
    break_down(world)
    world.clock.sleep(31)
    through: list[int] = []

    def ask(number: int) -> None:
        try:
            circuits(world).admit()
        except CircuitOpen:
            return
        through.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(through) == 1


# Working.


def outage(world: World, orders: int = OPENS_AFTER + 3) -> list[Work]:
    """That many orders arrive while the ERP is down; each is tried once."""
    world.erp.down = True
    works = []
    for number in range(orders):
        order = an_order(f"305-000000{number}-0000001")
        works.append(Work(HAND_TO_ERP, world.place(order)))
        deliver(world, notification(order.order_id, number=number))
    world.work_off_once()
    return works


def minutes(world: World, count: int) -> None:
    for _ in range(count):
        world.clock.sleep(60)
        due.run(world.ports, lambda: 55.0)
        world.serve_lines()
        world.work_off()


def test_while_it_is_open_neither_erp_nor_amazon_is_asked_and_no_try_counts(world: World) -> None:
    works = outage(world)
    assert len(world.erp.calls) == world.amazon.reads.total() == OPENS_AFTER
    assert world.signals.counts["ErpCircuitOpen"] == 1
    states = [world.ports.desk.state(work) or {} for work in works]  # type: ignore[attr-defined]
    assert [state["tries"] for state in states] == [1] * OPENS_AFTER + [0] * 3
    waiting = world.ports.lines.waiting(Line(world.key().seller, "getOrder"), HAND_OVER, 100)
    assert [one.work for one in waiting] == works[OPENS_AFTER:]
    assert "left in peace" in states[-1]["reason"]


def test_a_try_that_found_no_quota_leaves_the_probe_to_others(world: World) -> None:
    works = outage(world)
    world.clock.sleep(FIRST_PAUSE.total_seconds() + 1)
    world.amazon.errors.append(Throttled("quota", START, slot=world.clock.now(), operation="getOrder"))
    carry_out(works[-1], None, world.ports)
    assert len(circuits(world).room(5)) == 1


def test_a_hundred_hand_overs_to_a_silent_erp_hide_no_parcel_behind_them(world: World) -> None:
    outage(world)
    for n in range(10, 130):
        work = Work(HAND_TO_ERP, world.key(f"305-{n:07d}-0000001"))
        world.ports.orders.change(work.key, lambda head: Change(head, (HAND_TO_ERP,)))
        carry_out(work, None, world.ports)
    look = Work(CONFIRM_SHIPMENT, world.key("305-0009999-0000001"), "S1#P1")
    world.table.update(raising(look, Head(look.key), world.clock.now()))
    turn = world.ports.desk.claim(look, None)
    assert turn
    world.ports.lines.join(turn, "getOrder", "quota")
    world.queue.waiting.clear()
    world.serve_lines()
    assert [work for work, _ in world.queue.waiting] == [look]


def test_while_it_is_open_nobody_who_would_ask_gets_a_seat_and_then_one_does(world: World) -> None:
    outage(world)
    world.queue.waiting.clear()
    read = Work(FETCH_ORDER, world.key("305-0000007-0000001"))
    world.ports.orders.change(read.key, lambda head: Change(head, (FETCH_ORDER,)))
    world.amazon.errors.append(Throttled("quota", START, operation="getOrder"))
    carry_out(read, None, world.ports)
    world.serve_lines()
    assert [work for work, _ in world.queue.waiting] == [read]
    world.queue.waiting.clear()
    world.clock.sleep(FIRST_PAUSE.total_seconds() + 1)
    world.serve_lines()
    assert [work.kind for work, _ in world.queue.waiting] == [HAND_TO_ERP]


def test_a_day_of_silence_costs_a_read_every_five_minutes_and_loses_nothing(world: World) -> None:
    works = outage(world)
    minutes(world, 60)
    asked = len(world.erp.calls)
    minutes(world, 60)
    assert len(world.erp.calls) - asked <= 13
    world.erp.down = False
    minutes(world, 20)
    assert sorted(world.erp.created) == sorted(work.key for work in works)
    assert circuits(world).state() == Circuit()


def test_an_erp_that_reads_well_and_writes_ill_is_left_in_peace(world: World) -> None:
    world.erp.fail_after_effect = True
    circuit = circuits(world)
    watched = Watched(world.erp, circuit, world.signals)
    for number in range(OPENS_AFTER):
        with pytest.raises(Unavailable):
            watched.hold(world.key(), str(number))
        watched.find(world.key())
    with pytest.raises(CircuitOpen):
        circuit.admit()


@pytest.mark.parametrize("answer", [Refused("no such product"), NotNow("busy")])
def test_a_refusal_is_an_answer(world: World, answer: Exception) -> None:
    circuit = circuits(world)
    watched = Watched(world.erp, circuit, world.signals)
    circuit.failed()
    circuit.admit()

    def refuse(_: object) -> CancelAnswer:
        raise answer

    world.erp.cancel = refuse  # type: ignore[method-assign, assignment]
    with pytest.raises(type(answer)):
        watched.cancel(world.key())
    assert circuit.state() == Circuit()


def test_amazons_silence_is_not_the_erps(world: World) -> None:
    key = world.place(an_order())
    for number in range(OPENS_AFTER + 2):
        world.amazon.errors.append(Unavailable("getOrder: 503"))
        deliver(world, notification(number=number))
        carry_out(Work(HAND_TO_ERP, key), None, world.ports)
        world.clock.sleep(400)
    assert circuits(world).state() == Circuit()


def test_a_cancellation_waits_too(world: World) -> None:
    key = world.place(an_order())
    deliver(world, notification())
    world.work_off()
    break_down(world)
    world.clock.sleep(1)
    order = replace(world.amazon.orders[key.order_id], status=Status.CANCELLED, version=to_text(world.clock.now()))
    _, works = world.ports.orders.fold(world.place(order), replace(order, digest="x"))
    world.ports.send(works)
    world.work_off_once()
    assert world.erp.cancelled == []
    minutes(world, 3)
    assert world.erp.cancelled == [key]


def test_a_table_that_fails_makes_no_doubt_of_what_the_erp_did(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = circuits(world)
    circuit.failed()
    circuit.admit()

    def silent() -> None:
        raise Unavailable("DynamoDB: ThrottlingException")

    monkeypatch.setattr(circuit, "answered", silent)
    assert Watched(world.erp, circuit, world.signals).cancel(world.key()) is CancelAnswer.DONE


def test_dry_run_and_the_look_at_shipments_do_not_care(world: World) -> None:
    break_down(world)
    world.connect(mode=Mode.DRY_RUN)
    world.place(an_order())
    deliver(world, notification())
    world.work_off()
    assert [event for event, _ in world.signals.notes if event == "would hand to the ERP"]
    shipments.run(world.ports, lambda: 55.0)
    assert world.erp.calls == ["list_shipments"]
