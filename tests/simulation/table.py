"""The table of the simulated world: DynamoDB's conditions and transactions, an index that lags, and bad weather."""

from __future__ import annotations

import marshal
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from math import inf
from typing import Any

from bridge.domain.errors import Unavailable
from bridge.stores.table import (
    Absent,
    Compare,
    Condition,
    ConditionFailed,
    Either,
    Item,
    Key,
    Present,
    Put,
    Update,
    Write,
)
from tests.fakes.limits import check_item, check_writes, refuse, same
from tests.simulation.calls import Calls, Port
from tests.simulation.clock import START


def _unavailable(what: str) -> None:
    raise Unavailable("table: " + what)


_TIMES = {"timeout": 10.0, "latency": (0.004, 0.02), "fail": _unavailable}
GET, SEVERAL, QUERY, DUE, DELETE = (
    Port(f"table.{name}", **_TIMES) for name in ("get", "several", "query", "due", "delete")
)
PUT, UPDATE = (Port(f"table.{name}", repeats=True, **_TIMES) for name in ("put", "update"))
# A repeated transaction carries the same token: DynamoDB answers it, and does not carry it out again.
TRANSACT = Port("table.transact", **_TIMES)


_PLAIN = frozenset((str, int, bool, type(None)))


def _copied(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, dict):
        return {name: _copied(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_copied(part) for part in value]
    return str(value) if isinstance(value, str) else value


def copied(item: Item) -> Item:
    try:
        return marshal.loads(marshal.dumps(item))  # noqa: S302 - our own bytes of a moment ago
    except ValueError:
        return _copied(item)


def _itself(item: Item) -> Item:
    return item


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b if type(b) in _PLAIN else same(a, b),
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _kind(value: Any) -> type:
    return str if isinstance(value, str) else type(value)


def true_of(condition: Condition, item: Item) -> bool:  # noqa: PLR0911 - one per kind
    kind = type(condition)
    if kind is Compare:
        operator, value = condition.operator, condition.value
        if condition.name not in item:
            return bool(operator == "<>")
        there = item[condition.name]
        if operator == "<>":
            return _kind(there) is not _kind(value) or not _OPERATORS["="](there, value)
        return _kind(there) is _kind(value) and _OPERATORS[operator](there, value)
    if kind is Absent:
        return condition.name not in item
    if kind is Present:
        return condition.name in item
    wanted = kind is Either
    for part in condition.parts:
        if true_of(part, item) is wanted:
            return wanted
    return not wanted


Partitions = dict[str, dict[str, Item]]


class World:
    """The items themselves, without weather. `lag` is how far the index is behind, in seconds.

    An item is never changed, only replaced. `copies` hands out copies and takes copies in, as a network does, and keeps
    to DynamoDB's limits; without, for speed, callers must not change what they are given (a test compares both ways).
    """

    def __init__(self, now: Callable[[], float] = lambda: 0.0, lag: float = 0.0, *, copies: bool = True) -> None:
        self.on_head: Callable[[Item], None] | None = None
        """Hears of every change of an order's facts."""
        self._handed_out = copied if copies else _itself
        self._taken_in = copied if copies else dict
        self._strict = copies
        self.partitions: Partitions = {}
        self.index: dict[str, dict[Key, str]] = {}
        self._earliest: float | None = None
        self._now = now
        self._lag = lag
        self._behind: deque[tuple[float, Key, str | None, str | None, str]] = deque()

    def item(self, key: Key) -> Item | None:
        partition = self.partitions.get(key[0])
        return partition.get(key[1]) if partition else None

    def get(self, key: Key) -> Item | None:
        item = self.item(key)
        return None if item is None else self._handed_out(item)

    def query(self, pk: str, prefix: str = "") -> list[Item]:
        partition = self.partitions.get(pk, {})
        return [self._handed_out(partition[sk]) for sk in sorted(partition) if sk.startswith(prefix)]

    def due(self, shard: str, until: str, limit: int) -> list[Item]:
        if limit < 1:
            refuse("a limit is at least 1")
        self.catch_up()
        entries = self.index.get(shard)
        if not entries:
            return []
        found = sorted((due, key) for key, due in entries.items() if due <= until)
        return [{"pk": key.pk, "sk": key.sk, "due": due} for due, key in found[:limit]]

    def delete(self, key: Key) -> None:
        old = self.partitions.get(key.pk, {}).pop(key.sk, None)
        if old is not None:
            self._indexed(key, old, {})

    def transact(self, writes: Sequence[Write]) -> None:
        if self._strict or len(writes) > 1:
            check_writes(writes)
        for index, write in enumerate(writes):
            old = self.item(write.key)
            if write.when is not None and not true_of(write.when, old or {}):
                raise ConditionFailed(index, self._handed_out(old) if old is not None else None)
        if self._strict:
            for write in writes:
                check_item(self._made(write))
        for write in writes:
            self._apply(write)

    def _made(self, write: Write) -> Item:
        """The item as it will be; the old one stays as it is."""
        if type(write) is Put:
            item = self._taken_in(write.item)
        else:
            assert isinstance(write, Update)
            item = self._changed(self.item(write.key) or {}, write)
        item["pk"], item["sk"] = write.key
        return item

    def update(self, write: Update) -> Item:
        self.transact((write,))
        return self._handed_out(self.partitions[write.key.pk][write.key.sk])

    def finds(self, shard: str, until: str) -> bool:
        self.catch_up()
        entries = self.index.get(shard)
        return bool(entries) and min(entries.values()) <= until

    def snapshot(self) -> Partitions:
        return {pk: dict(partition) for pk, partition in self.partitions.items()}

    def put_back(self, snapshot: Partitions) -> None:
        """The index is made anew."""
        self.partitions = snapshot
        self.index.clear()
        self._behind.clear()
        self._earliest = None
        for pk, partition in snapshot.items():
            for sk, item in partition.items():
                self._indexed(Key(pk, sk), {}, item)

    @property
    def earliest(self) -> float:
        """The second at which the first work is due, or an order's date is near, as the index shows it."""
        if self._earliest is None:
            entries = (entries for shard, entries in self.index.items() if shard.startswith(("D#", "SHIPBY#")))
            due = min((due for part in entries for due in part.values()), default="")
            self._earliest = (datetime.fromisoformat(due) - START).total_seconds() if due else inf
        return self._earliest

    def catch_up(self) -> None:
        """Bring the index to what it shows now."""
        behind = self._behind
        if not behind:
            return
        now = self._now()
        if behind[0][0] <= now:
            self._earliest = None
        while behind and behind[0][0] <= now:
            _, key, old, new, due = behind.popleft()
            if old is not None:
                self.index[old].pop(key, None)
            if new is not None:
                self.index.setdefault(new, {})[key] = due

    def _apply(self, write: Write) -> None:
        key = write.key
        partition = self.partitions.setdefault(key.pk, {})
        old = partition.get(key.sk) or {}
        item = self._made(write)
        partition[key.sk] = item
        if self.on_head and key.sk == "HEAD":
            self.on_head(item)
        self._indexed(key, old, item)

    def _changed(self, old: Item, write: Update) -> Item:
        item = {**write.init, **old, **write.set} if write.init else {**old, **write.set}
        if self._taken_in is not dict:
            item = self._taken_in(item)
        for name, count in write.add.items():
            if type(item.get(name, 0)) is not int:
                refuse("an addition to what is no number")
            item[name] = item.get(name, 0) + count
        for name in write.remove:
            item.pop(name, None)
        return item

    def _indexed(self, key: Key, old: Item, item: Item) -> None:
        before = old.get("dshard") if "due" in old else None
        after, due = item.get("dshard") if "due" in item else None, item.get("due", "")
        if before is None and after is None:
            return
        if before != after or due != old.get("due"):
            self._behind.append((self._now() + self._lag, key, before, after, due))


class Table:
    """See bridge.stores.table.Table."""

    def __init__(self, world: World, calls: Calls) -> None:
        self._world = world
        self._calls = calls

    def get(self, key: Key) -> Item | None:
        return self._calls(GET, partial(self._world.get, key), key)  # type: ignore[no-any-return]

    def several(self, *keys: Key) -> list[Item | None]:
        """A call for each hundred, any of which may go wrong."""
        found: list[Item | None] = []
        for first in range(0, len(keys), 100):
            found += self._calls(SEVERAL, partial(self._all, keys[first : first + 100]), keys[-1])
        return found

    def _all(self, keys: Sequence[Key]) -> list[Item | None]:
        return [self._world.get(key) for key in keys]

    def query(self, pk: str, prefix: str = "") -> list[Item]:
        return self._calls(QUERY, partial(self._world.query, pk, prefix), pk)  # type: ignore[no-any-return]

    def due(self, shard: str, until: str, limit: int) -> list[Item]:
        """Of the many queries that find nothing only some are disturbed: else hardly a sweep would ever end."""
        if not self._world.finds(shard, until) and self._calls.skips_empty():
            return []
        return self._calls(DUE, partial(self._world.due, shard, until, limit), shard)  # type: ignore[no-any-return]

    def put(self, write: Put) -> None:
        self._calls(PUT, partial(self._world.transact, (write,)), write.key)

    def update(self, write: Update) -> Item:
        return self._calls(UPDATE, partial(self._world.update, write), write.key)  # type: ignore[no-any-return]

    def delete(self, key: Key) -> None:
        self._calls(DELETE, lambda: self._world.delete(key), key)

    def transact(self, writes: Sequence[Write]) -> None:
        self._calls(TRANSACT, partial(self._world.transact, writes), writes)
