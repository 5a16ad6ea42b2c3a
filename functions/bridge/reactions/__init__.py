"""What arrives, and who reacts to it: one file per kind, named like the kind.

ROUTES is the whole table. `transport` is fixed by Amazon per type: most come through SQS, six through EventBridge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.domain.sellers import SellerRecord
from bridge.ports import Ports
from bridge.reactions import order_change


@dataclass(frozen=True, slots=True)
class Route:
    """`seller_path` is where the payload names the seller, in lower-case keys."""

    react: Callable[[str, dict[str, Any], SellerRecord, Ports], None]
    payload_version: str
    transport: str
    seller_path: tuple[str, ...]


ROUTES: dict[str, Route] = {
    "ORDER_CHANGE": Route(order_change.react, "1.0", "SQS", ("orderchangenotification", "sellerid")),
}
