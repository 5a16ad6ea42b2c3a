"""Parcels: one item per package that the ERP reported, which is also the work of telling Amazon."""

from __future__ import annotations

from dataclasses import replace

from bridge.domain.documents import Package, Shipment
from bridge.domain.errors import Unavailable
from bridge.domain.ids import OrderItemId, OrderKey
from bridge.domain.lifecycle import CONFIRM_SHIPMENT, FETCH_ORDER, Change, Head
from bridge.domain.parcels import Parcel, parcel, part_of, reference, too_many
from bridge.domain.times import from_text, to_text
from bridge.domain.work import Work
from bridge.ports import Clock
from bridge.stores import keys
from bridge.stores.desk import PARKED_SHELF, raising
from bridge.stores.orders import Orders, put_head
from bridge.stores.table import Absent, ConditionFailed, Item, Table, Update, Write, equals

_TRIES = 8


class Parcels:
    """See ports.Parcels."""

    def __init__(self, table: Table, clock: Clock, orders: Orders) -> None:
        self._table = table
        self._clock = clock
        self._orders = orders

    def get(self, work: Work) -> Parcel | None:
        item = self._table.get(keys.work(work))
        return _read(work.key, item) if item else None

    def all(self, key: OrderKey) -> list[tuple[Parcel, bool]]:
        items = self._table.query(keys.order_pk(key), "PKG#")
        return [(_read(key, item), item.get("done_h") == item["want_h"]) for item in items]

    def confirmed(self, parcel: Parcel) -> None:
        self._table.update(
            Update(
                keys.parcel(parcel.key, parcel.part),
                set={"done_h": parcel.digest},
                when=equals("want_h", parcel.digest),
            )
        )

    def report(self, shipment: Shipment) -> tuple[Work, ...]:
        works: list[Work] = []
        for package in shipment.packages:
            works += self._report(shipment, package)
        return tuple(works)

    def _report(self, shipment: Shipment, package: Package) -> tuple[Work, ...]:
        for _ in range(_TRIES):
            head = self._orders.get(shipment.key)
            known = {parcel.part: parcel for parcel, _ in self.all(shipment.key)}
            part = part_of(shipment.shipment_id, package.package_id)
            old = known.get(part)
            taken = {parcel.reference for parcel in known.values()}
            new = parcel(shipment, package, old.reference if old else reference(shipment.key, part, taken))
            if old and old.digest == new.digest:
                return ()
            try:
                return self._store(head, old, new)
            except ConditionFailed:
                continue
        msg = f"order {shipment.key.order_id} is being changed by others all the time"
        raise Unavailable(msg)

    def _store(self, head: Head, old: Parcel | None, new: Parcel) -> tuple[Work, ...]:
        """HEAD's count of packed units and the parcel itself, in one transaction."""
        now = self._clock.now()
        work = Work(CONFIRM_SHIPMENT, new.key, new.part)
        packed = repacked(head, old, new)
        surplus = (
            too_many({item_id: item.ordered for item_id, item in head.items.items()}, packed) if head.version else None
        )
        raised = raising(work, head, now)
        facts = _facts(new)
        write = Update(
            raised.key,
            set={**raised.set, **facts, **(_parked(surplus, to_text(now)) if surplus else {})},
            add=raised.add,
            init=raised.init,
            remove=() if surplus else raised.remove,
            when=equals("want_h", old.digest) if old else Absent("want_h"),
        )
        counted = head if surplus else replace(head, packed=packed)
        stub = not head.version
        change = Change(counted, (FETCH_ORDER,) if stub else (), milestone="shipped")
        after, condition = self._orders.stamped(head, change, now)
        writes: list[Write] = [put_head(after, now, condition), write]
        works = [] if surplus else [work]
        if stub:
            works.append(Work(FETCH_ORDER, new.key))
            writes.append(raising(works[-1], head, now))
        self._table.transact(writes)
        return tuple(works)


def repacked(head: Head, old: Parcel | None, new: Parcel) -> dict[OrderItemId, int]:
    """Units packed per order item once `new` stands where `old` stood."""
    packed = dict(head.packed)
    for item_id, count in old.lines if old else ():
        packed[item_id] = packed.get(item_id, 0) - count
    for item_id, count in new.lines:
        packed[item_id] = packed.get(item_id, 0) + count
    return packed


def _parked(reason: str, now: str) -> Item:
    return {"shelf": PARKED_SHELF, "dshard": keys.PARKED, "due": now, "reason": reason}


def _facts(parcel: Parcel) -> Item:
    return {
        "ref": parcel.reference,
        "carrier": parcel.carrier,
        "tracking": parcel.tracking,
        "method": parcel.shipping_method,
        "shipped_at": to_text(parcel.shipped_at),
        "lines": [[item_id, count] for item_id, count in parcel.lines],
        "want_h": parcel.digest,
    }


def _read(key: OrderKey, item: Item) -> Parcel:
    return Parcel(
        key=key,
        part=item["sk"].removeprefix("PKG#"),
        reference=item["ref"],
        carrier=item["carrier"],
        tracking=item["tracking"],
        shipping_method=item["method"],
        shipped_at=from_text(item["shipped_at"]),
        lines=tuple((OrderItemId(item_id), count) for item_id, count in item["lines"]),
    )
