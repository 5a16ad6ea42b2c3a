"""The parking place: what waits for a human, be it a message nobody understood or work that was refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bridge.domain.times import to_text
from bridge.ports import Clock
from bridge.stores import keys
from bridge.stores.table import Item, Key, Table, Update

KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Parked:
    """`what` is the work, or `message` with the digest of its body."""

    what: str
    key: Key
    since: str
    reason: str
    item: Item


class Parking:
    """See ports.Parking; `list` is the operator's."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def park(self, digest: str, reason: str, *, size: int) -> None:
        now = self._clock.now()
        self._table.update(
            Update(
                Key(keys.PARKED, digest),
                set={
                    "due": to_text(now),
                    "dshard": keys.PARKED,
                    "reason": reason,
                    "size": size,
                    "ttl": int((now + KEPT).timestamp()),
                },
                add={"seen": 1},
                init={"since": to_text(now)},
            )
        )

    def list(self, limit: int = 1000) -> list[Parked]:
        """Earliest first."""
        found = []
        for entry in self._table.due(keys.PARKED, "9", limit):
            key = Key(entry["pk"], entry["sk"])
            item = self._table.get(key)
            if item and item.get("dshard") == keys.PARKED:
                what = f"message {key.sk}" if key.pk == keys.PARKED else str(keys.work_of(key.pk, key.sk))
                found.append(Parked(what, key, item.get("since") or item["due"], item.get("reason", ""), item))
        return found

    def forget(self, key: Key) -> None:
        """Take a parked message off the list: there is nothing in it to try again."""
        self._table.delete(key)
