"""Amazon's quota, shared by every function: each bucket is one item, each reservation one conditional update."""

from __future__ import annotations

from dataclasses import asdict, fields

from bridge.domain.ids import Seller
from bridge.domain.pacing import Bucket, Place, User
from bridge.stores import keys
from bridge.stores.table import Absent, Compare, Condition, ConditionFailed, Item, Table, Update, both, either, equals

_STORED = tuple(field.name for field in fields(Bucket))


class Quota:
    """See spapi.pacing.Buckets. Remembers each bucket as this worker saw it last."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._seen: dict[Place, Bucket] = {}

    def seen(self, place: Place) -> Bucket:
        return self._seen.get(place, Bucket())

    def take(self, place: Place, *, now: int, cost: int, latest: int, user: User, count: int) -> Bucket | None:
        known = self.seen(place)
        counted = {f"n_{user}": count}
        if known.tat > now:
            free: Condition = both(Compare("tat", ">", now), Compare("tat", "<=", latest))
            update = Update(keys.quota(place), add={"tat": cost, **counted}, when=both(free, _as_known(known)))
        else:
            free = either(Absent("tat"), Compare("tat", "<=", now))
            update = Update(keys.quota(place), set={"tat": now + cost}, add=counted, when=both(free, _as_known(known)))
        return self._written(place, update)

    def give_back(self, place: Place, *, tat: int, cost: int, user: User) -> None:
        update = Update(keys.quota(place), add={"tat": -cost, f"n_{user}": -1}, when=equals("tat", tat))
        self._written(place, update)

    def change(self, place: Place, after: Bucket) -> bool:
        known = self.seen(place)
        same = both(equals("tat", known.tat) if known.tat else Absent("tat"), _as_known(known))
        return self._written(place, Update(keys.quota(place), set=asdict(after), when=same)) is not None

    def refused(self, place: Place) -> None:
        self._written(place, Update(keys.quota(place), add={"refused": 1}))

    def counted(self, place: Place) -> Item:
        """Calls by user and refusals so far, for `bridge quota`."""
        item = self._table.get(keys.quota(place)) or {}
        self._seen[place] = _read(item)
        return _counts(item)

    def of_seller(self, seller: Seller) -> dict[str, tuple[Bucket, Item]]:
        """By operation, every bucket that was ever used: how it is, and what was counted; for `bridge quota`."""
        pk, prefix = keys.quota(Place(seller.region, seller.seller_id, ""))
        return {item["sk"].removeprefix(prefix): (_read(item), _counts(item)) for item in self._table.query(pk, prefix)}

    def _written(self, place: Place, update: Update) -> Bucket | None:
        try:
            item = self._table.update(update)
        except ConditionFailed as failed:
            self._seen[place] = _read(failed.item or {})
            return None
        bucket = self._seen[place] = _read(item)
        return bucket


def _as_known(known: Bucket) -> Condition:
    """The slots were counted at the rate that this worker knows: is it still that one?"""
    return equals("gap", known.gap) if known.gap else either(Absent("gap"), equals("gap", 0))


def _counts(item: Item) -> Item:
    return {name: item.get(name, 0) for name in (*(f"n_{user}" for user in User), "refused")}


def _read(item: Item) -> Bucket:
    return Bucket(**{name: item.get(name, 0) for name in _STORED})
