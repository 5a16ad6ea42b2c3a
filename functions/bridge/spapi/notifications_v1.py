"""Notifications API v1: where Amazon sends what. https://developer-docs.amazon.com/sp-api/docs/notifications-api"""

from __future__ import annotations

import hashlib
from typing import Any

from bridge.domain.errors import Refused, Unavailable
from bridge.domain.ids import Seller
from bridge.spapi.client import Client
from bridge.spapi.operation import Operation

SCOPE = "sellingpartnerapi::notifications"
_DESTINATIONS = "/notifications/v1/destinations"
_SUBSCRIPTIONS = "/notifications/v1/subscriptions/{notificationType}"

GET_DESTINATIONS = Operation("getDestinations", "GET", _DESTINATIONS, rate=1, burst=5, grantless=SCOPE)
CREATE_DESTINATION = Operation("createDestination", "POST", _DESTINATIONS, rate=1, burst=5, grantless=SCOPE)
DELETE_SUBSCRIPTION = Operation(
    "deleteSubscriptionById", "DELETE", f"{_SUBSCRIPTIONS}/{{subscriptionId}}", rate=1, burst=5, grantless=SCOPE
)
GET_SUBSCRIPTION = Operation("getSubscription", "GET", _SUBSCRIPTIONS, rate=1, burst=5)
CREATE_SUBSCRIPTION = Operation("createSubscription", "POST", _SUBSCRIPTIONS, rate=1, burst=5)

# A table, not a default: Amazon fixes the version per type.
PAYLOAD_VERSIONS = {"ORDER_CHANGE": "1.0"}


def destination(client: Client, seller: Seller, queue_arn: str) -> str:
    """The id of the destination for this queue, made when there is none (per application and region)."""
    answer, _ = client.call(GET_DESTINATIONS, seller)
    for known in answer.get("payload") or []:
        if ((known.get("resource") or {}).get("sqs") or {}).get("arn") == queue_arn:
            return str(known["destinationId"])
    name = f"spapi-bridge-{seller.region}-{hashlib.sha256(queue_arn.encode()).hexdigest()[:8]}"
    body = {"name": name, "resourceSpecification": {"sqs": {"arn": queue_arn}}}
    answer, _ = client.call(CREATE_DESTINATION, seller, body=body)
    return _field(answer, "destinationId")


def subscription(
    client: Client, seller: Seller, notification_type: str, destination_id: str, *, take_over: bool = False
) -> str:
    """The id of the seller's subscription of a type to this destination, made when there is none.

    A subscription to another destination belongs to another deployment: Refused, unless `take_over` moves it here.
    """
    path = {"notificationType": notification_type}
    found = _existing(client, seller, path)
    if found.get("destinationId") == destination_id:
        return str(found["subscriptionId"])
    if found and not take_over:
        msg = (
            f"the seller's {notification_type} notifications go to another queue, perhaps of another stage "
            f"(destination {found['destinationId']}); `--take-over` moves them here"
        )
        raise Refused(msg)
    if found:
        client.call(DELETE_SUBSCRIPTION, seller, path=path | {"subscriptionId": str(found["subscriptionId"])})
    body: dict[str, Any] = {"payloadVersion": PAYLOAD_VERSIONS[notification_type], "destinationId": destination_id}
    if notification_type == "ORDER_CHANGE":
        kinds = ["OrderStatusChange", "BuyerRequestedChange"]
        body["processingDirective"] = {"eventFilter": {"eventFilterType": "ORDER_CHANGE", "orderChangeTypes": kinds}}
    answer, _ = client.call(CREATE_SUBSCRIPTION, seller, path=path, body=body)
    return _field(answer, "subscriptionId")


def _existing(client: Client, seller: Seller, path: dict[str, str]) -> dict[str, Any]:
    try:
        answer, _ = client.call(GET_SUBSCRIPTION, seller, path=path)
    except Refused as refusal:
        if refusal.code == "NotFound":
            return {}
        raise
    payload = answer.get("payload")
    return payload if isinstance(payload, dict) else {}


def _field(answer: dict[str, Any], name: str) -> str:
    value = (answer.get("payload") or {}).get(name)
    if not isinstance(value, str):
        msg = f"Notifications API: an answer without {name}"
        raise Unavailable(msg)
    return value
