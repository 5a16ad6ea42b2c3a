"""The sellers who are connected, and how far each sweep has come for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bridge.domain.ids import MarketplaceId, Seller


class Mode(StrEnum):
    """What may be done for a seller."""

    LIVE = "live"
    DRY_RUN = "dry_run"
    """Observe and decide, write nothing outward."""
    PAUSED = "paused"
    NEEDS_CONSENT = "REAUTH_NEEDED"


@dataclass(frozen=True, slots=True)
class SellerRecord:
    """A seller who is connected."""

    seller: Seller
    marketplaces: tuple[MarketplaceId, ...]
    mode: Mode
    go_live: datetime
    """Orders created earlier are the old system's; the bridge only adopts those it finds in the ERP."""
    subscriptions: dict[str, str] = field(default_factory=dict)
    """Notification type → subscription id."""
    reason: str = ""
    connected: datetime | None = None
    """When the seller was added: what a sweep that never came to its end is measured from."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to `at` was seen. `token` and `started` belong to a search that is not finished yet."""

    at: datetime | None = None
    token: str | None = None
    started: datetime | None = None
    begun: datetime | None = None
    """When this worker last turned to this seller, whatever came of it."""
    next: datetime | None = None
    """When the next search is due; unknown: one period after `at`."""
    in_line: bool = False
    """Work waits in line to read orders of this seller one by one."""
    looked: datetime | None = None
    """When a sweep last came to its end, by our clock, where `at` is another's."""
    filling: bool = False
    """A backfill of this seller is under way; only told for everybody at once."""
