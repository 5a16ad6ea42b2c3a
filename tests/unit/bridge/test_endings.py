"""How a try ends: facts and completion together, and neither lost when the other cannot be."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.errors import Unavailable
from bridge.domain.lifecycle import CONFIRM_SHIPMENT, FETCH_ORDER, READ_BACK, Change, Ending, Head
from bridge.domain.work import Turn, Work
from bridge.stores import keys
from bridge.stores.raising import raising
from bridge.stores.table import Write
from tests.fakes.world import World, an_order

FETCH = FETCH_ORDER


@pytest.fixture
def world() -> World:
    return World()


def begun(world: World, kind: str = FETCH, part: str = "") -> Turn:
    """A try of asked-for work, with what is known."""
    work = Work(kind, world.place(an_order()), part)
    world.table.update(raising(work, Head(work.key), world.clock.now()))
    turn = world.ports.desk.claim(work, None)
    assert turn is not None
    return world.ports.desk.open(turn)


def handed(head: Head) -> Change:
    return Change(replace(head, erp_number="S1"), milestone="handed")


def state(world: World, turn: Turn) -> dict[str, object]:
    return world.ports.desk.state(turn.work) or {}  # type: ignore[attr-defined]


def test_facts_and_completion_are_one_write(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = begun(world)
    written: list[list[Write]] = []
    transact = world.table.transact
    monkeypatch.setattr(world.table, "transact", lambda writes: (written.append(list(writes)), transact(writes))[1])
    assert world.ports.desk.complete(turn, Ending(turn.head, handed)) == ()
    assert [[write.key.sk for write in writes] for writes in written] == [["HEAD", f"FX#{FETCH}"]]
    assert world.ports.orders.get(turn.work.key).erp_number == "S1"
    assert "due" not in state(world, turn)


def test_facts_that_changed_meanwhile_are_asked_about_anew(world: World) -> None:
    turn = begun(world)
    world.ports.orders.change(turn.work.key, lambda head: Change(replace(head, cancel_requested=True)))
    world.ports.desk.complete(turn, Ending(turn.head, handed))
    head = world.ports.orders.get(turn.work.key)
    assert (head.erp_number, head.cancel_requested) == ("S1", True)
    assert "due" not in state(world, turn)


def test_news_during_the_try_keep_the_work_due_and_the_facts(world: World) -> None:
    turn = begun(world)
    world.table.update(raising(turn.work, Head(turn.work.key), world.clock.now()))
    assert world.ports.desk.complete(turn, Ending(turn.head, handed)) == (turn.work,)
    assert world.ports.orders.get(turn.work.key).erp_number == "S1"
    assert state(world, turn)["due"]


def test_one_who_lost_the_claim_still_tells_what_happened(world: World) -> None:
    turn = begun(world)
    world.clock.sleep(61)
    successor = world.ports.desk.claim(turn.work, None)
    assert successor is not None
    assert world.ports.desk.complete(turn, Ending(turn.head, handed)) == ()
    assert world.ports.orders.get(turn.work.key).erp_number == "S1"
    assert state(world, turn)["f"] == successor.fence
    assert state(world, turn)["due"]


def test_a_parcel_told_without_the_claim_is_known_to_be_told(world: World) -> None:
    turn = begun(world, CONFIRM_SHIPMENT, "S1#P1")
    world.clock.sleep(61)
    assert world.ports.desk.claim(turn.work, None) is not None
    world.ports.desk.complete(turn, Ending(turn.head, handed, told="digest"))
    assert state(world, turn)["done_h"] == "digest"


def test_nothing_new_is_a_completion_alone(world: World) -> None:
    turn = begun(world)
    assert world.ports.desk.complete(turn, Ending(turn.head, lambda head: None)) == ()
    assert world.table.get(keys.head(turn.work.key)) is None
    assert "due" not in state(world, turn)


def test_what_an_ending_calls_for_later_is_left_to_the_sweep(world: World) -> None:
    turn = begun(world)
    later = timedelta(minutes=15)
    assert world.ports.desk.complete(turn, Ending(turn.head, lambda head: Change(head, (READ_BACK,), later))) == ()
    now = world.clock.now()
    assert world.ports.desk.take_due(now, 9) == []
    assert world.ports.desk.take_due(now + later, 9) == [Work(READ_BACK, turn.work.key)]


def test_what_an_ending_calls_for_now_is_sent_now(world: World) -> None:
    turn = begun(world)
    wanted = Ending(turn.head, lambda head: Change(head, (READ_BACK,)))
    assert world.ports.desk.complete(turn, wanted) == (Work(READ_BACK, turn.work.key),)


def test_a_lagging_look_up_lengthens_lease_and_pause(world: World) -> None:
    desk, orders = type(world.ports.desk), world.ports.orders
    slow = desk(world.table, world.clock, orders, unseen=timedelta(seconds=30))  # type: ignore[call-arg]
    turn = begun(world)
    world.clock.sleep(61)
    turn = slow.claim(turn.work, None)  # type: ignore[assignment]
    assert turn is not None
    world.clock.sleep(89)
    assert slow.claim(turn.work, None) is None
    world.clock.sleep(1)
    again = slow.claim(turn.work, None)
    assert again is not None
    now = world.clock.now()
    assert slow.postpone(again, now, Unavailable("no answer")) == now + timedelta(seconds=50)
