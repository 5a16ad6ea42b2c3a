"""Callers outside AWS: who knows the secret is heard, once per signature; nobody else learns or changes anything."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import signed_api
from bridge.domain.errors import Misconfigured, Unavailable
from bridge.domain.signatures import Call, read_keys, sign
from bridge.stores.seen import Seen
from tests.fakes.world import World, an_order
from tests.unit.bridge.test_api import BODY

KEY, NEW = b"k" * 32, b"n" * 32
ROUTE = "POST /hmac/v1/shipments"


class Outside(World):
    """A world with a door for those who sign."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.keys: Callable[[], tuple[bytes, ...]] = lambda: (KEY,)
        self.first: Callable[[str], bool] = Seen(self.table, self.clock).first

    def post(self, **event: Any) -> tuple[int, dict[str, Any]]:
        door = signed_api.consumer(self.ports, self.keys, self.first)
        answer = door(event, None)
        return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture
def world() -> Outside:
    made = Outside()
    made.ports.orders.fold(made.place(an_order()), an_order())
    return made


def signed(at: datetime, body: str, *keys: bytes, route: str = ROUTE) -> dict[str, Any]:
    method, _, path = route.partition(" ")
    call = Call(str(int(at.timestamp())), method, path, body.encode())
    signature = " ".join(sign(key, call) for key in keys or (KEY,))
    headers = {"bridge-timestamp": call.timestamp, "bridge-signature": signature}
    return {"routeKey": route, "body": body, "headers": headers}


def event(world: Outside, *keys: bytes, **changes: Any) -> dict[str, Any]:
    return {**signed(world.clock.now(), json.dumps(BODY), *keys), **changes}


def test_the_signature_is_the_documented_one() -> None:
    """Computed with `openssl dgst -sha256 -hmac`, not with this code."""
    call = Call("1700000000", "POST", "/hmac/v1/stock", b"{}")
    assert sign(b"0123456789abcdef0123456789abcdef", call) == EXPECTED


EXPECTED = "v1,yrPKs0bqhy7U9COlqf14ofAJ1TqEN8TXwE3Slg2m1Eo="


def test_who_signs_is_heard(world: Outside) -> None:
    assert world.post(**event(world)) == (202, {"parcels": 1})
    world.work_off()
    assert len(world.amazon.confirmations) == 1


@pytest.mark.parametrize("body", ["{", "[]", "{}"])
def test_what_is_signed_is_judged_like_anything_else(world: Outside, body: str) -> None:
    assert world.post(**signed(world.clock.now(), body))[0] == 400


def test_an_idempotency_key_is_passed_on(world: Outside) -> None:
    for _ in range(2):
        said = event(world)
        said["headers"]["idempotency-key"] = "one"
        assert world.post(**said) == (202, {"parcels": 1})
        world.clock.sleep(1)


def test_both_secrets_are_good_while_one_replaces_the_other(world: Outside) -> None:
    world.keys = lambda: (KEY, NEW)
    for keys in ((KEY,), (NEW,), (b"x" * 32, NEW)):
        world.clock.sleep(1)
        assert world.post(**event(world, *keys))[0] == 202
    world.keys = lambda: (NEW,)
    world.clock.sleep(1)
    assert world.post(**event(world, KEY))[0] == 401


def untouched(world: Outside, said: dict[str, Any]) -> str:
    """The complaint about something that is refused and leaves no trace."""
    before = len(world.table)
    status, body = world.post(**said)
    assert status == 401
    assert len(world.table) == before
    return str(body["error"])


@pytest.mark.parametrize(
    "changes",
    [
        {"body": json.dumps({**BODY, "shipment_id": "S2"})},
        {"body": None},
        {"body": "\ud800"},
        {"body": "%", "isBase64Encoded": True},
        {"routeKey": "POST /hmac/v1/stock"},
        {"routeKey": "GET /hmac/v1/shipments"},
        {"routeKey": "POST /v1/shipments"},
        {"routeKey": None},
        {"headers": None},
        {"headers": {}},
    ],
)
def test_what_was_not_signed_is_not_heard(world: Outside, changes: dict[str, Any]) -> None:
    complaint = untouched(world, event(world, **changes))
    assert world.signals.counts["Unsigned"] == 1
    assert ("unsigned", {"reason": complaint}) in world.signals.notes


@pytest.mark.parametrize("signature", ["", "v1,", "v1", "v2,x", " ", "é\ud800", "v1," + "A" * 44, "x" * 10_000])
def test_a_signature_that_is_none(world: Outside, signature: str) -> None:
    said = event(world)
    said["headers"]["bridge-signature"] = signature
    complaint = untouched(world, said)
    assert "fits none of the secrets" in complaint


@given(st.text(max_size=60))
def test_nobody_guesses_one(signature: str) -> None:
    world = Outside()
    said = event(world)
    said["headers"]["bridge-signature"] = signature
    untouched(world, said)


@pytest.mark.parametrize("off", [-301, 301, -86400, 10**9])
def test_a_signature_ends_after_five_minutes(world: Outside, off: int) -> None:
    at = world.clock.now() + timedelta(seconds=off)
    assert "more than 5 minutes" in untouched(world, signed(at, json.dumps(BODY)))


@pytest.mark.parametrize("off", [-299, 299])
def test_clocks_may_differ(world: Outside, off: int) -> None:
    at = world.clock.now() + timedelta(seconds=off)
    assert world.post(**signed(at, json.dumps(BODY)))[0] == 202


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1e9", "1.5", " 1", "٣", "9" * 12, "9" * 400])
def test_a_timestamp_is_whole_seconds(world: Outside, timestamp: str) -> None:
    said = event(world)
    said["headers"]["bridge-timestamp"] = timestamp
    assert "whole number" in untouched(world, said)


def test_a_call_is_good_once(world: Outside) -> None:
    """Else an old tracking number could be played back over a corrected one."""
    first = event(world)
    world.post(**first)
    corrected = json.dumps(BODY).replace('"T1"', '"T2"')
    world.clock.sleep(1)
    assert world.post(**signed(world.clock.now(), corrected)) == (202, {"parcels": 1})
    assert "sign every attempt anew" in untouched(world, first)
    ((parcel, _),) = world.ports.parcels.all(world.key())
    assert parcel.tracking == "T2"
    world.clock.sleep(1)
    assert world.post(**event(world))[0] == 202, "signed anew it is heard"


def test_whatever_key_signed_it_a_call_is_good_once(world: Outside) -> None:
    world.keys = lambda: (KEY, NEW)
    assert world.post(**event(world, KEY))[0] == 202
    untouched(world, event(world, NEW))


def test_a_table_that_does_not_answer_is_a_503(world: Outside) -> None:
    def silent(_: str) -> bool:
        raise Unavailable("DynamoDB: ThrottlingException")

    world.first = silent
    status, body = world.post(**event(world))
    assert (status, body["error"]) == (503, "not stored; sign it anew and send it again")


def test_a_secret_that_was_broken_later_rings(world: Outside) -> None:
    def broken() -> tuple[bytes, ...]:
        raise Misconfigured("the API secret lacks something")

    world.keys = broken
    assert world.post(**event(world))[0] == 503
    assert world.signals.counts["Misconfigured"] == 1


def test_nothing_of_secret_or_signature_is_said(world: Outside) -> None:
    said = event(world)
    world.post(**said)
    world.post(**said)
    told = repr((world.signals.notes, world.table.items))
    assert said["headers"]["bridge-signature"][3:20] not in told
    assert "kkkk" not in told


def secret(length: int = 32) -> str:
    return "whsec_" + base64.b64encode(b"k" * length).decode()


@pytest.mark.parametrize("count", [1, 2])
def test_one_secret_or_two(count: int) -> None:
    assert read_keys({"api_secrets": [secret()] * count}) == (KEY,) * count


@pytest.mark.parametrize(
    "value",
    [None, "", secret(), [], [secret()] * 3, [1], [secret(23)], [secret(65)], ["whsec_%"], [secret()[6:]], {}, ["é"]],
)
def test_what_is_no_secret_is_named_and_not_shown(value: Any) -> None:
    with pytest.raises(Misconfigured, match="api_secrets") as refusal:
        read_keys({"api_secrets": value})
    assert secret()[6:20] not in str(refusal.value)
