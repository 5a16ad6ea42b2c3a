"""Backfills: what an operator asked for, one at a time for each seller, and how far it has come."""

from __future__ import annotations

from datetime import datetime

from bridge.domain.backfill import Backfill, Outcome, in_circles
from bridge.domain.ids import Seller
from bridge.domain.readings import Page
from bridge.domain.times import from_text, to_text
from bridge.ports import Clock
from bridge.stores import keys
from bridge.stores.table import Absent, Condition, ConditionFailed, Item, Put, Table, Update, both, equals


class Backfills:
    """See ports.Backfills; `ask`, `expect`, `stop` and `go_on` are the operator's."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def get(self, seller: Seller) -> Backfill | None:
        return _read(seller, self._table.get(keys.backfill(seller)) or {})

    def ask(self, seller: Seller, since: datetime, *, searches: int, before: Backfill | None) -> Backfill | None:
        """A new one in place of the one `before`; None when another was asked for meanwhile."""
        now = to_text(self._clock.now())
        item: Item = {"since": to_text(since), "asked": now, "begin": to_text(since), "searches": searches}
        known = equals("asked", to_text(before.asked)) if before else Absent("asked")
        try:
            self._table.put(Put(keys.backfill(seller), item, when=known))
        except ConditionFailed:
            return None
        return _read(seller, item)

    def expect(self, backfill: Backfill, orders: int) -> Backfill | None:
        return self._changed(backfill, Update(keys.backfill(backfill.seller), set={"expected": orders}))

    def stop(self, backfill: Backfill) -> Backfill | None:
        """None when it has ended, or another was asked for."""
        ended = Update(keys.backfill(backfill.seller), set={"outcome": str(Outcome.STOPPED)}, when=Absent("outcome"))
        return self._changed(backfill, ended)

    def go_on(self, backfill: Backfill) -> Backfill | None:
        """One that was stopped, or that Amazon refused, from where it was; with a new search if its token was lost."""
        lost = backfill.token and backfill.outcome is Outcome.FAILED
        change, over = (_anew(backfill), ("token",)) if lost else ({}, ())
        remove = ("outcome", "reason", *over)
        return self._changed(
            backfill, Update(keys.backfill(backfill.seller), set=change | {"restarts": 0}, remove=remove)
        )

    def turn(self, backfill: Backfill, page: Page) -> Backfill | None:
        versions = sorted(from_text(order.version) for order in page.orders)
        change: Item = {"turned": to_text(self._clock.now())}
        if versions:
            change["seen"] = to_text(max(versions[-1], backfill.seen or versions[-1]))
            # Amazon writes whole seconds at times: pages may share one.
            if backfill.seen and versions[0] < backfill.seen.replace(microsecond=0):
                change["mixed"] = True
        change |= {"token": page.next_token} if page.next_token else {"outcome": str(Outcome.DONE)}
        update = Update(
            keys.backfill(backfill.seller),
            set=change,
            add={"orders": len(page.orders) + len(page.unreadable), "pages": 1, "read": 1},
            remove=() if page.next_token else ("token",),
            when=both(Absent("outcome"), _same("token", backfill.token)),
        )
        return self._changed(backfill, update)

    def refused(self, backfill: Backfill, reason: str) -> None:
        """A page token that Amazon takes no more is given up; without one, or in circles, nothing is left to try."""
        key, same = keys.backfill(backfill.seller), _same("token", backfill.token)
        if backfill.token is None or backfill.hopeless:
            why = in_circles(reason) if backfill.token else reason
            failed = {"outcome": str(Outcome.FAILED), "reason": why}
            self._changed(backfill, Update(key, set=failed, when=both(Absent("outcome"), same)))
            return
        change = _anew(backfill) | {"restarts": 0 if backfill.further else backfill.restarts + 1}
        self._changed(backfill, Update(key, set=change, remove=("token",), when=same))

    def _changed(self, backfill: Backfill, update: Update) -> Backfill | None:
        """Only of that one, not of another that was asked for since."""
        own: Condition = equals("asked", to_text(backfill.asked))
        when = both(own, update.when) if update.when else own
        changed = Update(update.key, set=update.set, add=update.add, remove=update.remove, when=when)
        try:
            return _read(backfill.seller, self._table.update(changed))
        except ConditionFailed:
            return None


def under_way(item: Item) -> bool:
    """Whether this is the item of a backfill that goes on."""
    return "since" in item and "outcome" not in item


def _anew(backfill: Backfill) -> Item:
    """A new search, without the page token that is lost, from where the one under way had come to."""
    change: Item = {"begin": to_text(backfill.resumes_at), "read": 0}
    if backfill.resumes_at > backfill.begin:
        return change | {"reached": 0}
    return change | {"orders": 0, "pages": 0, "reached": max(backfill.read, backfill.reached)}


def _same(name: str, value: str | None) -> Condition:
    return equals(name, value) if value else Absent(name)


def _read(seller: Seller, item: Item) -> Backfill | None:
    if "since" not in item:
        return None
    turned, seen = (from_text(item[name]) if name in item else None for name in ("turned", "seen"))
    return Backfill(
        seller=seller,
        since=from_text(item["since"]),
        asked=from_text(item["asked"]),
        begin=from_text(item["begin"]),
        token=item.get("token"),
        turned=turned,
        orders=item.get("orders", 0),
        pages=item.get("pages", 0),
        seen=seen,
        mixed=item.get("mixed", False),
        expected=item.get("expected", 0),
        searches=item.get("searches", 0),
        read=item.get("read", 0),
        reached=item.get("reached", 0),
        restarts=item.get("restarts", 0),
        outcome=Outcome(item["outcome"]) if "outcome" in item else None,
        reason=item.get("reason", ""),
    )
