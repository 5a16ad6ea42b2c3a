"""Orders: one HEAD per order, changed by comparing and setting its revision, together with the work that follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from bridge.domain.errors import Unavailable
from bridge.domain.ids import MarketplaceId, OrderItemId, OrderKey, Sku
from bridge.domain.lifecycle import Change, Head, Item, Told, read_anew
from bridge.domain.money import Money
from bridge.domain.orders import Order
from bridge.domain.times import from_text, to_text
from bridge.domain.work import Work
from bridge.ports import Clock
from bridge.stores import keys
from bridge.stores.raising import raising, time_to_live
from bridge.stores.table import Absent, Condition, ConditionFailed, Put, Table, Write, equals
from bridge.stores.table import Item as Stored

_TRIES = 8
WARN_BEFORE_SHIP_BY = timedelta(hours=12)


class Orders:
    """See ports.Orders."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def get(self, key: OrderKey) -> Head:
        return read_head(key, self._table.get(keys.head(key)))

    def several(self, keys_of: Sequence[OrderKey]) -> list[Head]:
        items = self._table.several(*map(keys.head, keys_of))
        return [read_head(key, item) for key, item in zip(keys_of, items, strict=True)]

    def change(
        self, key: OrderKey, decide: Callable[[Head], Change | None], *, known: Head | None = None
    ) -> tuple[Head, tuple[Work, ...]]:
        head = known or self.get(key)
        for _ in range(_TRIES):
            change = decide(head)
            if change is None:
                return head, ()
            try:
                return self.store(head, change)
            except ConditionFailed:
                head = self.get(key)
        raise contended(key)

    def store(self, head: Head, change: Change, beside: Sequence[Write] = ()) -> tuple[Head, tuple[Work, ...]]:
        """The changed facts, the work they call for and the writes `beside` them: all or nothing.

        Raises ConditionFailed when the facts are not what they were any more, or a condition of `beside` is false.
        """
        now = self._clock.now()
        after, condition = self.stamped(head, change, now)
        works = tuple(Work(kind, head.key) for kind in change.calls)
        raised = [raising(work, after, now, change.delay) for work in works]
        self._write([put_head(after, now, condition), *beside, *raised])
        return after, works

    def _write(self, writes: list[Write]) -> None:
        """A transaction costs twice as much, so only where there is more than one write."""
        if len(writes) > 1:
            self._table.transact(writes)
        else:
            self._table.put(cast("Put", writes[0]))

    def fold(
        self, key: OrderKey, order: Order, *, handling: str = "", known: Head | None = None
    ) -> tuple[Head, tuple[Work, ...]]:
        return self.change(key, lambda head: read_anew(head, order, handling=handling), known=known)

    def near_deadline(self, now: datetime, limit: int = 100) -> list[OrderKey]:
        found: list[OrderKey] = []
        until = to_text(now)
        for shard in range(keys.SHARDS):
            found += [keys.order_of(item["pk"]) for item in self._table.due(f"SHIPBY#{shard}", until, limit)]
        return found

    @staticmethod
    def stamped(head: Head, change: Change, now: datetime) -> tuple[Head, Condition]:
        """The changed head with its next revision and milestone, and the condition that nobody was faster."""
        times = dict(head.times)
        if change.milestone:
            times.setdefault(change.milestone, to_text(now))
        after = replace(change.head, revision=head.revision + 1, times=times, first_seen=head.first_seen or now)
        return after, equals("rev", head.revision) if head.revision else Absent("rev")


def contended(key: OrderKey) -> Unavailable:
    """Somebody else was faster every time."""
    return Unavailable(f"order {key.order_id} is being changed by others all the time")


def put_head(head: Head, now: datetime, condition: Condition) -> Put:
    """The write that replaces a HEAD."""
    item: Stored = {
        "rev": head.revision,
        "v": head.version,
        "told": head.told,
        "h": head.digest,
        "status": head.status,
        "by": head.fulfilled_by,
        "mkt": head.marketplace,
        "items": {item_id: [item.sku, item.ordered, item.fulfilled] for item_id, item in head.items.items()},
        "cancel_requested": head.cancel_requested,
        "shown": dict(head.shown),
        "erp": head.erp_number,
        "erp_v": head.erp_version,
        "erp_items": dict(head.erp_items),
        "erp_cancelled": head.erp_cancelled,
        "erp_held": head.erp_held,
        "erp_problem": head.erp_problem,
        "packed": dict(head.packed),
        "confirmed": dict(head.confirmed),
        "hints": list(head.hints),
        "unknown": list(head.unknown),
        "times": dict(head.times),
        "ttl": time_to_live(now),
    }
    for name, moment in (("created", head.created), ("first_seen", head.first_seen), ("ship_by", head.ship_by)):
        if moment:
            item[name] = to_text(moment)
    if head.total:
        item["total"] = _words(head.total)
    if head.erp_told:
        item["erp_told"] = [head.erp_told.number, *_words(head.erp_told.total), head.erp_told.version]
    if head.erp_outdated:
        item["erp_outdated"] = head.erp_outdated
    if head.ship_by and head.actionable and not _all_confirmed(head):
        item |= {"dshard": keys.ship_by_shard(head.key), "due": to_text(head.ship_by - WARN_BEFORE_SHIP_BY)}
    return Put(keys.head(head.key), item, when=condition)


def _all_confirmed(head: Head) -> bool:
    return all(head.confirmed.get(item_id, 0) >= item.ordered for item_id, item in head.items.items())


def _words(money: Money) -> list[str]:
    return [str(money.amount), money.currency]


def _money(raw: Sequence[str] | None) -> Money | None:
    return Money(Decimal(raw[0]), raw[1]) if raw else None


def _told(raw: Sequence[str] | None) -> Told | None:
    return Told(raw[0], Money(Decimal(raw[1]), raw[2]), raw[3]) if raw else None


def _moment(item: Stored, name: str) -> datetime | None:
    return from_text(item[name]) if name in item else None


def _units(raw: dict[str, int]) -> dict[OrderItemId, int]:
    return {OrderItemId(item_id): count for item_id, count in raw.items()}


def _item(raw: list[Any]) -> Item:
    sku, ordered, fulfilled = raw
    return Item(Sku(sku) if sku else None, ordered, fulfilled)


def read_head(key: OrderKey, item: Stored | None) -> Head:
    """The facts in an item; a head without revision when there is none."""
    if not item:
        return Head(key)
    return Head(
        key=key,
        revision=item["rev"],
        version=item["v"],
        told=item.get("told", ""),
        digest=item["h"],
        status=item["status"],
        fulfilled_by=item["by"],
        marketplace=MarketplaceId(item["mkt"]),
        created=_moment(item, "created"),
        first_seen=_moment(item, "first_seen"),
        ship_by=_moment(item, "ship_by"),
        items={OrderItemId(item_id): _item(raw) for item_id, raw in item["items"].items()},
        total=_money(item.get("total")),
        cancel_requested=item["cancel_requested"],
        shown=item["shown"],
        erp_number=item["erp"],
        erp_version=item["erp_v"],
        erp_items=_units(item["erp_items"]),
        erp_told=_told(item.get("erp_told")),
        erp_outdated=item.get("erp_outdated", ""),
        erp_cancelled=item["erp_cancelled"],
        erp_held=item["erp_held"],
        erp_problem=item["erp_problem"],
        packed=_units(item["packed"]),
        confirmed=_units(item["confirmed"]),
        hints=tuple(item["hints"]),
        unknown=tuple(item["unknown"]),
        times=item["times"],
    )
