"""Amazon says that an order changed: note the hint, and ask for the work it calls for. No call to Amazon."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bridge.domain.errors import Unreadable
from bridge.domain.hints import Hint, hinted
from bridge.domain.ids import ORDER_ID, OrderId, OrderKey
from bridge.domain.lifecycle import Change, Head
from bridge.domain.orders import Status
from bridge.domain.sellers import SellerRecord
from bridge.domain.times import read_time
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
    hint = _hint(notification_id, change, ports.clock.now())

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


def _hint(notification_id: str, change: dict[str, Any], now: datetime) -> Hint:
    summary, trigger = (_object(change.get(name)) for name in ("summary", "orderchangetrigger"))
    status = str(summary.get("orderstatus") or "")
    return Hint(
        notification_id=notification_id,
        status=_STATUS.get(status, status),
        merchant=summary.get("fulfillmenttype") == "MFN",
        buyer_requested=change.get("orderchangetype") == "BuyerRequestedChange",
        changed=min(_moment(trigger.get("timeoforderchange")) or now, now),
        ship_by=_moment(summary.get("latestshipdate")),
    )


def _object(raw: Any) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _moment(raw: Any) -> datetime | None:
    """None for whatever is no time: a hint may be vague."""
    try:
        return read_time(raw)
    except Unreadable:
        return None
