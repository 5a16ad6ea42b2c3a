"""A table of items with conditional writes and transactions: the little of DynamoDB that the bridge uses.

Conditions are values, not text, so that the same condition runs on DynamoDB (dynamodb.py), in memory
(tests/fakes) and in the simulated world.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

Item = dict[str, Any]
"""Attribute → str, int, bool, None, list or dict of those."""


class Key(NamedTuple):
    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class Absent:
    name: str


@dataclass(frozen=True, slots=True)
class Present:
    name: str


@dataclass(frozen=True, slots=True)
class Compare:
    """`name operator value` with =, <>, <, <=, > or >=; false when the attribute is absent, but for <>."""

    name: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Condition, ...]


Condition = Absent | Present | Compare | All | Either


def both(*parts: Condition) -> All:
    return All(parts)


def either(*parts: Condition) -> Either:
    return Either(parts)


def equals(name: str, value: Any) -> Compare:
    return Compare(name, "=", value)


@dataclass(frozen=True, slots=True)
class Put:
    """Replace the whole item."""

    key: Key
    item: Item
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Change attributes; the item is made when it does not exist (unless `when` says otherwise)."""

    key: Key
    set: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    init: Mapping[str, Any] = field(default_factory=dict)
    """Set only where absent."""
    remove: Sequence[str] = ()
    when: Condition | None = None

    def __post_init__(self) -> None:
        """DynamoDB refuses an attribute that is named twice, and a change of a key; the emulator takes both."""
        names = [*self.set, *self.add, *self.init, *self.remove]
        if len({"pk", "sk", *names}) != len(names) + 2:
            msg = "an update that names an attribute twice, or changes a key"
            raise ValueError(msg)


Write = Put | Update


class ConditionFailed(Exception):
    """A condition was false: an answer, no error. `index` is the write of the transaction, `item` what was there."""

    def __init__(self, index: int = 0, item: Item | None = None) -> None:
        super().__init__(f"condition of write {index} is false")
        self.index = index
        self.item = item


class Invalid(Exception):
    """No table would take this request, now or later: a bug of ours. No BridgeError: whoever meets it fails."""


class Table(Protocol):
    """Reads are strongly consistent except `due`.

    Every method raises Unavailable when the table does not answer, Invalid when it would never take the request.
    """

    def get(self, key: Key) -> Item | None: ...

    def several(self, *keys: Key) -> list[Item | None]:
        """Any number of items, in the order of the keys, a hundred in one call; each read is consistent by itself."""
        ...

    def query(self, pk: str, prefix: str = "") -> list[Item]:
        """All items of a partition whose sort key begins with `prefix`, in order of sort key, with `pk` and `sk`."""
        ...

    def due(self, shard: str, until: str, limit: int) -> list[Item]:
        """Keys (`pk`, `sk`, `due`) with `dshard = shard` and `due <= until`, earliest first. May lag behind writes."""
        ...

    def put(self, write: Put) -> None:
        """Raises ConditionFailed."""
        ...

    def update(self, write: Update) -> Item:
        """The whole item after the change. Raises ConditionFailed."""
        ...

    def delete(self, key: Key) -> None: ...

    def transact(self, writes: Sequence[Write]) -> None:
        """All or nothing. Raises ConditionFailed; a conflict with another transaction is retried, then Unavailable."""
        ...
