"""A backfill: orders of a seller that changed since a day in the past, page by page; and when it will be done. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bridge.domain.ids import Seller

PAGE = 100
"""Orders on a page of Amazon's search."""
BEFORE = timedelta(seconds=150)
"""A backfill ends with what changed so long before it was asked for: the live search looks further back than that.

Amazon demands two minutes; the rest is for clocks that differ.
"""
TOKEN_LIVES = timedelta(hours=23)
RESTARTS = 3
"""So many searches in a row may begin anew because of a lost page token and come no further."""
LEARNT = timedelta(minutes=30)
"""After this time the live searches that were counted say more than their period."""
_TOO_FEW = 1e-5
"""Pages a second: less than one a day is none."""
_MINUTE, _EARLY = 60.0, 5.0
"""Seconds between two sweeps, and by how much a live search may come before its time."""


class Outcome(StrEnum):
    """How a backfill ended."""

    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Backfill:
    """What was asked for, and how far it has come. All times are aware UTC."""

    seller: Seller
    since: datetime
    asked: datetime
    """When; also tells one backfill from the next."""
    begin: datetime
    """Where the search that is under way began: `since`, or further on when Amazon's page token was lost."""
    token: str | None = None
    turned: datetime | None = None
    """When the last page was read."""
    orders: int = 0
    pages: int = 0
    seen: datetime | None = None
    """The newest change among the orders read."""
    mixed: bool = False
    """The pages did not come in the order of the changes."""
    expected: int = 0
    """How many orders there are, as the operator says; 0: not told."""
    searches: int = 0
    """Live searches that had been counted when it was asked for."""
    read: int = 0
    """Pages of the search that is under way."""
    reached: int = 0
    """The most pages of a search from the same `begin` before it."""
    restarts: int = 0
    """How many searches in a row, before the one under way, began anew and came no further."""
    outcome: Outcome | None = None
    reason: str = ""

    @property
    def until(self) -> datetime:
        """What changed later is the live search's."""
        return max(self.asked - BEFORE, self.since)

    @property
    def resumes_at(self) -> datetime:
        """Where a new search begins when the page token is lost."""
        return self.begin if self.mixed or self.seen is None else max(self.begin, self.seen)

    @property
    def further(self) -> bool:
        """Whether the search that is under way came further than those before it."""
        return self.resumes_at > self.begin or self.read > self.reached

    @property
    def hopeless(self) -> bool:
        """Whether it would go round in circles, now that the page token is lost again."""
        return not self.further and self.restarts + 1 >= RESTARTS

    @property
    def share(self) -> float:
        """How much of the span of time is read, 0 to 1."""
        if self.outcome is Outcome.DONE:
            return 1.0
        span = self.until - self.since
        return min((self.seen - self.since) / span, 1.0) if self.seen and span else 0.0


@dataclass(frozen=True, slots=True)
class Supply:
    """Amazon's quota of searches, in seconds and calls, and what the live search takes of it."""

    gap: float
    """Between two calls, as Amazon grants them."""
    burst: int
    used: float
    """Calls of the burst that are used now."""
    live_period: float
    live_in: float
    """Until the next live search."""
    sweep_in: float = _MINUTE / 2
    """Until the next minute's sweep."""

    @property
    def page_s(self) -> float | None:
        """Between two pages of a backfill in the long run; None when the live search takes everything."""
        left = 1 / self.gap - 1 / self.live_period
        return 1 / left if left > _TOO_FEW else None

    @property
    def at_once(self) -> int:
        """Pages that can be read now."""
        return max(math.floor(self.burst / 2 - self.used) + 1, 0)


def in_circles(reason: str) -> str:
    """Why a backfill has failed whose page token was lost again and again."""
    what = f"the page token was lost again ({reason}): {RESTARTS} new searches came no further than the first"
    return f"{what}. Wait some hours; if `bridge quota` shows unused searches, ask Amazon's developer support"


def live_period(period: float, searches: int, elapsed: timedelta) -> float:
    """Seconds between two calls of the live search: its period, or less when more were counted."""
    if not searches or elapsed < LEARNT:
        return period
    return min(period, elapsed.total_seconds() / searches)


def pages_left(backfill: Backfill) -> int | None:
    """None while nobody can tell; an estimate, unless the operator told how many orders there are.

    Orders come in the order of their changes: what is left is taken to lie as densely as what was read.
    """
    if backfill.outcome is Outcome.DONE:
        return 0
    share = backfill.share
    if backfill.expected > backfill.orders:
        left = float(backfill.expected - backfill.orders)
    elif backfill.mixed or share <= 0:
        return None
    else:
        left = backfill.orders * (1 - share) / share
    return max(math.ceil(left / PAGE), 1)


def seconds_left(pages: int, supply: Supply) -> float | None:
    """Until the last of so many pages is read; None when that is never.

    What the sweep does each minute is done in advance: the live search when it is due, then a page for as long as
    at least half of the burst is unused. Each takes one call, and one comes back every `gap`.
    """
    if pages > supply.at_once and supply.page_s is None:
        return None
    used, at, before, live = supply.used, supply.sweep_in, 0.0, supply.live_in
    while pages > 0:
        used = max(used - (at - before) / supply.gap, 0.0)
        while at >= live - _EARLY:
            used += 1
            live = (at if supply.live_period >= _MINUTE else live) + supply.live_period
        room = min(max(math.floor(supply.burst / 2 - used) + 1, 0), pages)
        used, pages, before = used + room, pages - room, at
        at += _MINUTE
    return before
