"""What the bridge tells the people in the ERP about a sale: a note on it, never printed for the customer.

A note also is the bridge's own memory inside the ERP: a sale that it cancelled itself is no bad news later.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.erp.tryton.rest import Rest

HELD = "[spapi-bridge] held: "
CANCELLED = "[spapi-bridge] cancelled, because Amazon cancelled the order"


class Notes:
    """The notes on sales; every sale is named by its id."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def on(self, sales: Iterable[int]) -> dict[int, list[str]]:
        resources = [f"sale.sale,{sale}" for sale in sales]
        notes: dict[int, list[str]] = {}
        for row in self._rest.search_among("ir.note", "resource", resources, ["resource", "message"]):
            notes.setdefault(int(row["resource"].rpartition(",")[2]), []).append(row["message"] or "")
        return notes

    def has(self, sale: int, start: str) -> bool:
        return any(note.startswith(start) for note in self.on([sale]).get(sale, []))

    def write(self, sale: int, text: str) -> None:
        """Once: the same text is not written again."""
        if not self.has(sale, text):
            self._rest.create("ir.note", {"resource": f"sale.sale,{sale}", "message": text})
