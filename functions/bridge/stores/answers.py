"""Answers of the HTTP API that are given again when the same thing is said under the same idempotency key."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from bridge.domain.ids import Seller
from bridge.domain.times import to_text
from bridge.ports import Clock, Kept
from bridge.stores import keys
from bridge.stores.table import Absent, Compare, ConditionFailed, Key, Put, Table, Update, either, equals

KEPT = timedelta(hours=48)


class Answers:
    """See ports.Answers."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def begin(self, seller: Seller, name: str, digest: str) -> Kept:
        now = self._clock.now()
        until = now + KEPT
        item = {"digest": digest, "until": to_text(until), "ttl": int(until.timestamp())}
        # DynamoDB takes days to delete what has expired.
        free = either(Absent("until"), Compare("until", "<=", to_text(now)))
        key = _key(seller, name)
        try:
            self._table.put(Put(key, item, when=free))
        except ConditionFailed:
            found = self._table.get(key) or {}
            return Kept(same=found.get("digest") == digest, answer=found.get("answer", ""))
        return Kept(same=True)

    def keep(self, seller: Seller, name: str, digest: str, answer: str) -> str:
        try:
            item = self._table.update(
                Update(_key(seller, name), init={"answer": answer}, when=equals("digest", digest))
            )
        except ConditionFailed:  # it took longer than an answer is kept
            return answer
        return str(item["answer"])


def _key(seller: Seller, name: str) -> Key:
    return keys.answer(seller, hashlib.sha256(name.encode()).hexdigest()[:32])
