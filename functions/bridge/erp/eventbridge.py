"""The connector `eventbridge`: every message is an event on a bus of the deployment's own, for the seller's rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3

from bridge.erp.publish import Publisher
from bridge.erp.publish.aws import SHORT, call, said_no, target
from bridge.erp.publish.envelope import Envelope

SOURCE = "spapi-bridge"
MAX_BYTES = 256 * 1024 - 1024
"""With source and type an entry may have 256 KiB: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html"""


class EventBridge:
    """A `Channel`. The event's `detail` is the message, its `detail-type` the message's type."""

    def __init__(self, bus: str, client: Any = None) -> None:
        self._bus = bus
        self._client = client or boto3.client("events", config=SHORT)

    def deliver(self, envelope: Envelope) -> None:
        """On the bus is delivered: whether a rule wants it, EventBridge does not tell."""
        what = "the event bus"
        entry = {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": envelope.type,
            "Detail": envelope.within(MAX_BYTES, "EventBridge"),
        }
        answer = call(self._client.put_events, what, Entries=[entry])
        if answer.get("FailedEntryCount"):
            raise said_no(str(answer["Entries"][0].get("ErrorCode", "?")), what)


def connect(config: Mapping[str, object]) -> Publisher:
    """Raises Misconfigured when the deployment has no bus; does not call EventBridge yet."""
    return Publisher(EventBridge(target(config, "event bus")), config)
