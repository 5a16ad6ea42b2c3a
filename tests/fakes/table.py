"""The table in memory, with DynamoDB's conditions and transactions; held to the same suite as DynamoDB itself."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence

from bridge.stores.table import (
    Absent,
    All,
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

_OPERATORS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def holds(condition: Condition | None, item: Item | None) -> bool:  # noqa: PLR0911 - one answer per kind
    item = item or {}
    match condition:
        case None:
            return True
        case Absent(name):
            return name not in item
        case Present(name):
            return name in item
        case Compare(name, "<>", value):
            return name not in item or not same(item[name], value)
        case Compare(name, "=", value):
            return name in item and same(item[name], value)
        case Compare(name, operator, value):
            same_kind = name in item and type(item[name]) is type(value)
            return same_kind and _OPERATORS[operator](item[name], value)
        case All(parts):
            return all(holds(part, item) for part in parts)
        case Either(parts):
            return any(holds(part, item) for part in parts)


class MemoryTable:
    def __init__(self) -> None:
        self.items: dict[Key, Item] = {}
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self.items)

    def get(self, key: Key) -> Item | None:
        with self._lock:
            return copy.deepcopy(self.items.get(key))

    def several(self, *keys: Key) -> list[Item | None]:
        with self._lock:
            return [self.get(key) for key in keys]

    def query(self, pk: str, prefix: str = "") -> list[Item]:
        with self._lock:
            found = [key for key in self.items if key.pk == pk and key.sk.startswith(prefix)]
            return [copy.deepcopy(self.items[key]) for key in sorted(found)]

    def due(self, shard: str, until: str, limit: int) -> list[Item]:
        with self._lock:
            if limit < 1:
                refuse("a limit is at least 1")
            found = [
                {"pk": key.pk, "sk": key.sk, "due": item["due"]}
                for key, item in self.items.items()
                if item.get("dshard") == shard and item.get("due", "~") <= until
            ]
            return sorted(found, key=lambda item: item["due"])[:limit]

    def put(self, write: Put) -> None:
        self.transact([write])

    def update(self, write: Update) -> Item:
        with self._lock:
            self.transact([write])
            return copy.deepcopy(self.items[write.key])

    def delete(self, key: Key) -> None:
        with self._lock:
            self.items.pop(key, None)

    def transact(self, writes: Sequence[Write]) -> None:
        check_writes(writes)
        with self._lock:
            for index, write in enumerate(writes):
                old = self.items.get(write.key)
                if not holds(write.when, old):
                    raise ConditionFailed(index, copy.deepcopy(old))
            new = [self._made(write) for write in writes]
            for item in new:
                check_item(item)
            self.items.update({write.key: item for write, item in zip(writes, new, strict=True)})

    def _made(self, write: Write) -> Item:
        if isinstance(write, Put):
            return copy.deepcopy({**write.item, **write.key._asdict()})
        item = copy.deepcopy(self.items.get(write.key)) or dict(write.key._asdict())
        for name, value in write.init.items():
            item.setdefault(name, copy.deepcopy(value))
        item.update(copy.deepcopy(dict(write.set)))
        for name, value in write.add.items():
            if type(item.get(name, 0)) is not int:
                refuse("an addition to what is no number")
            item[name] = item.get(name, 0) + value
        for name in write.remove:
            item.pop(name, None)
        return item
