"""Parcels: one item per package that the ERP reported, which is also the work of telling Amazon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.domain.documents import Package, Shipment
from bridge.domain.ids import OrderItemId, OrderKey
from bridge.domain.lifecycle import CONFIRM_SHIPMENT, FETCH_ORDER, Change, Head
from bridge.domain.parcels import Parcel, parcel, part_of, reference, too_many, units
from bridge.domain.times import from_text, to_text
from bridge.domain.work import Turn, Work
from bridge.ports import Clock
from bridge.stores import keys
from bridge.stores.orders import Orders, contended, read_head
from bridge.stores.raising import raising
from bridge.stores.table import Absent, ConditionFailed, Item, Table, Update, equals

_TRIES = 8


class Parcels:
    """See ports.Parcels."""

    def __init__(self, table: Table, clock: Clock, orders: Orders) -> None:
        self._table = table
        self._clock = clock
        self._orders = orders

    def claimed(self, turn: Turn) -> Parcel:
        return _read(turn.work.key, turn.stored)

    def all(self, key: OrderKey) -> list[tuple[Parcel, bool]]:
        items = self._table.query(keys.order_pk(key), "PKG#")
        return [(_read(key, item), item.get("done_h") == item["want_h"]) for item in items]

    def report(self, shipment: Shipment) -> tuple[Work, ...]:
        works: list[Work] = []
        for package in shipment.packages:
            works += self._report(shipment, package)
        return tuple(works)

    def _report(self, shipment: Shipment, package: Package) -> tuple[Work, ...]:
        part = part_of(shipment.shipment_id, package.package_id)
        for _ in range(_TRIES):
            head, items = self._file(shipment.key)
            known = {parcel.part: parcel for parcel in (_read(shipment.key, item) for item in items)}
            old = known.get(part)
            taken = {parcel.reference for parcel in known.values()}
            new = parcel(shipment, package, old.reference if old else reference(shipment.key, part, taken))
            if old and old.digest == new.digest:
                return ()
            beside = [_read(shipment.key, item) for item in items if not item.get("surplus")]
            try:
                return self._store(head, old, new, units(*(other for other in beside if other.part != part)))
            except ConditionFailed:
                continue
        raise contended(shipment.key)

    def _file(self, key: OrderKey) -> tuple[Head, list[Item]]:
        """The order and its parcels, as they were at one moment."""
        items = self._table.query(keys.order_pk(key))
        head = next((item for item in items if item["sk"] == keys.HEAD), None)
        return read_head(key, head), [item for item in items if item["sk"].startswith("PKG#")]

    def _store(self, head: Head, old: Parcel | None, new: Parcel, beside: dict[OrderItemId, int]) -> tuple[Work, ...]:
        """HEAD's count of packed units and the parcel itself, in one transaction; `beside` is in the other parcels."""
        packed = {item_id: beside.get(item_id, 0) + count for item_id, count in units(new).items()}
        surplus = too_many(head.ordered, packed) if head.version else None
        calls = () if head.version else (FETCH_ORDER,)
        change = Change(replace(head, packed=beside if surplus else beside | packed), calls, milestone="shipped")
        _, fetch = self._orders.store(head, change, [_write(head, old, new, surplus, self._clock.now())])
        return (Work(CONFIRM_SHIPMENT, new.key, new.part), *fetch)


def _write(head: Head, old: Parcel | None, new: Parcel, surplus: str | None, now: datetime) -> Update:
    """The parcel, as work to be done."""
    raised = raising(Work(CONFIRM_SHIPMENT, new.key, new.part), head, now)
    return Update(
        raised.key,
        set={**raised.set, **_facts(new), **({"surplus": surplus} if surplus else {})},
        add=raised.add,
        init=raised.init,
        remove=raised.remove if surplus else (*raised.remove, "surplus"),
        when=equals("want_h", old.digest) if old else Absent("want_h"),
    )


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


def _read(key: OrderKey, item: Mapping[str, Any]) -> Parcel:
    return Parcel(
        key=key,
        part=item["sk"].removeprefix("PKG#"),
        reference=item["ref"],
        carrier=item["carrier"],
        tracking=item["tracking"],
        shipping_method=item["method"],
        shipped_at=from_text(item["shipped_at"]),
        lines=tuple((OrderItemId(item_id), count) for item_id, count in item["lines"]),
        told="done_h" in item,
        surplus=item.get("surplus", ""),
    )
