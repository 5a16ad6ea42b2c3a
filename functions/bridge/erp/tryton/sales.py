"""Amazon's order as a sale in Tryton: found by its order id, made in four writes, each of which may be the last one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from bridge.domain.documents import Document, DocumentLine, ErpOrder, LineKind, Recipient
from bridge.domain.errors import Refused, Unavailable
from bridge.domain.ids import OrderKey
from bridge.domain.money import Money
from bridge.erp.tryton.config import Config
from bridge.erp.tryton.customers import Customers
from bridge.erp.tryton.names import Names
from bridge.erp.tryton.notes import HELD, Notes
from bridge.erp.tryton.rest import Rest, Row

SALE = ("state", "number", "total_amount", "currency.code", "shipment_state", "shipments.state")
SHIPMENT = "stock.shipment.out"
_NEXT = {"draft": "quote", "quotation": "confirm"}
# A shipment that was picked or packed has no way back to draft; only cancelling it is left.
_BACK = {"assigned": ("wait", "draft"), "waiting": ("draft",)}
_TRIES = 4


class Sales:
    """The sales of Amazon orders. `web_shop` + `web_id` is unique in the database: a second sale cannot be."""

    def __init__(self, config: Config, rest: Rest, names: Names) -> None:
        self._config, self._rest, self._names = config, rest, names
        self._customers = Customers(rest, names)
        self._notes = Notes(rest)

    def find(self, key: OrderKey) -> Row | None:
        shops = self._config.shops_of(key.seller)
        rows = self._rest.search("sale.sale", [["web_id", "=", key.order_id], ["web_shop.name", "in", shops]], SALE, 1)
        return rows[0] if rows else None

    def create(self, document: Document, recipient: Recipient) -> ErpOrder:
        """Drafts, compares the total, quotes, confirms; goes on where an earlier try ended."""
        sale = self.find(document.key)
        if sale and half_made(sale):
            if self._notes.has(sale["id"], HELD):
                return replace(as_order(sale), ready=True)  # a human's by now: nothing left for us to resume
            if not _same_total(sale, document):
                self._withdraw(sale)
                sale = None
        if sale is None:
            sale = self._draft(document, recipient)
            if half_made(sale) and not _same_total(sale, document):
                self._withdraw(sale)
                msg = f"the ERP counts {as_order(sale).total} where Amazon counts {document.total}; no sale was kept"
                raise Refused(msg)
        ours = half_made(sale)
        sale = self._advance(sale)
        if ours and self._notes.has(sale["id"], HELD):
            self.take_back(document.key)  # a `hold` that came meanwhile saw no shipment yet
        return as_order(sale)

    def take_back(self, key: OrderKey) -> Row | None:
        """Takes the shipments out of the warehouse's lists: back to draft. The sale as it was before, if there is one.

        A parcel already picked or packed stays where it is. Raises Unavailable when the sale keeps changing.
        """
        for _ in range(_TRIES):
            sale = self.find(key)
            try:
                if sale:
                    self._back_to_draft(sale)
            except Refused:
                continue  # the warehouse or a human was faster: look again
            return sale
        msg = "the sale kept changing while it was to be held"
        raise Unavailable(msg)

    def _back_to_draft(self, sale: Row) -> None:
        if sale["state"] == "confirmed":
            self._rest.press("sale.sale", sale["id"], "draft")
        for shipment in sale["shipments"]:
            for button in _BACK.get(shipment["state"], ()):
                self._rest.press(SHIPMENT, shipment["id"], button)

    def _draft(self, document: Document, recipient: Recipient) -> Row:
        """Or the draft of whoever was faster."""
        values = self._values(document)
        customer = self._customers.put(document.key.order_id, recipient)
        values |= {"party": customer.party, "invoice_address": customer.address, "shipment_address": customer.address}
        try:
            return self._rest.create("sale.sale", values, SALE)
        except Refused:
            sale = self.find(document.key)
            if sale is None:
                self._names.forget()
                raise
            return sale

    def _values(self, document: Document) -> dict[str, object]:
        """All look-ups happen here, before anything is written."""
        find, config = self._names.find, self._config
        ship_by = f", ship by {document.ship_by:%Y-%m-%d %H:%M} UTC" if document.ship_by else ""
        values: dict[str, object] = {
            "web_shop": find("web.shop", "name", config.shop(document.key.seller, document.marketplace)),
            "web_id": document.key.order_id,
            "reference": document.key.order_id,
            "description": f"Amazon {document.service_level}{ship_by}",
            "sale_date": document.ordered_at.date(),
            "currency": find("currency.currency", "code", document.total.currency),
            "carrier": find("carrier", "party.name", config.carrier),
            "invoice_method": "order",
            "shipment_method": "order",
            "shipment_cost_method": None,
            "lines": [["create", self._lines(document.lines)]],
        }
        if config.payment_term:
            values["payment_term"] = find("account.invoice.payment_term", "name", config.payment_term)
        return values

    def _lines(self, lines: Iterable[DocumentLine]) -> list[dict[str, object]]:
        """An item's description is Amazon's order item id: it leads from a parcel back to the order."""
        codes = [(self._code(line), line) for line in lines]
        products = self._names.products(code for code, _ in codes)
        return [
            {
                "product": products[code].product,
                "unit": products[code].unit,
                "quantity": float(line.quantity),
                "unit_price": line.unit_price,
                "description": line.order_item_id if line.kind is LineKind.ITEM else line.description,
                "taxes": [],
            }
            for code, line in codes
        ]

    def _code(self, line: DocumentLine) -> str:
        if line.kind is not LineKind.ITEM:
            return self._config.services[line.kind]
        if not line.sku or not line.order_item_id:
            msg = "an item of the order has no SKU or no order item id"
            raise Refused(msg)
        return line.sku

    def _advance(self, sale: Row) -> Row:
        """A refusal is none when a competitor pressed the same button first."""
        while button := _NEXT.get(sale["state"]):
            try:
                after = self._rest.press("sale.sale", sale["id"], button, SALE)
            except Refused:
                after = self._rest.read("sale.sale", sale["id"], SALE)
                if after["state"] == sale["state"]:
                    raise
            sale = after
        return sale

    def _withdraw(self, sale: Row) -> None:
        """Deleted, not only cancelled: a cancelled sale would keep the order id for itself."""
        if sale["state"] == "quotation":
            self._rest.press("sale.sale", sale["id"], "cancel")
        self._rest.delete("sale.sale", sale["id"])


def half_made(sale: Row) -> bool:
    """Not confirmed yet: the warehouse knows nothing of it."""
    return sale["state"] in _NEXT


def as_order(sale: Row) -> ErpOrder:
    """A draft has no number yet; it is named by its id."""
    total = Money(sale["total_amount"], sale["currency"]["code"])
    number = sale["number"] or f"draft {sale['id']}"
    return ErpOrder(number=number, state=sale["state"], total=total, ready=not half_made(sale))


def _same_total(sale: Row, document: Document) -> bool:
    amount: Decimal = sale["total_amount"]
    return Money(amount, sale["currency"]["code"]) == document.total
