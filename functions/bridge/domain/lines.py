"""Waiting lines: work that Amazon's quota has no slot for within the horizon waits there, most urgent first. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bridge.domain.errors import Unreadable
from bridge.domain.ids import Region, Seller, SellerId
from bridge.domain.lifecycle import FETCH_ORDER, HAND_TO_ERP, READ_BACK
from bridge.domain.times import to_text
from bridge.domain.work import Work

TICK = timedelta(seconds=15)
"""An open line is served this often."""
LAG = timedelta(minutes=2)
"""Amazon: a search of orders finds most changes so long after they happened."""
_SURELY = timedelta(seconds=4)
CLOSES_AFTER = timedelta(minutes=2)
"""A line that is empty is served for so long after the last one joined it: the index may lag."""
BY_ORDER = "getOrder"
"""The operation whose line pages of a search can shorten."""
OPERATIONS = (BY_ORDER, "confirmShipment")
"""What work waits in line for."""
HAND_OVER, URGENT, OTHER = 0, 1, 2
"""Hand-overs stand by themselves: those who wait for an ERP that is silent, or slow, hide nobody else."""
RANKS = (HAND_OVER, URGENT, OTHER)
SEATS = 80
"""At most so many in one turn: what the fastest operation that work waits for grants in half the horizon."""
_KEEPS_UP = 2
_SHARE = 8
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


class Line(NamedTuple):
    """Of one seller, for one operation of SP-API."""

    seller: Seller
    operation: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What is noted of a line that work waits in: since when, when the last one joined, when it is served next."""

    line: Line
    since: datetime
    joined: datetime
    next: datetime
    dry: int = 0
    """Turns in which there was no slot, up to now, although the line held none any more."""
    held: datetime | None = None
    """The last slot that was given to it."""
    pace: int = SEATS
    """Hand-overs that got a seat in the last turn, at most."""


class Waiting(NamedTuple):
    """One who waits, and the place in the line: text that sorts."""

    place: str
    work: Work


def next_turn(since: datetime, now: datetime) -> datetime:
    """When a line that is open since then is served again: also when Amazon shows all that had happened by then."""
    shown = since + LAG + _SURELY
    return min(now + TICK, shown) if shown > now + _SURELY else now + TICK


def worth_a_look(since: datetime, searched: datetime | None, now: datetime, *, reads: bool = True) -> bool:
    """Whether a search now may find what the last one, begun at `searched`, could not.

    Again and again only for those who wait to read: a hand-over needs its own call all the same.
    """
    if searched is None or searched <= since or (reads and now - searched >= LAG):
        return True
    return searched < since + LAG <= now - _SURELY / 2


def rank(kind: str) -> int:
    """Whatever a search of orders may answer as well stands behind what only this call can do."""
    if kind == HAND_TO_ERP:
        return HAND_OVER
    return OTHER if kind in {FETCH_ORDER, READ_BACK} else URGENT


def place(kind: str, ship_by: str, since: datetime) -> str:
    """The place in its line as text that sorts: nearest ship-by date first.

    `since` is when the order changed. Reading is the other way round, newest first: pages
    of a search bring the oldest, and the two meet in the middle.
    """
    if rank(kind) == OTHER:
        return to_text(datetime.min.replace(tzinfo=UTC) + (_LATEST - since))
    return ship_by or to_text(since)


def shares(seats: int, others: int) -> tuple[int, int]:
    """How many seats the urgent and the others get: one in eight goes to the others, so that nobody starves."""
    for_others = min(others, -(-seats // _SHARE))
    return seats - for_others, for_others


def pace(before: int, late: int) -> int:
    """How many hand-overs may get a seat in this turn, when it was `before` in the last one.

    Half as many while the ERP's lane is `late` with some whose slot has come: slots that it cannot use are lost to all.
    """
    return min(before * 2, SEATS) if late <= _KEEPS_UP else max(before // 2, 1)


def encode(line: Line) -> str:
    """The body of the message that calls for a turn of a line."""
    return json.dumps({"line": line.operation, "region": line.seller.region, "seller": line.seller.seller_id})


def decode(body: str) -> Line:
    """The inverse of `encode`; Unreadable when it is none."""
    try:
        raw = json.loads(body)
        return Line(Seller(Region(raw["region"]), SellerId(str(raw["seller"]))), str(raw["line"]))
    except (ValueError, KeyError, TypeError) as error:
        msg = "not a message about a line"
        raise Unreadable(msg) from error
