"""Orders API v0: confirming shipments, which has no successor yet (the reads of v0 end on 2027-03-27)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bridge.domain.errors import Unavailable
from bridge.domain.ids import OrderKey
from bridge.domain.parcels import Confirmation
from bridge.spapi.client import Client
from bridge.spapi.operation import Operation

CONFIRM_SHIPMENT = Operation(
    "confirmShipment", "POST", "/orders/v0/orders/{orderId}/shipmentConfirmation", rate=2, burst=10
)


def confirm_shipment(client: Client, key: OrderKey, confirmation: Confirmation, *, slot: datetime | None) -> None:
    """Tell Amazon of one package; the same reference again edits it.

    The reference is a string of digits (amzn/selling-partner-api-models#5094).
    """
    package: dict[str, Any] = {
        "packageReferenceId": str(confirmation.reference),
        "carrierCode": confirmation.carrier_code,
        "trackingNumber": confirmation.tracking,
        # Milliseconds: cut to seconds, a parcel shipped at the time of purchase would be shipped before it.
        "shipDate": confirmation.shipped_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "orderItems": [{"orderItemId": item_id, "quantity": count} for item_id, count in confirmation.lines],
    }
    if confirmation.carrier_name:
        package["carrierName"] = confirmation.carrier_name
    if confirmation.shipping_method:
        package["shippingMethod"] = confirmation.shipping_method
    body = {"marketplaceId": confirmation.marketplace, "packageDetail": package}
    answer, _ = client.call(CONFIRM_SHIPMENT, key.seller, path={"orderId": key.order_id}, body=body, slot=slot)
    if answer:
        msg = "confirmShipment: a body where Amazon sends none"
        raise Unavailable(msg)
