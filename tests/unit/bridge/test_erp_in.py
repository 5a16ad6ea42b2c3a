"""The ERP's queue: what the API takes, and what becomes of the rest when nobody waits for an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import api, erp_in
from bridge.domain.errors import Unavailable
from bridge.domain.sellers import Mode
from tests.fakes.world import World, an_order
from tests.unit.bridge.test_api import BODY, changed
from tests.unit.bridge.test_entries import Context, batch

SHIPMENT = {"route": "shipments", "body": BODY}
WHO = {name: BODY[name] for name in ("region", "seller_id", "order_id")}


@pytest.fixture
def world() -> World:
    made = World()
    made.ports.orders.fold(made.place(an_order()), an_order())
    return made


def send(world: World, *messages: Any) -> list[str]:
    """Which messages the queue brings again, by their number."""
    bodies = [message if isinstance(message, str) else json.dumps(message) for message in messages]
    answer = erp_in.consumer(world.ports)(batch(*bodies), Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def parked(world: World) -> list[str]:
    return [entry.reason for entry in world.ports.parking.list()]  # type: ignore[attr-defined]


def test_every_route_has_its_name_here() -> None:
    assert {f"POST /v1/{name}" for name in erp_in.NAMES} == set(api.ROUTES)


def test_a_shipment_twice_and_an_acknowledgement(world: World) -> None:
    said = {"route": "acknowledgements", "body": {**WHO, "number": "SO-1", "version": an_order().version}}
    assert send(world, SHIPMENT, said, SHIPMENT) == []
    world.work_off()
    assert len(world.amazon.confirmations) == 1
    assert world.ports.orders.get(world.key()).erp_number == "SO-1"
    assert parked(world) == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("{", "the message is not JSON"),
        ("[" * 10**5, "the message is not JSON"),
        ("[]", "the message must be a JSON object"),
        ({}, "`route` must be one of shipments, acknowledgements"),
        ({"route": ["shipments"]}, "`route` must be one of"),
        ({"route": "shipments"}, "the body must be a JSON object"),
        ({"route": "shipments", "body": changed(("shipment_id",), "")}, "`shipment_id` must be"),
        ({"route": "cancellation-answers", "body": {**WHO, "answer": "done"}}, "Amazon has not cancelled this order"),
    ],
)
def test_what_is_wrong_is_parked_and_keeps_no_neighbour(world: World, message: Any, reason: str) -> None:
    assert send(world, message, SHIPMENT) == []
    (why,) = parked(world)
    assert reason in why
    assert world.signals.counts["Parked"] == 1
    world.work_off()
    assert len(world.amazon.confirmations) == 1


def test_a_refusal_names_the_order(world: World) -> None:
    send(world, {"route": "cancellation-answers", "body": {**WHO, "answer": "done"}})
    assert parked(world)[0].startswith(f"cancellation-answers {WHO['order_id']}: ")


@pytest.mark.parametrize("seller_id", [BODY["seller_id"], "AOTHER0000000"])
def test_what_is_for_nobody_who_is_served_stays_in_the_queue(world: World, seller_id: str) -> None:
    world.connect(mode=Mode.PAUSED)
    message = {"route": "shipments", "body": {**BODY, "seller_id": seller_id}}
    assert send(world, message) == ["0"]
    assert parked(world) == []
    world.connect()
    assert send(world, SHIPMENT) == []


def test_a_table_that_does_not_answer_brings_it_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: Any) -> None:
        raise Unavailable("DynamoDB: ThrottlingException")

    with monkeypatch.context() as patch:
        patch.setattr(world.table, "transact", silent)
        assert send(world, SHIPMENT) == ["0"]
    assert send(world, SHIPMENT) == []


@given(st.text() | st.dictionaries(st.sampled_from(["route", "body", "x"]), st.sampled_from([*erp_in.NAMES, {}, 1])))
def test_junk_is_parked_and_nothing_more(message: Any) -> None:
    assert send(World(), message) == []
