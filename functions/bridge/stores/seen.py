"""Signed calls that were taken: none is taken twice while its signature is good."""

from __future__ import annotations

from bridge.domain.signatures import WINDOW
from bridge.ports import Clock
from bridge.stores import keys
from bridge.stores.table import Absent, ConditionFailed, Put, Table


class Seen:
    """Kept for longer than any clock that is believed can be wrong, forwards and then backwards."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def first(self, digest: str) -> bool:
        """False when this was here before."""
        until = self._clock.now() + 4 * WINDOW
        try:
            self._table.put(Put(keys.seen(digest), {"ttl": int(until.timestamp())}, when=Absent("ttl")))
        except ConditionFailed:
            return False
        return True
