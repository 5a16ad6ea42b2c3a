"""Amazon says that an order changed: note the hint, and ask for the work it calls for. No call to Amazon."""

from __future__ import annotations

from typing import Any

from bridge.domain.errors import Unreadable
from bridge.domain.ids import ORDER_ID, OrderId, OrderKey
from bridge.domain.lifecycle import Change, Head, Hint, hinted
from bridge.domain.orders import Status
from bridge.domain.sellers import SellerRecord
from bridge.ports import Ports

# ORDER_CHANGE 1.0 still speaks the words of Orders v0.
_STATUS = {
    "Pending": Status.PENDING,
    "PendingAvailability": Status.PENDING_AVAILABILITY,
    "Unshipped": Status.UNSHIPPED,
    "PartiallyShipped": Status.PARTIALLY_SHIPPED,
    "Shipped": Status.SHIPPED,
    "Canceled": Status.CANCELLED,
    "Unfulfillable": Status.UNFULFILLABLE,
}


def react(notification_id: str, payload: dict[str, Any], seller: SellerRecord, ports: Ports) -> None:
    """Raises Unreadable when the order is not named; anything else missing makes the hint vaguer, not wrong."""
    change = payload.get("orderchangenotification")
    if not isinstance(change, dict):
        msg = "ORDER_CHANGE without OrderChangeNotification"
        raise Unreadable(msg)
    order_id = change.get("amazonorderid")
    if not isinstance(order_id, str) or not ORDER_ID.fullmatch(order_id):
        msg = "ORDER_CHANGE without a usable AmazonOrderId"
        raise Unreadable(msg)
    key = OrderKey(seller.seller.region, seller.seller.seller_id, OrderId(order_id))
    hint = _hint(notification_id, change)

    def decide(head: Head) -> Change | None:
        answer = hinted(head, hint)
        if answer is None:
            return None
        noted, call = answer
        return Change(noted, (call,) if call else (), milestone="hinted")

    _, works = ports.orders.change(key, decide)
    # A status that nobody knows could hold anything: it is compared, and printed nowhere.
    status = hint.status if hint.status in set(Status) else "unknown"
    ports.signals.note("hint", order=order_id, status=status, calls=",".join(work.kind for work in works))
    ports.send(works)


def _hint(notification_id: str, change: dict[str, Any]) -> Hint:
    summary = change.get("summary")
    if not isinstance(summary, dict):
        summary = {}
    status = str(summary.get("orderstatus") or "")
    return Hint(
        notification_id=notification_id,
        status=_STATUS.get(status, status),
        merchant=summary.get("fulfillmenttype") == "MFN",
        buyer_requested=change.get("orderchangetype") == "BuyerRequestedChange",
    )
