"""Work messages: into the queue of the lane, ids only, and never an error where the sweep comes anyway."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain import lines
from bridge.domain.errors import Unreadable
from bridge.domain.ids import OrderId, OrderKey
from bridge.domain.lines import Line
from bridge.domain.work import Work, decode, encode
from bridge.effects import EFFECTS
from bridge.stores.queues import WorkQueue
from tests.fakes.world import SELLER, START, FakeSignals

WORK = Work("fetch_order", OrderKey(*SELLER, OrderId("305-1")))
DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "canary"}}, "SendMessage")


class Sqs:
    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self.error = error

    def send_message(self, **message: Any) -> None:
        if self.error:
            raise self.error
        self.sent.append(message)


def queue(sqs: Sqs, signals: FakeSignals | None = None) -> WorkQueue:
    return WorkQueue(
        sqs,
        {kind: f"https://sqs/{effect.lane}" for kind, effect in EFFECTS.items()},
        "https://sqs/lines",
        signals or FakeSignals(),
    )


@pytest.mark.parametrize("kind", EFFECTS)
def test_each_kind_goes_to_its_lane(kind: str) -> None:
    sqs = Sqs()
    queue(sqs).send(Work(kind, WORK.key, "S1#P1"))
    assert sqs.sent[0]["QueueUrl"] == f"https://sqs/{EFFECTS[kind].lane}"
    assert sqs.sent[0]["DelaySeconds"] == 0


def test_a_message_is_ids_and_a_slot() -> None:
    sqs = Sqs()
    queue(sqs).send(WORK, slot=START)
    body = json.loads(sqs.sent[0]["MessageBody"])
    assert set(body) == {"kind", "region", "seller", "order", "part", "slot"}
    assert decode(sqs.sent[0]["MessageBody"]) == (WORK, START)


@pytest.mark.parametrize(
    ("delay", "told"), [(-5, 0), (0, 0), (0.4, 1), (1.6, 2), (2.01, 3), (60, 60), (900, 900), (901, 900), (10**6, 900)]
)
def test_the_delay_is_one_that_sqs_takes(delay: float, told: int) -> None:
    sqs = Sqs()
    queue(sqs).send(WORK, delay=timedelta(seconds=delay))
    assert sqs.sent[0]["DelaySeconds"] == told


def test_work_of_an_unknown_kind_is_left_where_it_is() -> None:
    """Of a newer version, after the deployment was rolled back."""
    sqs, signals = Sqs(), FakeSignals()
    queue(sqs, signals).send(Work("put_stock", WORK.key))
    queue(sqs, signals).send(WORK)
    assert len(sqs.sent) == 1
    assert signals.notes == [("work of a kind that this version does not know", {"kind": "put_stock"})]


@pytest.mark.parametrize("error", [DENIED, EndpointConnectionError(endpoint_url="https://sqs")])
def test_what_sqs_does_not_take_is_noted_and_left_to_the_sweep(error: Exception) -> None:
    signals = FakeSignals()
    queue(Sqs(error), signals).send(WORK)
    ((event, facts),) = signals.notes
    assert event == "not sent, left to the sweep"
    assert facts == {"kind": "fetch_order", "order": "305-1", "reason": type(error).__name__}


@given(
    st.sampled_from(sorted(EFFECTS)),
    st.text(),
    st.text(),
    st.none() | st.datetimes().map(lambda t: t.replace(tzinfo=START.tzinfo)),
)
def test_every_message_is_read_as_it_was_sent(kind: str, order: str, part: str, slot: datetime | None) -> None:
    work = Work(kind, OrderKey(*SELLER, OrderId(order)), part)
    assert decode(encode(work, slot)) == (work, slot)


@pytest.mark.parametrize("body", ["", "x", "[]", "null", "1", "{}", '{"kind": "x"}', '{"slot": 1}'])
def test_what_is_no_work_message_is_unreadable(body: str) -> None:
    with pytest.raises(Unreadable):
        decode(body)


@given(
    st.sampled_from(["kind", "region", "seller", "order", "part", "slot"]),
    st.none() | st.integers() | st.just([]) | st.just({}),
)
def test_a_work_message_with_junk_is_unreadable(name: str, junk: Any) -> None:
    body = json.loads(encode(WORK, START))
    with pytest.raises(Unreadable):
        decode(json.dumps({**body, name: junk}))


LINE = Line(SELLER, "getOrder")


def test_a_line_is_called_by_a_message_of_its_own() -> None:
    sqs = Sqs()
    queue(sqs).call(LINE, delay=timedelta(seconds=14.2))
    (message,) = sqs.sent
    assert (message["QueueUrl"], message["DelaySeconds"]) == ("https://sqs/lines", 15)
    assert lines.decode(message["MessageBody"]) == LINE


@pytest.mark.parametrize("body", ["", "x", "[]", "null", "1", "{}", '{"line": "getOrder"}', '{"region": 1}'])
def test_what_is_no_call_of_a_line_is_unreadable(body: str) -> None:
    with pytest.raises(Unreadable):
        lines.decode(body)
