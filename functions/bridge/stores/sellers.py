"""Sellers: who is connected, in which mode, and how far each sweep has come for them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.domain.ids import MarketplaceId, Seller
from bridge.domain.lines import BY_ORDER
from bridge.domain.sellers import Cursor, Mode, SellerRecord
from bridge.domain.times import from_text, to_text
from bridge.ports import Clock
from bridge.stores import keys
from bridge.stores.backfills import under_way
from bridge.stores.table import Absent, Compare, ConditionFailed, Item, Key, Present, Put, Table, Update, either, equals

_REMEMBERED = timedelta(minutes=5)


class Sellers:
    """See ports.Sellers; `put` and `set_mode` are the operator's."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._begun: dict[Key, datetime] = {}
        self._subscribed: dict[tuple[str, str, str], tuple[SellerRecord, datetime]] = {}

    def get(self, seller: Seller) -> SellerRecord | None:
        return read_seller(seller, self._table.get(keys.seller(seller)))

    def subscribed(self, seller_id: str, kind: str, subscription_id: str) -> SellerRecord | None:
        """Remembered for five minutes; whoever is not found is looked up."""
        asked, now = (seller_id, kind, subscription_id), self._clock.now()
        known = self._subscribed.get(asked)
        if known and known[1] > now:
            return known[0]
        for record in self.named(seller_id):
            if record.subscriptions.get(kind) == subscription_id:
                self._subscribed[asked] = record, now + _REMEMBERED
                return record
        return None

    def named(self, seller_id: str) -> list[SellerRecord]:
        return self._beginning(keys.regions_of(seller_id))

    def all(self) -> list[SellerRecord]:
        return self._beginning("")

    def progress(self, sweep: str) -> list[tuple[SellerRecord, Cursor]]:
        items = {item["sk"]: item for item in self._table.query(keys.SELLERS)}
        records = [_read(keys.seller_of(sk), item) for sk, item in items.items() if not _is_cursor(item)]
        lined = {seller for sk, item in items.items() if (seller := _waits_to_read(sk, item))}
        return [
            (record, replace(self._progress(record.seller, sweep, items), in_line=record.seller in lined))
            for record in records
        ]

    def _progress(self, seller: Seller, sweep: str, items: Mapping[str, Item]) -> Cursor:
        place, filling = keys.cursor(seller, sweep), under_way(items.get(keys.backfill(seller).sk, {}))
        return replace(_cursor(items.get(place.sk, {}), self._begun.get(place)), filling=filling)

    def _beginning(self, prefix: str) -> list[SellerRecord]:
        items = self._table.query(keys.SELLERS, prefix)
        return [_read(keys.seller_of(item["sk"]), item) for item in items if not _is_cursor(item)]

    def put(self, record: SellerRecord) -> None:
        item: Item = {
            "marketplaces": list(record.marketplaces),
            "mode": str(record.mode),
            "go_live": to_text(record.go_live),
            "subscriptions": record.subscriptions,
            "reason": record.reason,
            **({"connected": to_text(record.connected)} if record.connected else {}),
        }
        self._table.put(Put(keys.seller(record.seller), item))

    def set_mode(self, seller: Seller, mode: Mode, reason: str = "") -> bool:
        """False when there is no such seller."""
        try:
            self._table.update(
                Update(keys.seller(seller), set={"mode": str(mode), "reason": reason}, when=Present("mode"))
            )
        except ConditionFailed:
            return False
        return True

    def quarantine(self, seller: Seller, reason: str) -> None:
        self.set_mode(seller, Mode.NEEDS_CONSENT, reason)

    def cursor(self, seller: Seller, sweep: str) -> Cursor:
        place = keys.cursor(seller, sweep)
        return _cursor(self._table.get(place) or {}, self._begun.get(place))

    def begin(self, seller: Seller, sweep: str) -> None:
        self._begun[keys.cursor(seller, sweep)] = self._clock.now()

    def hold(self, seller: Seller, sweep: str, time: timedelta) -> bool:
        now = self._clock.now()
        free = either(Absent("busy"), Compare("busy", "<=", to_text(now)))
        try:
            self._table.update(Update(keys.cursor(seller, sweep), set={"busy": to_text(now + time)}, when=free))
        except ConditionFailed:
            return False
        return True

    def let_go(self, seller: Seller, sweep: str) -> None:
        self._table.update(Update(keys.cursor(seller, sweep), remove=("busy",)))

    def forget(self, seller: Seller, sweep: str) -> None:
        self._table.update(Update(keys.cursor(seller, sweep), remove=("token", "started")))

    def bookmark(self, seller: Seller, sweep: str, token: str, started: datetime) -> None:
        """Not for a search that another run has finished meanwhile."""
        text = to_text(started)
        unfinished = either(Absent("at"), Compare("at", "<", text))
        with suppress(ConditionFailed):
            self._table.update(
                Update(keys.cursor(seller, sweep), set={"token": token, "started": text}, when=unfinished)
            )

    def advance(
        self,
        seller: Seller,
        sweep: str,
        to: datetime | None,
        *,
        due: datetime | None = None,
        looked: datetime | None = None,
    ) -> None:
        key, over = keys.cursor(seller, sweep), ("token", "started", "busy")
        seen = {name: to_text(moment) for name, moment in (("next", due), ("looked", looked)) if moment}
        if to is not None:
            text = to_text(to)
            forward = either(Absent("at"), Compare("at", "<=", text))
            with suppress(ConditionFailed):
                self._table.update(Update(key, set={"at": text, **seen}, remove=over, when=forward))
                return
            # Another run has come further: only what is ours is ended.
            with suppress(ConditionFailed):
                self._table.update(Update(key, remove=over, when=equals("started", text)))
        if looked:
            self._table.update(Update(key, set={"looked": to_text(looked)}))


def _waits_to_read(sk: str, item: Item) -> Seller | None:
    """The seller for whose orders work waits in line."""
    line = keys.line_of(sk)
    return line.seller if line and line.operation == BY_ORDER and "next" in item else None


def _is_cursor(item: Item) -> bool:
    """Or the note of a line: whatever is no seller."""
    return len(item["sk"].split("#")) > 2


def _cursor(item: Item, begun: datetime | None) -> Cursor:
    at, started, due, looked = (_moment(item, name) for name in ("at", "started", "next", "looked"))
    return Cursor(at, item.get("token"), started, begun, due, looked=looked)


def read_seller(seller: Seller, item: Item | None) -> SellerRecord | None:
    """The record in an item; None when there is none."""
    return _read(seller, item) if item else None


def _moment(item: Item, name: str) -> datetime | None:
    return from_text(item[name]) if name in item else None


def _read(seller: Seller, item: Item) -> SellerRecord:
    return SellerRecord(
        seller=seller,
        marketplaces=tuple(MarketplaceId(marketplace) for marketplace in item["marketplaces"]),
        mode=Mode(item["mode"]),
        go_live=from_text(item["go_live"]),
        subscriptions=item["subscriptions"],
        reason=item["reason"],
        connected=_moment(item, "connected"),
    )
