"""The write that asks for a piece of work, part of the same transaction as the facts that call for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from bridge.domain.lifecycle import Head
from bridge.domain.times import to_text
from bridge.domain.work import Work
from bridge.stores import keys
from bridge.stores.table import Update

KEPT = timedelta(days=548)
"""How long an order and its work are remembered: 18 months."""


def time_to_live(now: datetime) -> int:
    """For DynamoDB's TTL attribute: seconds since 1970."""
    return int((now + KEPT).timestamp())


def raising(work: Work, head: Head, now: datetime, delay: timedelta = timedelta(0)) -> Update:
    """The write that asks for `work` once more; also brings a parked effect back, because there is news.

    What a human accepted was accepted without knowing of them.
    """
    line = {"ship_by": to_text(head.ship_by)} if head.ship_by else {}
    line |= {"told": head.told} if head.told else {}
    return Update(
        keys.work(work),
        add={"want": 1},
        set={"due": to_text(now + delay), "dshard": keys.due_shard(work), "ttl": time_to_live(now), **line},
        init={"raised": to_text(now)},
        remove=("shelf", "reason", "nb", "accepted"),
    )
