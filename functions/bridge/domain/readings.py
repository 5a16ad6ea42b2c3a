"""What one call to Amazon's Orders API brought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bridge.domain.documents import Recipient
from bridge.domain.ids import OrderId
from bridge.domain.orders import Order


@dataclass(frozen=True, slots=True)
class Reading:
    """One order as Amazon shows it now; `recipient` only when it was asked for and Amazon gave it."""

    order: Order
    recipient: Recipient | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some orders of a search; `unreadable` are the ids of those that cannot be understood."""

    orders: tuple[Order, ...]
    unreadable: tuple[OrderId, ...]
    next_token: str | None
    server_time: datetime
    """Amazon's clock when it answered."""
    spare: bool = False
    """Half of the burst of searches, or more, is unused."""
