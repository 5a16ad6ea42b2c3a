"""Stopping a sale in Tryton: for good, when Amazon cancelled, or until a human decides, when the buyer asked to."""

from __future__ import annotations

from bridge.domain.documents import CancelAnswer
from bridge.domain.errors import Refused
from bridge.domain.ids import OrderKey
from bridge.erp.tryton.notes import CANCELLED, HELD, Notes
from bridge.erp.tryton.rest import Rest, Row
from bridge.erp.tryton.sales import SALE, SHIPMENT, Sales, half_made

GONE = {"shipped", "done"}
_TRIES = 4


class Stops:
    """`cancel` and `hold`."""

    def __init__(self, rest: Rest, sales: Sales) -> None:
        self._rest, self._sales, self._notes = rest, sales, Notes(rest)

    def cancel(self, key: OrderKey) -> CancelAnswer:
        """DONE when nothing will ship.

        A sale in process stays "processing" with its shipments in "exception" until someone in the ERP closes it
        (Tryton offers that to people only): that is DONE. A packed parcel needs a human: somebody has to stop it.
        """
        for _ in range(_TRIES):
            sale = self._sales.find(key)
            if sale is None or sale["state"] == "cancelled":
                return CancelAnswer.DONE
            if answer := _too_late(sale):
                return answer
            self._notes.write(sale["id"], CANCELLED)
            try:
                self._stop(sale)
            except Refused:
                continue  # the warehouse or a human was faster: look again
            return CancelAnswer.DONE
        return CancelAnswer.NEEDS_HUMAN

    def hold(self, key: OrderKey, reason: str) -> None:
        """Takes the shipments out of the warehouse's lists (back to draft) and leaves a note.

        The note comes last and makes a repeated `hold` do nothing: it must not undo what a human decided meanwhile.
        A parcel already picked or packed only gets the note.
        """
        sale = self._sales.find(key)
        if sale is None or sale["state"] in {"cancelled", "done"} or _all_gone(sale):
            return
        note = HELD + reason
        if self._notes.has(sale["id"], note):
            return
        before = self._sales.take_back(key)
        self._notes.write(sale["id"], note)
        if before and half_made(before):
            self._sales.take_back(key)  # a `create` that looked for notes before this one has confirmed it meanwhile

    def _stop(self, sale: Row) -> None:
        if sale["state"] == "confirmed":
            sale = self._rest.press("sale.sale", sale["id"], "draft", SALE)
        if sale["state"] in {"draft", "quotation"}:
            self._rest.press("sale.sale", sale["id"], "cancel")
            return
        for shipment in sale["shipments"]:
            if shipment["state"] != "cancelled":
                self._rest.press(SHIPMENT, shipment["id"], "cancel")


def _too_late(sale: Row) -> CancelAnswer | None:
    states = {shipment["state"] for shipment in sale["shipments"]} - {"cancelled"}
    if _all_gone(sale):
        return CancelAnswer.REFUSED_SHIPPED
    return CancelAnswer.NEEDS_HUMAN if states & (GONE | {"packed"}) else None


def _all_gone(sale: Row) -> bool:
    states = {shipment["state"] for shipment in sale["shipments"]} - {"cancelled"}
    return bool(states) and states <= GONE and sale["shipment_state"] == "sent"
