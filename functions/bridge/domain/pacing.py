"""How Amazon's quota is shared out: the arithmetic of one bucket, and how far ahead each user may reserve. Pure.

GCRA: `tat` is the theoretical arrival time of the next call if calls came exactly at the rate. A call may be early by
the burst; one token of every burst stays in reserve. Times are whole microseconds since 1970.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from bridge.domain.ids import Region

HORIZON = timedelta(seconds=60)
"""Slots of Amazon's quota are reserved, and work messages delayed, at most this far ahead."""
PATIENCE = timedelta(seconds=1)
"""The longest wait for a slot inside a function."""
HALF = HORIZON / 2
USELESS = timedelta(seconds=30)
"""A slot that nobody used for so long is void in any case."""
FAVOURED = timedelta(seconds=20)
"""A line that got nothing goes first for so long: its next turn falls into it."""
FRESH = timedelta(hours=1)
"""A rate that Amazon told is believed for so long, then it goes half-way back to the documented one, and so on."""
CONFIRMED = timedelta(minutes=20)
"""A rate that Amazon keeps telling is noted again after this time."""
SAME = 0.02
"""Two rates closer than this share are the same."""
MUCH_SLOWER = 1.1
JITTER = 250_000
"""Microseconds between two calls on top of what the rate asks for, where a bucket holds a single call."""


class User(StrEnum):
    """Who takes calls out of a bucket, first come first."""

    LIVE = "live"
    """Work that was just called for."""
    LINE = "line"
    """Work that waits in a line: as much as lies ahead for half the horizon."""
    SWEEP = "sweep"
    """Searches: nobody comes back for a reserved slot of one."""
    BACKFILL = "backfill"
    """Searches for the past: only while at least half of the burst is unused."""


class Place(NamedTuple):
    """Which bucket: of one selling partner and the application, or, without `seller_id`, of the whole application."""

    region: Region
    seller_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Limit:
    """`rate` in calls a second and `burst` in calls."""

    rate: float
    burst: int

    @property
    def gap(self) -> int:
        """Microseconds between two calls."""
        return math.ceil(1_000_000 / self.rate)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What the table holds of one bucket; all zero for a full one that nobody ever used."""

    tat: int = 0
    gap: int = 0
    """Between two calls, as Amazon told it last; 0: never, or not believed any more."""
    told: int = 0
    """When Amazon told it."""
    floor: int = 0
    """Slots that lie before were reserved at a faster rate, and are void."""
    line_first: int = 0
    """Until then the waiting line may reserve as far ahead as live work otherwise, and live work half as far."""


def micros(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


def moment(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1_000_000, UTC)


def span(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)


def gap_of(bucket: Bucket, limit: Limit) -> int:
    """Microseconds between two calls, as far as is known."""
    gap = bucket.gap or limit.gap
    return gap + JITTER if limit.burst == 1 else gap


def early(gap: int, burst: int) -> int:
    """How far before its theoretical arrival a call may come."""
    return max(burst - 2, 0) * gap


def ahead(user: User, bucket: Bucket, limit: Limit, now: int) -> timedelta:
    """How far ahead this user may reserve; below zero when some of the burst has to stay unused."""
    if user is User.SWEEP:
        return PATIENCE
    if user is User.BACKFILL:
        gap = gap_of(bucket, limit)
        return timedelta(microseconds=min(limit.burst * gap // 2 - early(gap, limit.burst), 0))
    line_first = bucket.line_first > now
    return HORIZON if (user is User.LINE) is line_first else HALF


def room(bucket: Bucket, limit: Limit, now: int, reach: timedelta) -> int:
    """How many slots there are from now up to `reach`."""
    gap = gap_of(bucket, limit)
    return max((now + early(gap, limit.burst) + span(reach) - max(bucket.tat, now)) // gap + 1, 0)


def slots(tat: int, count: int, gap: int, burst: int, now: int) -> list[int]:
    """The last `count` slots of a bucket whose theoretical arrival time is `tat` after they were taken.

    A call must be made before its own theoretical arrival time is over: by then a full bucket may have given its
    token to somebody else. A slot out of a bucket that was nearly full is therefore told as one that is past.
    """
    before = tat - count * gap - early(gap, burst)
    after = tat - (count - 1) * gap - useless_after(gap, burst)
    return [max(before + place * gap, min(now, after + place * gap)) for place in range(count)]


def useless_after(gap: int, burst: int) -> int:
    """How long after its time a slot may still be used."""
    return min(span(USELESS), (burst - 1) * gap) if burst > 1 else JITTER


def tokens(bucket: Bucket, limit: Limit, now: int) -> float:
    """Calls that could be made at once; below zero when slots are reserved ahead."""
    gap = gap_of(bucket, limit)
    return (now + early(gap, limit.burst) - max(bucket.tat, now)) / gap


def told(bucket: Bucket, limit: Limit, gap: int, now: int) -> Bucket | None:
    """The bucket after Amazon told its rate; None when that is no news.

    What could be called at once can still be. Slots that were reserved at a much faster rate are void: new ones begin
    where those end.
    """
    known = bucket.gap or limit.gap
    if abs(gap - known) <= known * SAME:
        stale = bool(bucket.gap) and bucket.told < now - span(CONFIRMED)
        return replace(bucket, told=now) if stale else None
    after = replace(bucket, gap=gap, told=now)
    reserve = early(gap_of(after, limit), limit.burst)
    if gap > known * MUCH_SLOWER:
        floor = now + span(HORIZON)
        return replace(after, tat=floor + reserve, floor=floor)
    return replace(after, tat=now + reserve - int(tokens(bucket, limit, now) * gap))


def unsure(bucket: Bucket, limit: Limit, now: int) -> Bucket | None:
    """The bucket after Amazon has not told its rate for long; None while it is believed."""
    if not bucket.gap or bucket.told > now - span(FRESH):
        return None
    half_way = round((bucket.gap + limit.gap) / 2)
    if abs(half_way - limit.gap) <= limit.gap * SAME:
        half_way = limit.gap
    after = told(bucket, limit, half_way, now) or replace(bucket, told=now)
    return replace(after, gap=0, told=0) if half_way == limit.gap else after


def drained(bucket: Bucket, limit: Limit, now: int) -> Bucket | None:
    """The bucket after Amazon refused a call: it is empty, whatever we thought; None when we knew."""
    gap = gap_of(bucket, limit)
    empty = now + early(gap, limit.burst) + 2 * gap
    return replace(bucket, tat=empty) if bucket.tat < empty else None
