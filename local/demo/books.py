"""What Amazon and the ERP themselves say of an order: read from the simulator and from the ERP's database file."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.simulator.remote import Amazon

_IN_ERP = {"confirmed", "processing", "done", "cancelled"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One document in the ERP's database."""

    number: str
    state: str
    shipment_state: str
    created: datetime

    @property
    def ready(self) -> bool:
        """Past quotation: the warehouse sees it."""
        return self.state in _IN_ERP


class ErpBook:
    """The ERP's SQLite file, read only."""

    def __init__(self, database: Path) -> None:
        self._uri = f"file:{database}?mode=ro"

    def entries(self) -> dict[str, list[Entry]]:
        """Amazon's order id → its documents; more than one is a duplicate."""
        found: dict[str, list[Entry]] = {}
        query = "select web_id, number, state, shipment_state, create_date from sale_sale where web_id is not null"
        with contextlib.closing(sqlite3.connect(self._uri, uri=True, timeout=10)) as connection:
            for order_id, number, state, shipment_state, created in connection.execute(query):
                at = datetime.fromisoformat(created).replace(tzinfo=UTC)
                found.setdefault(order_id, []).append(Entry(number or "", state, shipment_state or "", at))
        return found


@dataclass(frozen=True, slots=True)
class Notice:
    """When Amazon sent the notification that first called for a hand-over (or would have, had it not been lost)."""

    order_id: str
    at: datetime
    lost: bool


def first_notices(amazon: Amazon) -> dict[str, Notice]:
    """Per order, its last notification before anything was shipped, by when it left Amazon."""
    notices: dict[str, Notice] = {}
    for row in amazon.notifications():
        if row["order_id"] in notices:
            continue
        sent = row["sent_at"] or [row["created_at"]]
        notices[row["order_id"]] = Notice(row["order_id"], moment(sent[0]), lost=not row["sent_at"])
    return notices


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def confirmed_at(order: dict[str, Any]) -> datetime | None:
    """When Amazon had tracking for every unit of the order; None while it has not."""
    shipped = all(item["shipped"] == item["quantity"] for item in order["items"])
    times = [moment(package["created"]) for package in order["packages"]]
    return max(times) if shipped and times else None
