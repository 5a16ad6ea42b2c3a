"""What people do in the ERP: ship, correct a tracking number, give an order up; and what they can read there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.domain.money import Money
from bridge.erp.tryton.rest import Rest
from local.erp.template import DATABASE

_SHIPMENT = "stock.shipment.out"
_OPEN = ["waiting", "assigned", "picked", "packed"]
_ADDRESS = ("attn", "party_name", "street", "city", "postal_code", "country.code")
_SALE = [
    *("web_id", "number", "state", "shipment_state", "total_amount", "currency.code", "web_shop.name", "party.name"),
    *(f"shipment_address.{field}" for field in _ADDRESS),
    *("shipments.number", "shipments.state", "shipments.packages.shipping_reference"),
    *("lines.product.code", "lines.quantity", "lines.unit_price", "lines.description"),
]
_PARCELS = ["state", "outgoing_moves.product.code", "outgoing_moves.quantity", "packages.shipping_reference"]


@dataclass(frozen=True, slots=True)
class ToShip:
    """A shipment that waits for the warehouse."""

    order_id: str
    number: str
    state: str
    goods: dict[str, int]


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale as the ERP itself shows it; `shipments` are (number, state), `lines` (code, quantity, price, text)."""

    order_id: str
    number: str
    state: str
    shipment_state: str
    shop: str
    total: Money
    customer: str
    address: tuple[str, ...]
    shipments: tuple[tuple[str, str], ...]
    tracking: tuple[str, ...]
    lines: tuple[tuple[str, int, str, str], ...]


class Warehouse:
    """Acts as the ERP's warehouse user, over the same interface as a warehouse system would."""

    def __init__(self, url: str, key: str, database: str = DATABASE) -> None:
        self._rest = Rest(url, database, key)
        (company,) = self._rest.search("company.company", [], ["id"], limit=1)
        self._rest.context = {"company": company["id"]}

    def close(self) -> None:
        self._rest.close()

    def to_ship(self) -> list[ToShip]:
        """Held orders (shipments in draft) are not among them."""
        fields = [*_PARCELS, "number", "outgoing_moves.origin"]
        rows = self._rest.search(_SHIPMENT, [["state", "in", _OPEN]], fields)
        lines = {
            int(move["origin"].partition(",")[2]): row["number"]
            for row in rows
            for move in row["outgoing_moves"]
            if move["origin"]
        }
        orders = {
            lines[line["id"]]: line["sale"]["web_id"]
            for line in self._rest.search_among("sale.line", "id", sorted(lines), ["sale.web_id"])
        }
        return [ToShip(orders.get(row["number"]) or "", row["number"], row["state"], _goods(row)) for row in rows]

    def ship(
        self,
        order_id: str,
        carrier: str,
        parcels: str | Mapping[str, Sequence[str]],
        *,
        only: Mapping[str, int] | None = None,
    ) -> str:
        """Assigns, picks, packs and ships what is open of an order; the answer is the number of the shipment.

        `parcels` is one tracking number, or for each tracking number the SKUs in that parcel; `only` ships these
        quantities by SKU and leaves the rest waiting in a shipment of its own.
        """
        shipment = self._open(order_id)[0]
        number = shipment["id"]
        if only is not None:
            self._reduce(number, only)
        self._rest.write(_SHIPMENT, number, {"carrier": self._id("carrier", "party.name", carrier)})
        if self._press(number, "assign_try") != "assigned":
            msg = f"not enough stock to ship {order_id}"
            raise RuntimeError(msg)
        self._press(number, "pick")
        self._pack(number, {parcels: None} if isinstance(parcels, str) else parcels)
        self._press(number, "do")
        return str(shipment["number"])

    def pack(self, order_id: str) -> None:
        """Up to the closed box on the dock, not further."""
        for button in ("assign_try", "pick", "pack"):
            self.press(order_id, button)

    def box(self, order_id: str, tracking: str) -> None:
        """All that was picked into one closed box, without sending it off."""
        self._pack(self._open(order_id)[0]["id"], {tracking: None})

    def press(self, order_id: str, button: str) -> str:
        """One step of the open shipment: assign_try, pick, pack or do; the answer is the state that it is in then."""
        return self._press(self._open(order_id)[0]["id"], button)

    def correct_tracking(self, order_id: str, old: str, new: str) -> None:
        ids = [shipment["id"] for shipment in self._row(order_id)["shipments"]]
        shipments = [f"{_SHIPMENT},{number}" for number in ids]
        domain = [["shipment", "in", shipments], ["shipping_reference", "=", old]]
        (package,) = self._rest.search("stock.package", domain, ["id"])
        self._rest.write("stock.package", package["id"], {"shipping_reference": new})

    def cannot_fulfil(self, order_id: str) -> None:
        """Cancels what has not shipped of a sale."""
        sale = self._row(order_id)
        if sale["state"] in {"draft", "quotation"}:
            self._rest.press("sale.sale", sale["id"], "cancel")
        for shipment in sale["shipments"]:
            if shipment["state"] in {"draft", *_OPEN}:
                self._press(shipment["id"], "cancel")

    def release(self, order_id: str) -> None:
        """A human decided that a held order may ship after all."""
        for shipment in self._row(order_id)["shipments"]:
            if shipment["state"] == "draft":
                self._press(shipment["id"], "wait")

    def sales(self, order_id: str | None = None) -> list[Sale]:
        """Every sale of a web shop, or those of one order: more than one would be the fault we never want to see."""
        domain = [["web_id", "!=", None] if order_id is None else ["web_id", "=", order_id]]
        return [_sale(row) for row in self._rest.search("sale.sale", domain, _SALE)]

    def _row(self, order_id: str) -> dict[str, Any]:
        fields = ["state", "shipments.number", "shipments.state"]
        (row,) = self._rest.search("sale.sale", [["web_id", "=", order_id]], fields)
        return row

    def _open(self, order_id: str) -> list[dict[str, Any]]:
        found = [shipment for shipment in self._row(order_id)["shipments"] if shipment["state"] in _OPEN]
        if not found:
            msg = f"nothing of {order_id} waits for the warehouse"
            raise RuntimeError(msg)
        return found

    def _reduce(self, number: int, only: Mapping[str, int]) -> None:
        self._press(number, "draft")
        left = dict(only)
        for move in self._rest.read(_SHIPMENT, number, _PARCELS)["outgoing_moves"]:
            quantity = min(left.get(move["product"]["code"], 0), round(move["quantity"]))
            left[move["product"]["code"]] = left.get(move["product"]["code"], 0) - quantity
            if quantity:
                self._rest.write("stock.move", move["id"], {"quantity": float(quantity)})
            else:
                self._rest.delete("stock.move", move["id"])
        self._press(number, "wait")

    def _pack(self, number: int, parcels: Mapping[str, Sequence[str] | None]) -> None:
        moves = self._rest.read(_SHIPMENT, number, _PARCELS)["outgoing_moves"]
        for tracking, skus in parcels.items():
            inside = [move["id"] for move in moves if skus is None or move["product"]["code"] in skus]
            box = {"type": self._id("stock.package.type", "name", "Box"), "shipment": f"{_SHIPMENT},{number}"}
            self._rest.create("stock.package", box | {"shipping_reference": tracking, "moves": [["add", inside]]})
        self._press(number, "pack")

    def _press(self, number: int, button: str) -> str:
        return str(self._rest.press(_SHIPMENT, number, button, ["state"])["state"])

    def _id(self, model: str, field: str, name: str) -> int:
        (row,) = self._rest.search(model, [[field, "=", name]], ["id"])
        return int(row["id"])


def _goods(row: dict[str, Any]) -> dict[str, int]:
    goods: dict[str, int] = {}
    for move in row["outgoing_moves"]:
        goods[move["product"]["code"]] = goods.get(move["product"]["code"], 0) + round(move["quantity"])
    return goods


def _sale(row: dict[str, Any]) -> Sale:
    at = row["shipment_address"]
    return Sale(
        order_id=row["web_id"],
        number=row["number"] or "",
        state=row["state"],
        shipment_state=row["shipment_state"],
        shop=row["web_shop"]["name"],
        total=Money(row["total_amount"], row["currency"]["code"]),
        customer=row["party"]["name"],
        address=(*(at[field] or "" for field in _ADDRESS[:-1]), at["country"]["code"]),
        shipments=tuple((shipment["number"], shipment["state"]) for shipment in row["shipments"]),
        tracking=tuple(
            package["shipping_reference"] for shipment in row["shipments"] for package in shipment["packages"]
        ),
        lines=tuple(
            (line["product"]["code"], round(line["quantity"]), str(line["unit_price"]), line["description"] or "")
            for line in row["lines"]
        ),
    )
