"""The ORDER_CHANGE notification, in Amazon's envelope and casing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from local.simulator.moments import stamp
from local.simulator.records import MERCHANT, Item, Order, Status

STATUS_CHANGE, BUYER_REQUEST = "OrderStatusChange", "BuyerRequestedChange"

_STATUS_WORDS = {
    Status.PENDING_AVAILABILITY: "PendingAvailability",
    Status.PENDING: "Pending",
    Status.UNSHIPPED: "Unshipped",
    Status.PARTIALLY_SHIPPED: "PartiallyShipped",
    Status.SHIPPED: "Shipped",
    Status.CANCELLED: "Canceled",
    Status.UNFULFILLABLE: "Unfulfillable",
}


def envelope(order: Order, change: str, metadata: dict[str, str], now: datetime) -> dict[str, Any]:
    """`metadata`: ApplicationId, SubscriptionId and NotificationId; PublishTime is added."""
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": stamp(order.updated),
        "Payload": {"OrderChangeNotification": _notification(order, change)},
        "NotificationMetadata": {**metadata, "PublishTime": stamp(now)},
    }


def _notification(order: Order, change: str) -> dict[str, Any]:
    reason = "Buyer Requested Cancel" if change == BUYER_REQUEST else "Order Status Changed"
    return {
        "NotificationLevel": "OrderLevel",
        "SellerId": order.seller_id,
        "AmazonOrderId": order.order_id,
        "OrderChangeType": change,
        "OrderChangeTrigger": {"TimeOfOrderChange": stamp(order.updated), "ChangeReason": reason},
        "Summary": _summary(order),
    }


def _summary(order: Order) -> dict[str, Any]:
    return {
        "MarketplaceId": order.marketplace_id,
        "OrderStatus": _STATUS_WORDS[order.status],
        "PurchaseDate": stamp(order.created),
        "DestinationPostalCode": order.person.postal_code,
        "FulfillmentType": "MFN" if order.fulfilled_by == MERCHANT else "AFN",
        "OrderType": "StandardOrder",
        "NumberOfItemsShipped": sum(order.shipped_of(item) for item in order.items),
        "NumberOfItemsUnshipped": sum(order.unshipped_of(item) for item in order.items),
        "EarliestDeliveryDate": stamp(order.ship_by + timedelta(days=1)),
        "LatestDeliveryDate": stamp(order.ship_by + timedelta(days=4)),
        "EarliestShipDate": stamp(order.created),
        "LatestShipDate": stamp(order.ship_by),
        "CancelNotifyDate": stamp(order.ship_by + timedelta(days=4)),
        "OrderPrograms": [],
        "ShippingPrograms": [],
        "OrderItems": [_item(order, item) for item in order.items],
    }


def _item(order: Order, item: Item) -> dict[str, Any]:
    shipped = order.shipped_of(item)
    return {
        "OrderItemId": item.item_id,
        "SellerSKU": item.sku,
        "SupplySourceId": None,
        "OrderItemStatus": "Shipped" if shipped == item.quantity else "Unshipped",
        "Quantity": item.quantity,
        "QuantityShipped": shipped,
        "IsBuyerRequestedCancel": bool(item.cancel_reason),
        "ItemEarliestDeliveryDate": stamp(order.ship_by + timedelta(days=1)),
        "ItemLatestDeliveryDate": stamp(order.ship_by + timedelta(days=4)),
    }
