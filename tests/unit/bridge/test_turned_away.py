"""An ERP that turns everything away is left in peace like a silent one, at once; one order to blame stops no other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.circuit import LONGEST_PAUSE, OPENS_AFTER, PROVEN, Circuit, answered, failed, room, turned_away
from bridge.domain.documents import Document, ErpOrder, Recipient
from bridge.domain.errors import CircuitOpen, Misconfigured, Unavailable
from bridge.domain.ids import OrderKey
from bridge.domain.lifecycle import HAND_TO_ERP
from bridge.domain.lines import HAND_OVER, Line
from bridge.domain.work import Work
from bridge.erp.renewed import RenewedErp
from bridge.erp.tryton.rest import Rest
from bridge.erp.watched import Watched
from bridge.erp.webhook.statuses import said_no
from bridge.stores.circuits import Circuits
from bridge.sweeps import due
from tests.fakes.erp import FakeErp
from tests.fakes.world import ANNA, START, World, an_order
from tests.unit.test_order_flow import deliver, notification

S, HOUR = timedelta(seconds=1), timedelta(hours=1)
WRONG_KEY = said_no(401, "", START)


@pytest.fixture
def world() -> World:
    return World()


def arrive(world: World, count: int) -> list[OrderKey]:
    keys = []
    for number in range(count):
        order = an_order(f"305-{number:07d}-0000001", ship_by=START + timedelta(days=2, minutes=number))
        keys.append(world.place(order))
        deliver(world, notification(order.order_id, number=number))
    return keys


def minutes(world: World, count: int) -> None:
    for _ in range(4 * count):
        world.clock.sleep(15)
        due.run(world.ports, lambda: 55.0)
        world.serve_lines()
        world.work_off()


def circuit(world: World) -> Circuit:
    return Circuits(world.table, world.clock, "fake").state()


def waiting(world: World) -> list[Work]:
    found = world.ports.lines.waiting(Line(world.key().seller, "getOrder"), HAND_OVER, 200)
    return [one.work for one in found]


# Deciding.


def test_one_such_answer_opens_it_for_the_longest_pause() -> None:
    after = turned_away(Circuit(), START, "a wrong key")
    assert (after.until, after.pause, after.reason) == (START + LONGEST_PAUSE, LONGEST_PAUSE, "a wrong key")
    assert turned_away(after, START + S, "another") == after, "sent before it opened"


def test_it_opens_also_out_of_a_short_silence_and_silence_follows_with_a_reason_no_more() -> None:
    silent = Circuit(5, START + 30 * S, 30 * S)
    away = turned_away(silent, START + S, "a wrong key")
    assert away.until == START + S + LONGEST_PAUSE
    again = failed(away, START + HOUR)
    assert (again.reason, again.pause) == ("", LONGEST_PAUSE)


def test_who_was_taken_since_is_proof_for_an_hour_that_the_next_may_be_to_blame_itself() -> None:
    closed = answered(turned_away(Circuit(), START, "no"), START + HOUR)
    assert closed == Circuit(proven=START + HOUR)
    assert closed.quiet
    one = turned_away(closed, START + HOUR + S, "no")
    assert one.until is None
    assert answered(one, START + HOUR + 2 * S).proven == START + HOUR + 2 * S
    for _ in range(OPENS_AFTER - 2):
        one = turned_away(one, START + HOUR + S, "no")
        assert one.until is None
    assert turned_away(one, START + HOUR + S, "no").until
    assert turned_away(closed, START + HOUR + PROVEN, "no").until


def test_an_answer_after_silence_alone_proves_nothing() -> None:
    assert answered(failed(Circuit(), START), START) == Circuit()


@given(st.integers(1, 100), st.integers(1, 40))
def test_every_place_in_the_row_is_a_probe_in_its_turn(wanted: int, failures: int) -> None:
    probes = set()
    for number in range(failures, failures + wanted):
        (place,) = room(Circuit(number, START, LONGEST_PAUSE), START, wanted)
        probes.add(place)
    assert probes == set(range(wanted))


def test_nobody_has_room_while_it_is_open_or_a_probe_is_out_and_all_when_it_is_closed() -> None:
    assert list(room(Circuit(), START, 3)) == [0, 1, 2]
    assert not room(Circuit(5, START + S, 30 * S), START, 3)
    assert not room(Circuit(5, START - S, 30 * S, probe=START + S), START, 3)
    assert not room(Circuit(5, START - S, 30 * S), START, 0)


# What connectors say.


def test_a_key_that_tryton_does_not_accept_is_misconfigured() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(401))
    with httpx.Client(transport=transport) as client, pytest.raises(Misconfigured, match=r'"key" in its secret'):
        Rest("http://erp.test", "erp", "key", client).search("sale.sale", [], ["id"])


@pytest.mark.parametrize("method", ["find", "cancel", "hold"])
def test_every_question_tells(world: World, method: str) -> None:
    world.erp.turns_away = WRONG_KEY
    with pytest.raises(Misconfigured):
        getattr(world.ports.erp, method)(world.key(), *(["reason"] if method == "hold" else []))
    assert "HTTP 401" in circuit(world).reason
    with pytest.raises(CircuitOpen, match=r"turns everything away .*signing_secrets.* 300 s"):
        world.circuit.admit()
    assert world.signals.counts["ErpCircuitOpen"] == 0


class Unreadable:
    """A secret that can be read once."""

    def __init__(self) -> None:
        self.reads = 0

    def __call__(self) -> dict[str, Any]:
        self.reads += 1
        if self.reads > 1:
            msg = "secret erp cannot be read"
            raise Misconfigured(msg)
        return {}


def test_our_own_secret_is_not_the_erps_answer_and_shows_before_amazon_is_read(world: World) -> None:
    erp = RenewedErp(lambda _: FakeErp(), Unreadable())
    watched = Watched(erp, world.circuit, world.signals)  # type: ignore[arg-type]
    for ask in (lambda: watched.find(world.key()), lambda: watched.cancel(world.key())):
        with pytest.raises(Misconfigured, match="cannot be read"):
            ask()
    object.__setattr__(world.ports, "erp", watched)
    arrive(world, 3)
    world.work_off()
    assert world.signals.counts["Misconfigured"] == 3
    assert not world.amazon.reads
    assert circuit(world) == Circuit()


def test_a_table_that_fails_hides_nothing_of_what_the_erp_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_: str) -> bool:
        raise Unavailable("DynamoDB: ThrottlingException")

    monkeypatch.setattr(world.circuit, "turned_away", silent)
    world.erp.turns_away = WRONG_KEY
    with pytest.raises(Misconfigured):
        world.ports.erp.cancel(world.key())


# Working.


def test_an_hour_of_401_costs_a_recipient_per_pause_and_loses_nothing(world: World) -> None:
    world.erp.turns_away = WRONG_KEY
    keys = arrive(world, 100)
    world.work_off()
    assert (world.amazon.recipients, len(world.erp.calls)) == (1, 1)
    assert waiting(world) == [Work(HAND_TO_ERP, key) for key in keys[1:]]
    minutes(world, 60)
    probes = len(world.erp.calls)
    assert 10 <= probes <= 13
    assert probes <= world.amazon.recipients <= probes + 2
    assert world.signals.counts["Misconfigured"] == probes, "the alarm rings for every one"
    assert "HTTP 401" in (world.ports.desk.state(Work(HAND_TO_ERP, keys[99])) or {})["reason"]  # type: ignore[attr-defined]
    world.erp.turns_away = None
    minutes(world, 12)
    assert sorted(world.erp.created) == sorted(keys), "each once"
    assert len(world.erp) == 100
    assert world.signals.counts["Parked"] == 0
    assert circuit(world).quiet


def blame(world: World, culprits: set[OrderKey], monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that means single orders by 404."""
    create = world.erp.create

    def picky(document: Document, recipient: Recipient) -> ErpOrder:
        assert recipient == ANNA
        if document.key in culprits:
            raise said_no(404, "", START)
        return create(document, recipient)

    monkeypatch.setattr(world.erp, "create", picky)


@pytest.mark.parametrize("culprits", [1, 2, 4])
def test_orders_that_alone_are_turned_away_hold_up_the_others_for_minutes_only(
    world: World, monkeypatch: pytest.MonkeyPatch, culprits: int
) -> None:
    keys = arrive(world, 30)
    blame(world, set(keys[:culprits]), monkeypatch)
    world.work_off()
    assert world.erp.created == []
    minutes(world, 6 * culprits)
    assert sorted(world.erp.created) == keys[culprits:]
    minutes(world, 30)
    late = arrive_late(world)
    world.work_off()
    minutes(world, 6)
    assert late in world.erp.created


def arrive_late(world: World) -> OrderKey:
    created = world.clock.now() - timedelta(minutes=1)
    order = an_order("305-9999999-0000001", created=created)
    deliver(world, notification(order.order_id, number=999))
    return world.place(order)
