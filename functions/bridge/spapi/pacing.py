"""Pacing: a call takes a slot out of Amazon's buckets first; what Amazon answers corrects what we think of them.

https://developer-docs.amazon.com/sp-api/docs/usage-plans-and-rate-limits
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from bridge.domain import pacing
from bridge.domain.errors import BridgeError, Throttled
from bridge.domain.ids import Seller
from bridge.domain.pacing import PATIENCE, Bucket, Limit, Place, User
from bridge.ports import Clock
from bridge.spapi.operation import Operation

RATE_HEADER = "x-amzn-ratelimit-limit"
"""On answers 20x, 400 and 404, never on 429; Amazon leaves it out at times."""
_USELESS_SLOT = timedelta(seconds=30)
_TRIES = 6


class Buckets(Protocol):
    """What the table keeps; see stores.quota."""

    def seen(self, place: Place) -> Bucket:
        """As this worker saw it last; costs no call."""
        ...

    def take(self, place: Place, *, now: int, cost: int, latest: int, user: User, count: int) -> Bucket | None:
        """Move `tat` by `cost` if it is at most `latest`; None when the bucket is not as it was `seen` before."""
        ...

    def give_back(self, place: Place, *, cost: int, user: User, count: int) -> None: ...

    def change(self, place: Place, after: Bucket) -> bool:
        """False when the bucket is not as it was `seen` before."""
        ...

    def refused(self, place: Place) -> None:
        """Count an answer 429."""
        ...


class Pacer:
    """One per worker. `user` is who takes the calls that it is asked for without saying."""

    def __init__(self, buckets: Buckets, clock: Clock) -> None:
        self._buckets = buckets
        self._clock = clock

    def wait(self, operation: Operation, seller: Seller, slot: datetime | None, user: User) -> None:
        """Return when the call may be made: at the given slot or a new one, at most a second away.

        Raises Throttled with the slot when it is further away, and without one when none is left within the horizon.
        """
        now = self._clock.now()
        if slot is None or self._void(slot, operation, seller, now):
            [slot] = self.reserve(operation, seller, user)
        wait = slot - self._clock.now()
        if wait > PATIENCE:
            msg = f"{operation.name}: next slot in {wait.total_seconds():.0f} s"
            raise Throttled(msg, slot, slot=slot, operation=operation.name)
        self._sleep_until(slot)
        self._share(operation, seller, user)

    def _sleep_until(self, slot: datetime) -> None:
        wait = slot - self._clock.now()
        if wait > timedelta(0):
            self._clock.sleep(wait.total_seconds())

    def _share(self, operation: Operation, seller: Seller, user: User) -> None:
        """What all sellers share is taken when the call is made: reserved ahead, it would keep the others waiting."""
        for shared in operation.shared:
            place = Place(seller.region, "", shared.name)
            try:
                [slot] = self._taken(shared.name, place, shared.limit, user, 1, reach=PATIENCE)
            except Throttled as throttled:
                self._give_back(_pair(operation, seller), operation.limit, user, 1)
                raise Throttled(str(throttled), self._clock.now() + PATIENCE) from None
            self._sleep_until(pacing.moment(slot))

    def _void(self, slot: datetime, operation: Operation, seller: Seller, now: datetime) -> bool:
        """Unused for too long, or reserved at a rate that Amazon does not grant any more."""
        useless_after = min(_USELESS_SLOT, timedelta(seconds=operation.burst / operation.rate))
        floor = self._buckets.seen(_pair(operation, seller)).floor
        return slot < now - useless_after or pacing.micros(slot) < floor

    def reserve(self, operation: Operation, seller: Seller, user: User, count: int = 1) -> list[datetime]:
        """Up to `count` slots (aware UTC), soonest first; at least one, or Throttled without a slot."""
        taken = self._taken(operation.name, _pair(operation, seller), operation.limit, user, count)
        return [pacing.moment(slot) for slot in taken]

    def _taken(
        self, name: str, place: Place, limit: Limit, user: User, count: int, reach: timedelta | None = None
    ) -> list[int]:
        for _ in range(_TRIES):
            now = pacing.micros(self._clock.now())
            bucket = self._buckets.seen(place)
            self._correct(place, pacing.unsure(bucket, limit, now))
            bucket = self._buckets.seen(place)
            gap = pacing.gap_of(bucket, limit)
            ahead = reach or pacing.ahead(user, bucket, limit, now)
            latest = now + pacing.early(gap, limit.burst) + pacing.span(ahead)
            wanted = min(count, max(pacing.room(bucket, limit, now, ahead), 1))
            after = self._buckets.take(
                place, now=now, cost=wanted * gap, latest=latest - (wanted - 1) * gap, user=user, count=wanted
            )
            if after:
                return pacing.slots(after.tat, wanted, gap, limit.burst, now)
            bucket = self._buckets.seen(place)
            ahead = reach or pacing.ahead(user, bucket, limit, now)
            if not pacing.room(bucket, limit, now, ahead):
                raise self._full(name, bucket, limit, ahead)
        msg = f"quota of {name} is contended"
        raise Throttled(msg, self._clock.now() + timedelta(seconds=1))

    def _full(self, name: str, bucket: Bucket, limit: Limit, reach: timedelta) -> Throttled:
        now = self._clock.now()
        free = pacing.moment(bucket.tat - pacing.early(pacing.gap_of(bucket, limit), limit.burst))
        until = max(min(free - reach / 2, now + pacing.HORIZON), now + PATIENCE)
        if reach < timedelta(0):
            return Throttled(f"what is left of the quota of {name} is kept for live work", until, operation=name)
        return Throttled(f"quota of {name} is taken for the next {reach.total_seconds():.0f} s", until, operation=name)

    def _give_back(self, place: Place, limit: Limit, user: User, count: int) -> None:
        cost = count * pacing.gap_of(self._buckets.seen(place), limit)
        self._buckets.give_back(place, cost=cost, user=user, count=count)

    def favour_line(self, operation: Operation, seller: Seller) -> None:
        """A waiting line got nothing: for a moment it may reserve further ahead than live work."""
        place, now = _pair(operation, seller), pacing.micros(self._clock.now())
        if self._buckets.seen(place).line_first <= now:
            self._correct(place, replace(self._buckets.seen(place), line_first=now + pacing.span(pacing.FAVOURED)))

    def learn(self, operation: Operation, seller: Seller, status: int, headers: Mapping[str, str]) -> None:
        """Take in what an answer says of rate and bucket. Never raises: the call is over."""
        with suppress(BridgeError):
            self._learn(operation, seller, status, headers)

    def _learn(self, operation: Operation, seller: Seller, status: int, headers: Mapping[str, str]) -> None:
        pair, now = _pair(operation, seller), pacing.micros(self._clock.now())
        if status == 429:
            self._buckets.refused(pair)
            self._change(pair, lambda bucket: pacing.drained(bucket, operation.limit, now))
            return
        gap = _gap(headers)
        if gap:
            self._change(pair, lambda bucket: pacing.told(bucket, operation.limit, gap, now))
        if operation.burst == 1:
            # Paced from the moment at which Amazon had certainly counted the call, not from when it was planned.
            due = now + pacing.gap_of(self._buckets.seen(pair), operation.limit)
            self._change(pair, lambda bucket: replace(bucket, tat=due) if bucket.tat < due else None)

    def _change(self, place: Place, change: Callable[[Bucket], Bucket | None]) -> None:
        for _ in range(_TRIES):
            after = change(self._buckets.seen(place))
            if after is None or self._buckets.change(place, after):
                return

    def _correct(self, place: Place, after: Bucket | None) -> None:
        if after is not None:
            self._buckets.change(place, after)

    def spare(self, operation: Operation, seller: Seller) -> float:
        """Share of the burst that is unused, 0 to 1, as this worker saw it last; costs no call."""
        bucket, now = self._buckets.seen(_pair(operation, seller)), pacing.micros(self._clock.now())
        gap = pacing.gap_of(bucket, operation.limit)
        return 1 - min(max(bucket.tat - now, 0) / (operation.burst * gap), 1)

    def at_once(self, operation: Operation, seller: Seller) -> int:
        """Calls that could be made now, as this worker saw it last."""
        now = pacing.micros(self._clock.now())
        return pacing.room(self._buckets.seen(_pair(operation, seller)), operation.limit, now, timedelta(0))

    def gap_s(self, operation: Operation, seller: Seller) -> float:
        """Seconds between two calls, as Amazon told or documents."""
        return pacing.gap_of(self._buckets.seen(_pair(operation, seller)), operation.limit) / 1_000_000


def _pair(operation: Operation, seller: Seller) -> Place:
    return Place(seller.region, seller.seller_id, operation.name)


def _gap(headers: Mapping[str, str]) -> int:
    """Microseconds between two calls, as the header says; 0 when it says nothing that can be meant."""
    try:
        rate = float(headers[RATE_HEADER])
    except (KeyError, ValueError):
        return 0
    return round(1_000_000 / rate) if 1e-5 < rate < 1e5 else 0
