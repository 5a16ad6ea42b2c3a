"""Amazon's quota, shared by every function: a token bucket per seller and operation, as one number in the table.

GCRA: `tat` is the theoretical arrival time (ms since 1970) of the next call if calls came exactly at the rate. A call
may be early by the burst. Reserving a slot is one conditional update; whoever reserved it may use it, nobody else.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from bridge.domain.errors import Throttled
from bridge.domain.ids import Seller
from bridge.domain.work import HORIZON
from bridge.ports import Clock
from bridge.stores import keys
from bridge.stores.table import Absent, Compare, ConditionFailed, Key, Table, Update, both, either

_TRIES = 6


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


class Quota:
    """`reserve` gives the moment at which one call may be made; one token of every burst stays in reserve."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._seen: dict[Key, int] = {}
        """Each number as this worker saw it last: which of two conditions will most likely hold."""

    def reserve(
        self, seller: Seller, operation: str, *, rate: float, burst: int, ahead: timedelta = HORIZON
    ) -> datetime:
        """Aware UTC, now or at most `ahead` away; Throttled (without a slot) when everything up to there is taken."""
        key = keys.quota(seller, operation)
        interval = math.ceil(1000 / rate)
        early = max(burst - 2, 0) * interval
        for _ in range(_TRIES):
            now = _ms(self._clock.now())
            latest = now + early + int(ahead.total_seconds() * 1000)
            busy = self._seen.get(key, 0) > now
            try:
                tat = self._queue_up(key, now, interval, latest) if busy else self._start(key, now, interval)
            except ConditionFailed as failed:
                old = self._seen[key] = (failed.item or {}).get("tat", 0)
                if old > latest:
                    wait = min(timedelta(milliseconds=old - early - now) - ahead / 2, HORIZON)
                    msg = f"quota of {operation} is taken for the next {ahead.total_seconds():.0f} s"
                    raise Throttled(msg, self._clock.now() + wait) from None
            else:
                self._seen[key] = tat
                return _moment(max(now, tat - interval - early))
        msg = f"quota of {operation} is contended"
        raise Throttled(msg, self._clock.now() + timedelta(seconds=1))

    def spare(self, seller: Seller, operation: str, *, rate: float, burst: int) -> float:
        """Share of the burst that is unused (0 to 1), as this worker saw it last; costs no call."""
        ahead = self._seen.get(keys.quota(seller, operation), 0) - _ms(self._clock.now())
        return 1 - min(max(ahead, 0) / (burst * math.ceil(1000 / rate)), 1)

    def _start(self, key: Key, now: int, interval: int) -> int:
        """The bucket is full: the next call is due one interval from now."""
        idle = either(Absent("tat"), Compare("tat", "<=", now))
        tat: int = self._table.update(Update(key, set={"tat": now + interval}, when=idle))["tat"]
        return tat

    def _queue_up(self, key: Key, now: int, interval: int, latest: int) -> int:
        taken = both(Compare("tat", ">", now), Compare("tat", "<=", latest))
        tat: int = self._table.update(Update(key, add={"tat": interval}, when=taken))["tat"]
        return tat
