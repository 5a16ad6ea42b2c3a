"""The ERP says what it has on hand: the newest count of every SKU is kept. Nothing is told to Amazon yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bridge.domain.errors import Unreadable
from bridge.domain.ids import Sku
from bridge.domain.reported import read_count, read_list, read_moment, read_object, read_seller, read_text
from bridge.domain.stock import Count, StockReport
from bridge.ports import Ports

AT_ONCE = 100
CLOCKS_DIFFER = timedelta(minutes=5)


def react(report: StockReport, ports: Ports) -> int:
    """How many counts were newer than what was known. Raises Unreadable for one from the future."""
    latest = ports.clock.now() + CLOCKS_DIFFER
    if any(count.at > latest for count in report.counts):
        msg = "`at` lies in the future: no later count would be taken until then"
        raise Unreadable(msg)
    newer = sum(ports.stock.count(report.seller, count) for count in report.counts)
    ports.signals.note("stock", seller=str(report.seller), units=newer)
    return newer


def read_stock(raw: object) -> StockReport:
    """The body of `POST /v1/stock` (docs/http-api.md). Raises Unreadable, naming the field."""
    body = read_object(raw, "body")
    counts = read_list(body, "stock", "count")
    if len(counts) > AT_ONCE:
        msg = f"`stock` must be a list of at most {AT_ONCE} counts"
        raise Unreadable(msg)
    return StockReport(read_seller(body), tuple(_count(read_object(count, "count")) for count in counts))


def _count(raw: Mapping[str, Any]) -> Count:
    sku = read_text(raw, "sku", hashes=True)
    return Count(Sku(sku), read_count(raw, "quantity", least=0), read_moment(raw, "at"))
