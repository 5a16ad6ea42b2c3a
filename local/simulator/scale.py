"""How long Amazon takes, and how long the same takes in the demo: the one table of scaled constants."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds, all of them."""

    search_lag_s: float
    """A change is visible to searchOrders this much later (Amazon: "most data available two minutes after")."""
    before_margin_s: float
    """createdBefore and lastUpdatedBefore must be at least this far in the past."""
    page_token_s: float = 86_400.0
    reorder_hold_s: float = 300.0
    """A notification that shall arrive after its successor is not held longer than this."""


SCALES: dict[str, Scale] = {
    "amazon": Scale(search_lag_s=120.0, before_margin_s=120.0),
    "demo": Scale(search_lag_s=5.0, before_margin_s=5.0, reorder_hold_s=10.0),
}
