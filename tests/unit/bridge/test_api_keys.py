"""Idempotency keys: the same thing said under one key has one answer, another thing none, and a crash does no harm."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from bridge import api
from bridge.domain.errors import Unavailable
from bridge.domain.ids import NA, Seller
from bridge.stores.answers import KEPT
from tests.fakes.world import World, an_order
from tests.unit.bridge.test_api import BODY, changed

KEY = "7b1e2c0a-shipment"


@pytest.fixture
def world() -> World:
    made = World()
    made.ports.orders.fold(made.place(an_order()), an_order())
    return made


def post(world: World, body: Any = BODY, key: Any = KEY, route: str = "shipments") -> tuple[int, dict[str, Any], bool]:
    """Status, body, and whether it was said before."""
    event = {"routeKey": f"POST /v1/{route}", "body": json.dumps(body), "headers": {"idempotency-key": key}}
    answer = api.consumer(world.ports)(event, None)
    return answer["statusCode"], json.loads(answer["body"]), "idempotent-replayed" in answer["headers"]


def test_the_first_answer_is_given_again(world: World) -> None:
    assert post(world) == (202, {"parcels": 1}, False)
    assert post(world) == (202, {"parcels": 1}, True)
    assert post(world, key="another") == (202, {"parcels": 0}, False)


def test_it_is_the_same_body_however_it_is_written(world: World) -> None:
    post(world)
    assert post(world, dict(reversed(BODY.items()))) == (202, {"parcels": 1}, True)


@pytest.mark.parametrize(
    ("body", "route"),
    [
        (changed(("packages", 0, "tracking"), "T2"), "shipments"),
        ({**BODY, "number": "SO-1", "version": "x"}, "acknowledgements"),
    ],
)
def test_another_body_under_the_key_does_nothing(world: World, body: Any, route: str) -> None:
    post(world)
    status, said, _ = post(world, body, route=route)
    assert (status, said["error"].startswith("this Idempotency-Key came with something else")) == (422, True)
    world.work_off()
    assert [said.tracking for said in world.amazon.confirmations] == ["T1"]


def test_the_key_belongs_to_its_seller(world: World) -> None:
    world.connect(Seller(NA, world.key().seller_id))
    post(world)
    assert post(world, {**BODY, "region": "na"})[0] == 202


def test_what_was_not_understood_or_not_taken_does_not_use_up_the_key(world: World) -> None:
    assert post(world, changed(("shipment_id",), ""))[0] == 400
    assert post(world, {**BODY, "seller_id": "AOTHER0000000"})[0] == 409
    assert post(world) == (202, {"parcels": 1}, False)


def test_what_was_refused_may_be_said_again_and_is_decided_anew(world: World) -> None:
    body = {name: BODY[name] for name in ("region", "seller_id")}
    body |= {"order_id": "305-0000002-0000001", "number": "SO-1", "version": an_order().version}
    assert post(world, body, route="acknowledgements")[0] == 409
    order = an_order("305-0000002-0000001")
    world.ports.orders.fold(world.place(order), order)
    assert post(world, body, route="acknowledgements") == (202, {"result": "taken"}, False)


def test_a_key_ends_after_two_days(world: World) -> None:
    post(world)
    world.clock.time += KEPT
    assert post(world, changed(("packages", 0, "tracking"), "T2")) == (202, {"parcels": 1}, False)


def test_a_crash_between_act_and_answer_is_harmless(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object) -> str:
        raise Unavailable("DynamoDB: ThrottlingException")

    with monkeypatch.context() as patch:
        patch.setattr(world.ports.answers, "keep", silent)
        assert post(world)[0] == 503
    assert post(world, changed(("packages", 0, "tracking"), "T2"))[0] == 422
    assert post(world) == (202, {"parcels": 0}, False)
    assert post(world) == (202, {"parcels": 0}, True)
    world.work_off()
    assert len(world.amazon.confirmations) == 1


def test_eight_at_once_have_one_effect_and_one_answer(world: World) -> None:
    answers: list[tuple[int, dict[str, Any], bool]] = []
    threads = [threading.Thread(target=lambda: answers.append(post(world))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _, _ in answers} == {202}
    assert len({json.dumps(body) for _, body, _ in answers}) == 1
    world.work_off()
    assert len(world.amazon.confirmations) == 1


@pytest.mark.parametrize("key", ["", "a\nb", "x" * 256, "\x00"])
def test_a_key_is_a_printable_text(world: World, key: str) -> None:
    status, body, _ = post(world, key=key)
    assert (status, "Idempotency-Key" in body["error"]) == (400, True)


def test_any_printable_key_will_do(world: World) -> None:
    for key in ("x" * 255, "#", "T#eu#x", "ключ"):
        assert post(world, key=key)[0] == 202
