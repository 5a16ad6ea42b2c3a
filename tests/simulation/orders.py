"""Amazon's truth of one order, and how the Orders APIs show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bridge.domain.ids import Seller
from tests.simulation.clock import START, moment

DE = {"eu": ("A1PA6795UKMFR9", "EUR"), "na": ("ATVPDKIKX0DER", "USD")}
PENDING, UNSHIPPED, PARTIAL, SHIPPED, CANCELLED = "PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED"
_WORDS = {
    PENDING: "Pending",
    UNSHIPPED: "Unshipped",
    PARTIAL: "PartiallyShipped",
    SHIPPED: "Shipped",
    CANCELLED: "Canceled",
}


def stamp(second: float) -> str:
    return moment(second).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Package:
    tracking: str
    lines: dict[str, int]
    times: int = 1


@dataclass
class Order:
    """`items` is id → units ordered; `updated` in seconds since START."""

    seller: Seller
    order_id: str
    created: float
    items: dict[str, int]
    by_merchant: bool
    status: str = PENDING
    updated: float = -1.0
    cancel_requested: bool = False
    packages: dict[str, Package] = field(default_factory=dict)
    history: list[tuple[float, float, dict[str, Any], str]] = field(default_factory=list)
    """Visible to the search from, lastUpdatedTime, the order as it was, lastUpdatedTime as text of fixed width."""
    wanted_ever: bool = False
    reduced: bool = False
    overpacked: bool = False
    """The warehouse packed more than was ordered."""
    paid: float = 0.0
    deadline: float = 0.0
    """Ship by; two days after the order was placed, unless told otherwise."""

    def __post_init__(self) -> None:
        self.deadline = self.deadline or self.created + 172_800

    @property
    def name(self) -> str:
        """Of the recipient; tells whose order a document is."""
        return f"{self.seller.region}/{self.seller.seller_id}/{self.order_id}"

    @property
    def partition(self) -> str:
        """Where the bridge keeps it."""
        return f"T#{self.seller.region}#{self.seller.seller_id}#O#{self.order_id}"

    @property
    def marketplace(self) -> str:
        return DE[self.seller.region][0]

    def shipped(self, item: str, without: str = "") -> int:
        return sum(package.lines.get(item, 0) for ref, package in self.packages.items() if ref != without)

    def updated_shown(self, second: float) -> str | None:
        """lastUpdatedTime that the search shows; None while it shows nothing."""
        for visible, _, _, text in reversed(self.history):
            if visible <= second:
                return text
        return None

    def shown(self) -> dict[str, Any]:
        """Everything but the recipient."""
        currency = DE[self.seller.region][1]
        paid = self.status != PENDING
        total = {"amount": f"{sum(self.items.values()) * 10}.00", "currencyCode": currency}
        raw: dict[str, Any] = {
            "orderId": self.order_id,
            "createdTime": stamp(self.created),
            "lastUpdatedTime": stamp(self.updated),
            "salesChannel": {"channelName": "AMAZON", "marketplaceId": self.marketplace},
            "orderItems": [self._item(item, units, currency, paid=paid) for item, units in self.items.items()],
            "fulfillment": {
                "fulfillmentStatus": self.status,
                "fulfilledBy": "MERCHANT" if self.by_merchant else "AMAZON",
                "fulfillmentServiceLevel": "STANDARD",
                "shipByWindow": {"latestDateTime": stamp(self.deadline)},
            },
        }
        if paid:
            raw["proceeds"] = {"grandTotal": total}
        if self.packages:
            raw["packages"] = [
                {"packageReferenceId": ref, "trackingNumber": package.tracking}
                for ref, package in self.packages.items()
            ]
        return raw

    def _item(self, item: str, units: int, currency: str, *, paid: bool) -> dict[str, Any]:
        shipped = self.shipped(item)
        raw: dict[str, Any] = {
            "orderItemId": item,
            "quantityOrdered": units,
            "product": {"sellerSku": f"SKU-{item}"},
            "fulfillment": {"quantityFulfilled": shipped, "quantityUnfulfilled": units - shipped},
        }
        if paid:
            amount = {"amount": f"{units * 10}.00", "currencyCode": currency}
            raw["proceeds"] = {"breakdowns": [{"type": "ITEM", "subtotal": amount}]}
        if self.cancel_requested or self.status == CANCELLED:
            raw["cancellation"] = {
                **({"cancellationRequest": {"requester": "BUYER"}} if self.cancel_requested else {}),
                **({"cancellationExecution": {"cancelledBy": "SELLER"}} if self.status == CANCELLED else {}),
            }
        return raw

    def recipient(self) -> dict[str, Any]:
        address = {"name": self.name, "addressLine1": "Hauptstr. 1", "city": "Köln", "postalCode": "50667"}
        return {"deliveryAddress": {**address, "countryCode": "DE"}}


def notification(
    order: Order, *, number: int, change: str, application: str, subscription: str, exact: bool = False
) -> dict[str, Any]:
    """ORDER_CHANGE 1.0 in Amazon's casing; every second leaves out the time of change, unless all are `exact`."""
    changed = stamp(order.updated) if exact or number % 2 else None
    summary = {
        "MarketplaceId": order.marketplace,
        "OrderStatus": _WORDS[order.status],
        "FulfillmentType": "MFN" if order.by_merchant else "AFN",
        **({"LatestShipDate": stamp(order.deadline)} if exact or number % 3 else {}),
    }
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": START.isoformat(),
        "Payload": {
            "OrderChangeNotification": {
                "NotificationLevel": "OrderLevel",
                "SellerId": order.seller.seller_id,
                "AmazonOrderId": order.order_id,
                "OrderChangeType": change,
                "OrderChangeTrigger": {"TimeOfOrderChange": changed, "ChangeReason": "x"},
                "Summary": summary,
            }
        },
        "NotificationMetadata": {
            "ApplicationId": application,
            "SubscriptionId": subscription,
            "PublishTime": START.isoformat(),
            "NotificationId": f"n-{number}",
        },
    }
