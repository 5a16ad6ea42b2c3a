"""What the ERP says lies in its warehouse: a count of one SKU at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bridge.domain.ids import Seller, Sku


@dataclass(frozen=True, slots=True)
class Count:
    """`quantity` units of a SKU on hand, as the ERP counted them `at` a moment by its own clock."""

    sku: Sku
    quantity: int
    at: datetime


@dataclass(frozen=True, slots=True)
class StockReport:
    seller: Seller
    counts: tuple[Count, ...]
