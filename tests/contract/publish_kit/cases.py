"""What the heir of a kit has to provide, and how a message is judged."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import jsonschema
import pytest

from bridge.domain.errors import BridgeError
from bridge.erp.publish import Channel, Publisher
from bridge.ports import Erp

SCHEMAS = Path(__file__).resolve().parents[3] / "docs" / "schemas"


class Receiver(Protocol):
    """The other side: everything that was delivered about one order, as often as it was, in order of arrival."""

    def texts(self, order_id: str) -> list[str]: ...


class Interrupted(Protocol):
    """A channel whose n-th delivery fails: before it reaches the receiver, or after it (the answer is lost).

    A channel with fewer steps than `step` does not fail at all.
    """

    def __call__(self, step: int, *, after: bool) -> AbstractContextManager[Channel]: ...


BadDay = tuple[str, Callable[[], AbstractContextManager[Channel]], type[BridgeError]]
"""What happens, a channel to which it does, and what that has to become."""


class Kit:
    """What an heir provides."""

    @pytest.fixture
    def channel(self) -> Channel:
        raise NotImplementedError

    @pytest.fixture
    def receiver(self) -> Receiver:
        raise NotImplementedError

    @pytest.fixture
    def interrupted(self) -> Interrupted:
        raise NotImplementedError

    @pytest.fixture
    def bad_days(self) -> Sequence[BadDay]:
        raise NotImplementedError

    @pytest.fixture
    def erp(self, channel: Channel) -> Erp:
        return Publisher(channel, {})


def messages(receiver: Receiver, order_id: str) -> list[dict[str, Any]]:
    """What was delivered about an order, each of it valid by the schema of its type and nothing besides."""
    found = [json.loads(text) for text in receiver.texts(order_id)]
    for message in found:
        schema = json.loads((SCHEMAS / f"{message['type']}.json").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator(closed(schema)).validate(message)
    return found


def closed(schema: Any) -> Any:
    """The schema as it is without a field to spare: ours has none that the schema does not name."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(part) for name, part in schema.items()}
    return inner | ({"additionalProperties": False} if "properties" in inner else {})
