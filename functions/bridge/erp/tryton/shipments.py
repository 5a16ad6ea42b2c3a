"""What left the warehouse, and what never will: Tryton's shipments and sales as the bridge's `Shipment`s."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from bridge.domain.documents import Package, Shipment, ShipmentState
from bridge.domain.ids import OrderId, OrderItemId, OrderKey, Seller
from bridge.erp.tryton.config import Config
from bridge.erp.tryton.notes import CANCELLED, Notes
from bridge.erp.tryton.rest import Domain, Rest, Row
from bridge.erp.tryton.stops import GONE

_FIELDS = [
    *("number", "create_date", "write_date", "effective_date", "shipping_reference", "carrier.party.name"),
    *("outgoing_moves.quantity", "outgoing_moves.origin", "packages.moves.quantity", "packages.moves.origin"),
    *("packages.number", "packages.create_date", "packages.write_date"),
    *("packages.shipping_reference", "packages.parent.shipping_reference"),
]


class Line(NamedTuple):
    """A line of a sale, as far as it is known at Amazon."""

    order: OrderId
    item: OrderItemId


AMAZON_ORDER_ID = re.compile(r"\w{3}-\d{7}-\d{7}")


class Shipments:
    """The news from the warehouse, by the time of the last change; `since` is compared with the ERP's own clock."""

    def __init__(self, config: Config, rest: Rest) -> None:
        self._config, self._rest, self._notes = config, rest, Notes(rest)

    def since(self, seller: Seller, since: datetime) -> list[Shipment]:
        shops = self._config.shops_of(seller)
        if not shops:
            return []
        news = [*self._shipped(seller, shops, since), *self._not_to_ship(seller, shops, since)]
        return sorted(news, key=lambda shipment: shipment.changed_at)

    def _shipped(self, seller: Seller, shops: list[str], since: datetime) -> list[Shipment]:
        # A tracking number that is corrected later changes the package only, not its shipment.
        changed: Domain = ["OR", ["write_date", ">=", since], ["packages.write_date", ">=", since]]
        ours: Domain = ["moves.origin.sale.web_shop.name", "in", shops, "sale.line"]
        rows = self._rest.search("stock.shipment.out", [["state", "in", sorted(GONE)], changed, ours], _FIELDS)
        lines = self._lines({origin for row in rows for move in row["outgoing_moves"] if (origin := _origin(move))})
        return [shipment for row in rows for shipment in _shipments(seller, row, lines)]

    def _lines(self, ids: set[int]) -> dict[int, Line]:
        rows = self._rest.search_among("sale.line", "id", sorted(ids), ["sale.web_id", "description"])
        return {
            row["id"]: Line(OrderId(row["sale"]["web_id"]), OrderItemId(row["description"] or ""))
            for row in rows
            if _amazons(row["sale"]["web_id"])
        }

    def _not_to_ship(self, seller: Seller, shops: list[str], since: datetime) -> list[Shipment]:
        """Cancelled in the ERP by others than us, wholly or in part."""
        stopped: Domain = ["OR", ["state", "=", "cancelled"], ["shipment_state", "=", "exception"]]
        stopped.append(["lines.moves_ignored.state", "=", "cancelled"])
        rows = self._rest.search(
            "sale.sale",
            [["web_shop.name", "in", shops], ["write_date", ">=", since], stopped],
            ["number", "web_id", "state", "shipment_state", "write_date"],
        )
        notes = self._notes.on(row["id"] for row in rows)
        return [
            Shipment(
                shipment_id=f"sale {row['number'] or row['id']}",
                key=OrderKey(seller.region, seller.seller_id, OrderId(row["web_id"])),
                state=ShipmentState.CANNOT_FULFIL,
                changed_at=row["write_date"],
                reason=_reason(row),
            )
            for row in rows
            if CANCELLED not in notes.get(row["id"], []) and _amazons(row["web_id"])
        ]


def _amazons(web_id: str | None) -> bool:
    """A sale that somebody enters by hand in a web shop has an id that Tryton made up."""
    return bool(web_id and AMAZON_ORDER_ID.fullmatch(web_id))


def _reason(sale: Row) -> str:
    if sale["state"] == "cancelled":
        return "the sale was cancelled in the ERP"
    if sale["shipment_state"] == "exception":
        return "a shipment of the sale was cancelled in the ERP"
    return "goods of the sale were given up in the ERP"


def _shipments(seller: Seller, row: Row, lines: dict[int, Line]) -> list[Shipment]:
    """One, or one per order when the warehouse put several orders into one shipment."""
    packages: defaultdict[OrderId, list[Package]] = defaultdict(list)
    for parcel in row["packages"] or [_whole(row)]:
        contents: defaultdict[OrderId, Counter[OrderItemId]] = defaultdict(Counter)
        for move in parcel["moves"]:
            line = lines.get(_origin(move) or 0)
            if line and line.item and move["quantity"]:
                contents[line.order][line.item] += round(move["quantity"])
        for order, items in contents.items():
            packages[order].append(_package(row, parcel, items))
    changed = max(moment for moment in (row["write_date"], *(p["write_date"] for p in row["packages"])) if moment)
    return [
        Shipment(
            shipment_id=row["number"],
            key=OrderKey(seller.region, seller.seller_id, order),
            state=ShipmentState.SHIPPED,
            changed_at=changed,
            packages=tuple(parcels),
        )
        for order, parcels in packages.items()
    ]


def _package(row: Row, parcel: Row, items: Counter[OrderItemId]) -> Package:
    tracking = parcel["shipping_reference"] or (parcel["parent"] or {}).get("shipping_reference") or ""
    return Package(
        package_id=parcel["number"],
        carrier=row["carrier"]["party"]["name"] if row["carrier"] else "",
        tracking=tracking or row["shipping_reference"] or "",
        shipped_at=_shipped_at(parcel["create_date"], row["effective_date"]),
        lines=tuple(sorted(items.items())),
    )


def _whole(row: Row) -> Row:
    """A warehouse that packs no parcels ships the shipment as one."""
    unpacked = {"number": f"shipment {row['number']}", "parent": None, "shipping_reference": None}
    return unpacked | {"create_date": row["create_date"], "moves": row["outgoing_moves"]}


def _shipped_at(packed: datetime, effective: date | None) -> datetime:
    """Tryton keeps only the day of shipping; the moment of packing is kept exactly, and never changes later."""
    if effective is None or effective <= packed.date():
        return packed
    return datetime.combine(effective, time.min, tzinfo=UTC)


def _origin(move: Row) -> int | None:
    model, _, number = (move["origin"] or "").partition(",")
    return int(number) if model == "sale.line" else None
