"""Pacing: a call takes a slot out of Amazon's buckets first; what Amazon answers corrects what we think of them.

https://developer-docs.amazon.com/sp-api/docs/usage-plans-and-rate-limits
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from bridge.domain import pacing
from bridge.domain.errors import BridgeError, Throttled
from bridge.domain.ids import Seller
from bridge.domain.pacing import PATIENCE, Bucket, Limit, Place, User
from bridge.ports import Clock
from bridge.spapi.operation import Operation

RATE_HEADER = "x-amzn-ratelimit-limit"
"""On answers 20x, 400 and 404, never on 429; Amazon leaves it out at times."""
_SOON = 3 * PATIENCE
"""Within it, a message that is sent for the next second is there."""
_TRIES = 6


class Buckets(Protocol):
    """What the table keeps; see stores.quota."""

    def seen(self, place: Place) -> Bucket:
        """As this worker saw it last; costs no call."""
        ...

    def take(self, place: Place, *, now: int, cost: int, latest: int, user: User, count: int) -> Bucket | None:
        """Move `tat` by `cost` if it is at most `latest`; None when the bucket is not as it was `seen` before."""
        ...

    def give_back(self, place: Place, *, tat: int, cost: int, user: User) -> None:
        """One call, unless the bucket has changed since `tat`."""
        ...

    def change(self, place: Place, after: Bucket) -> bool:
        """False when the bucket is not as it was `seen` before."""
        ...

    def refused(self, place: Place) -> None:
        """Count an answer 429."""
        ...


class _Taken(NamedTuple):
    """Calls out of one bucket. `tat` is that of the bucket since; 0 when it is not known any more."""

    place: Place
    limit: Limit
    slots: Sequence[int] = ()
    tat: int = 0


class Pacer:
    """One per worker. `user` is who takes the calls that it is asked for without saying."""

    def __init__(self, buckets: Buckets, clock: Clock) -> None:
        self._buckets = buckets
        self._clock = clock

    def wait(self, operation: Operation, seller: Seller, slot: datetime | None, user: User) -> None:
        """Return when the call may be made: at the given slot or a new one, at most a second away.

        Raises Throttled with the slot when it is further away, and without one when none is left within the horizon.
        """
        own = _Taken(_pair(operation, seller), operation.limit)
        if slot is None or self._void(slot, operation, seller):
            own = self._take(own, user, 1)
            slot = pacing.moment(own.slots[0])
        wait = slot - self._clock.now()
        if wait > PATIENCE:
            msg = f"{operation.name}: next slot in {wait.total_seconds():.0f} s"
            # A message is up to a second late. Where the slot would be void by then, better come early and wait for it.
            until = slot - PATIENCE if self._latest(own, slot) < slot + 2 * PATIENCE else slot
            raise Throttled(msg, until, slot=slot, operation=operation.name)
        self._sleep_until(slot)
        if operation.shared:
            self._share(operation, slot, own, user)

    def _sleep_until(self, slot: datetime) -> None:
        wait = slot - self._clock.now()
        if wait > timedelta(0):
            self._clock.sleep(wait.total_seconds())

    def _share(self, operation: Operation, slot: datetime, own: _Taken, user: User) -> None:
        """What all sellers share is taken when the call is made: reserved ahead, it would keep the others waiting.

        All or nothing, and at a time at which every slot can be used.
        """
        taken, at = [own], slot
        until = latest = self._latest(own, slot)
        for shared in operation.shared:
            now = self._clock.now()
            free = _Taken(Place(own.place.region, "", shared.name), shared.limit)
            try:
                one = self._take(free, user, 1, reach=min(max(latest - now, timedelta(0)), PATIENCE))
            except Throttled as throttled:
                again, keeps = now + PATIENCE, until > now + _SOON
                for other in taken[keeps:]:
                    self._give_back(other, user)
                kept = (slot, operation.name) if keeps else (None, "")
                raise Throttled(str(throttled), again, slot=kept[0], operation=kept[1]) from None
            taken.append(one)
            soonest = pacing.moment(one.slots[0])
            at, latest = max(at, soonest), min(latest, self._latest(one, soonest))
        self._sleep_until(at)

    def _latest(self, taken: _Taken, slot: datetime) -> datetime:
        """When a slot may be used at the latest."""
        gap = pacing.gap_of(self._buckets.seen(taken.place), taken.limit)
        return slot + timedelta(microseconds=pacing.useless_after(gap, taken.limit.burst))

    def _void(self, slot: datetime, operation: Operation, seller: Seller) -> bool:
        """Unused for too long, or reserved at a rate that Amazon does not grant any more."""
        pair = _pair(operation, seller)
        too_late = self._clock.now() > self._latest(_Taken(pair, operation.limit), slot)
        return too_late or pacing.micros(slot) < self._buckets.seen(pair).floor

    def reserve(self, operation: Operation, seller: Seller, user: User, count: int = 1) -> list[datetime]:
        """Up to `count` slots (aware UTC), soonest first; at least one, or Throttled without a slot.

        One that is past can be used at once, and is void the sooner.
        """
        taken = self._take(_Taken(_pair(operation, seller), operation.limit), user, count)
        return [pacing.moment(slot) for slot in taken.slots]

    def _take(self, free: _Taken, user: User, count: int, reach: timedelta | None = None) -> _Taken:
        place, limit = free.place, free.limit
        for _ in range(_TRIES):
            now = pacing.micros(self._clock.now())
            bucket = self._buckets.seen(place)
            self._correct(place, pacing.unsure(bucket, limit, now))
            bucket = self._buckets.seen(place)
            gap = pacing.gap_of(bucket, limit)
            ahead = pacing.ahead(user, bucket, limit, now) if reach is None else reach
            latest = now + pacing.early(gap, limit.burst) + pacing.span(ahead)
            wanted = min(count, max(pacing.room(bucket, limit, now, ahead), 1))
            after = self._buckets.take(
                place, now=now, cost=wanted * gap, latest=latest - (wanted - 1) * gap, user=user, count=wanted
            )
            if after:
                slots = pacing.slots(after.tat, wanted, gap, limit.burst, now)
                return free._replace(slots=slots, tat=after.tat)
            bucket = self._buckets.seen(place)
            ahead = pacing.ahead(user, bucket, limit, now) if reach is None else reach
            if not pacing.room(bucket, limit, now, ahead):
                raise self._full(place.name, bucket, limit, ahead)
        msg = f"quota of {place.name} is contended"
        raise Throttled(msg, self._clock.now() + timedelta(seconds=1))

    def _full(self, name: str, bucket: Bucket, limit: Limit, reach: timedelta) -> Throttled:
        now = self._clock.now()
        free = pacing.moment(bucket.tat - pacing.early(pacing.gap_of(bucket, limit), limit.burst))
        until = max(min(free - reach / 2, now + pacing.HORIZON), now + PATIENCE)
        if reach < timedelta(0):
            return Throttled(f"what is left of the quota of {name} is kept for live work", until, operation=name)
        return Throttled(f"quota of {name} is taken for the next {reach.total_seconds():.0f} s", until, operation=name)

    def _give_back(self, taken: _Taken, user: User) -> None:
        """What was taken last, or nothing: others rely on what was taken before them."""
        if taken.tat:
            cost = pacing.gap_of(self._buckets.seen(taken.place), taken.limit)
            self._buckets.give_back(taken.place, tat=taken.tat, cost=cost, user=user)

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
