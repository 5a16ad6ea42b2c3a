"""A piece of work: which effect, on which order, on which part of it. This is all a work message carries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bridge.domain.errors import Unreadable
from bridge.domain.ids import OrderId, OrderKey, Region, SellerId
from bridge.domain.lifecycle import Head
from bridge.domain.sellers import SellerRecord
from bridge.domain.times import from_text, to_text

LEASE = timedelta(seconds=60)
"""How long a claim holds. At least function time-out (30 s) + longest request in flight (20 s) + clock skew (5 s)."""
FUNCTION_TIMEOUT = timedelta(seconds=30)
OLD_AT_FIRST_SIGHT = timedelta(minutes=15)
"""An order older than this when first seen may already be in the ERP: look before creating."""
IN_FLIGHT = timedelta(seconds=20)
"""A request that was given up may still take effect for so long: nobody looks or tries again before."""
LONGEST_WAIT = timedelta(minutes=15)
"""The longest pause between two tries of the same work."""


@dataclass(frozen=True, slots=True)
class Work:
    """`kind` is a row of EFFECTS; `part` names a parcel where the effect is one parcel's."""

    kind: str
    key: OrderKey
    part: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.key}{' ' + self.part if self.part else ''}"


@dataclass(frozen=True, slots=True)
class Turn:
    """One claimed try of one piece of work. `fence` proves at completion that the claim is still ours."""

    work: Work
    want: int
    fence: int
    tries: int
    raised: datetime
    head: Head
    """What is known of the order as this try begins."""
    slot: datetime | None = None
    slot_for: str = ""
    """The operation of SP-API that `slot` was reserved for."""
    accepted: bool = False
    """A human retried this after it was parked: checks that only protect against surprises are waived."""
    stored: Mapping[str, Any] = field(default_factory=dict)
    """Everything stored of the work when it was claimed."""
    seller: SellerRecord | None = None
    """The seller as connected when this try began."""
    rehearse: bool = False
    """Decide, but write nothing outside (`--dry-run`)."""

    def slot_of(self, operation: str) -> datetime | None:
        """The slot that an earlier try reserved for this operation."""
        return self.slot if self.slot_for == operation else None

    @property
    def doubt(self) -> bool:
        """An earlier try may have had its effect: look at the target before acting."""
        return self.tries > 1


def pause_after(tries: int) -> timedelta:
    """Three times 20 s, three times 40 s, three times 80 s … up to LONGEST_WAIT.

    A hiccup is not an outage: doubled at every try, one order in a hundred waited an hour for no reason.
    """
    return min(IN_FLIGHT * int(2 ** min((tries - 1) // 3, 20)), LONGEST_WAIT)


def encode(work: Work, slot: datetime | None) -> str:
    """The body of a work message."""
    region, seller, order = work.key
    body = {"kind": work.kind, "region": region, "seller": seller, "order": order, "part": work.part}
    return json.dumps(body | ({"slot": to_text(slot)} if slot else {}))


def decode(body: str) -> tuple[Work, datetime | None]:
    """The inverse of `encode`; Unreadable when it is no work message."""
    try:
        raw = json.loads(body)
        kind, region, seller, order, part = (_text(raw[name]) for name in ("kind", "region", "seller", "order", "part"))
        work = Work(kind, OrderKey(Region(region), SellerId(seller), OrderId(order)), part)
        return work, from_text(raw["slot"]) if "slot" in raw else None
    except (ValueError, KeyError, TypeError) as error:
        msg = "not a work message"
        raise Unreadable(msg) from error


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise TypeError
    return raw
