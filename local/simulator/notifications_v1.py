"""Notifications API v1: where notifications go, and who gets which."""

from __future__ import annotations

import re
from typing import Any

from local.simulator.exchange import ApiError, Response, invalid, not_found
from local.simulator.lwa import NOTIFICATIONS_SCOPE
from local.simulator.operation import Call, Operation, payload
from local.simulator.subscriptions import Destination, Subscription

_QUEUE_ARN = re.compile(r"arn:aws:sqs:[^:\s]+:\d{12}:[\w-]+")
_SQS, _EVENT_BRIDGE = "sqs", "eventBridge"

# The destination and the payload version are properties of the type, not a choice.
TYPES: dict[str, tuple[str, str]] = {
    "ACCOUNT_STATUS_CHANGED": (_SQS, "2021-01-01"),
    "ANY_OFFER_CHANGED": (_SQS, "1.0"),
    "B2B_ANY_OFFER_CHANGED": (_SQS, "1.0"),
    "BRANDED_ITEM_CONTENT_CHANGE": (_EVENT_BRIDGE, "1.0"),
    "DATA_KIOSK_QUERY_PROCESSING_FINISHED": (_SQS, "2023-11-15"),
    "FBA_INVENTORY_AVAILABILITY_CHANGES": (_SQS, "1.0"),
    "FBA_OUTBOUND_SHIPMENT_STATUS": (_SQS, "1.0"),
    "FEE_PROMOTION": (_SQS, "1.0"),
    "FEED_PROCESSING_FINISHED": (_SQS, "2020-09-04"),
    "FULFILLMENT_ORDER_STATUS": (_SQS, "1.0"),
    "ITEM_PRODUCT_TYPE_CHANGE": (_EVENT_BRIDGE, "1.0"),
    "LISTINGS_ITEM_ISSUES_CHANGE": (_EVENT_BRIDGE, "2023-12-13"),
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": (_EVENT_BRIDGE, "1.0"),
    "LISTINGS_ITEM_STATUS_CHANGE": (_EVENT_BRIDGE, "1.0"),
    "ORDER_CHANGE": (_SQS, "1.0"),
    "PRICING_HEALTH": (_SQS, "1.0"),
    "PRODUCT_TYPE_DEFINITIONS_CHANGE": (_EVENT_BRIDGE, "1.0"),
    "REPORT_PROCESSING_FINISHED": (_SQS, "2020-09-04"),
    "TRANSACTION_UPDATE": (_SQS, "1.0"),
}
_FILTERABLE = frozenset({"ANY_OFFER_CHANGED", "ORDER_CHANGE", "SHIPMENT_TRACKING_MILESTONE_CHANGED"})


def _conflict(message: str) -> ApiError:
    return ApiError(409, "Conflict", message)


def _destination(call: Call, destination_id: str) -> Destination:
    destination = call.world.subscriptions.destinations.get(destination_id)
    if destination is None or destination.client_id != call.application.client_id:
        raise not_found("The destination does not exist.")
    return destination


def create_destination(call: Call) -> Response:
    """409 when the application has a destination of this name or with this resource."""
    body = call.request.json()
    name, specification = body.get("name"), body.get("resourceSpecification")
    if not isinstance(name, str) or not name or not isinstance(specification, dict):
        raise invalid("Invalid Input", "name or resourceSpecification is missing.")
    resource = _resource(call, specification)
    known = call.world.subscriptions.destinations
    for other in known.values():
        if other.client_id == call.application.client_id and (other.name == name or other.resource == resource):
            raise _conflict("A destination with this name or resource already exists.")
    destination = Destination(call.world.draws.identity("destination"), call.application.client_id, name, resource)
    known[destination.destination_id] = destination
    return payload(destination.view())


def _resource(call: Call, specification: dict[str, Any]) -> dict[str, Any]:
    """Exactly one of a queue and an event bus."""
    if set(specification) == {_SQS} and isinstance(specification[_SQS], dict):
        arn = specification[_SQS].get("arn")
        if not isinstance(arn, str) or not _QUEUE_ARN.fullmatch(arn):
            raise invalid("Invalid Input", "The ARN is not of an SQS standard queue.")
        return {_SQS: {"arn": arn}}
    if set(specification) == {_EVENT_BRIDGE} and isinstance(specification[_EVENT_BRIDGE], dict):
        account, region = (specification[_EVENT_BRIDGE].get(field) for field in ("accountId", "region"))
        if not isinstance(account, str) or not isinstance(region, str):
            raise invalid("Invalid Input", "accountId or region is missing.")
        name = f"aws.partner/sellingpartnerapi.amazon.com/{account}/{call.application.application_id}"
        return {_EVENT_BRIDGE: {"accountId": account, "region": region, "name": name}}
    raise invalid("Invalid Input", "A destination has one resource: sqs or eventBridge.")


def get_destinations(call: Call) -> Response:
    own = [
        item for item in call.world.subscriptions.destinations.values() if item.client_id == call.application.client_id
    ]
    return payload([destination.view() for destination in own])


def get_destination(call: Call) -> Response:
    return payload(_destination(call, call.parameters["destinationId"]).view())


def delete_destination(call: Call) -> Response:
    """409 while a subscription uses it."""
    destination = _destination(call, call.parameters["destinationId"])
    if any(
        used.destination_id == destination.destination_id for used in call.world.subscriptions.subscriptions.values()
    ):
        raise _conflict("A subscription uses the destination.")
    del call.world.subscriptions.destinations[destination.destination_id]
    return Response(200, {})


def _kind(kind: str) -> str:
    if kind not in TYPES:
        raise invalid("Invalid Input", "The notificationType does not exist.")
    return kind


def create_subscription(call: Call) -> Response:
    """409 when this seller has one of this type and payload version."""
    kind, body = _kind(call.parameters["notificationType"]), call.request.json()
    version = body.get("payloadVersion")
    resource, supported = TYPES[kind]
    if version != supported:
        raise invalid("Invalid Input", f"payloadVersion of {kind} is {supported}.")
    directive = _directive(kind, body.get("processingDirective"))
    if any(item.payload_version == version for item in _own(call, kind)):
        raise _conflict("A subscription for this notificationType already exists.")
    destination = _destination(call, str(body.get("destinationId")))
    if resource not in destination.resource:
        raise invalid("Invalid Input", f"{kind} goes to {resource} destinations only.")
    subscription = Subscription(
        subscription_id=call.world.draws.identity("subscription"),
        client_id=call.application.client_id,
        seller_id=call.seller.seller_id,
        kind=kind,
        payload_version=version,
        destination_id=destination.destination_id,
        directive=directive,
    )
    call.world.subscriptions.subscriptions[subscription.subscription_id] = subscription
    return payload(subscription.view())


def _directive(kind: str, raw: object) -> dict[str, Any] | None:
    if raw is None:
        return None
    if not isinstance(raw, dict) or set(raw) != {"eventFilter"} or not isinstance(raw["eventFilter"], dict):
        raise invalid("Invalid Input", "The simulator knows processingDirective.eventFilter only.")
    if kind not in _FILTERABLE or raw["eventFilter"].get("eventFilterType") != kind:
        raise invalid("Invalid Input", "eventFilterType is not this notificationType, or that has no filters.")
    return raw


def _own(call: Call, kind: str) -> list[Subscription]:
    return list(call.world.subscriptions.of(call.application.client_id, call.seller.seller_id, kind))


def get_subscription(call: Call) -> Response:
    version = call.request.one("payloadVersion")
    for subscription in _own(call, _kind(call.parameters["notificationType"])):
        if version in {None, subscription.payload_version}:
            return payload(subscription.view())
    raise not_found("The seller has no subscription for this notificationType.")


def get_subscriptions(call: Call) -> Response:
    """One type per request."""
    kinds = call.request.many("notificationTypes")
    if len(kinds) != 1:
        raise invalid("Invalid Input", "notificationTypes has exactly one value.")
    version = call.request.one("payloadVersion")
    found = [item.view() for item in _own(call, _kind(kinds[0])) if version in {None, item.payload_version}]
    return payload({"subscriptions": found})


def _by_id(call: Call) -> Subscription:
    subscription = call.world.subscriptions.subscriptions.get(call.parameters["subscriptionId"])
    kind = _kind(call.parameters["notificationType"])
    if subscription is None or (subscription.client_id, subscription.kind) != (call.application.client_id, kind):
        raise not_found("The subscription does not exist.")
    return subscription


def get_subscription_by_id(call: Call) -> Response:
    return payload(_by_id(call).view())


def delete_subscription_by_id(call: Call) -> Response:
    del call.world.subscriptions.subscriptions[_by_id(call).subscription_id]
    return Response(200, {})


_DESTINATIONS = "/notifications/v1/destinations"
_SUBSCRIPTIONS = "/notifications/v1/subscriptions"
_OF_KIND = f"{_SUBSCRIPTIONS}/{{notificationType}}"
_ONE = f"{_OF_KIND}/{{subscriptionId}}"

OPERATIONS = (
    Operation("getDestinations", "GET", _DESTINATIONS, get_destinations, NOTIFICATIONS_SCOPE),
    Operation("createDestination", "POST", _DESTINATIONS, create_destination, NOTIFICATIONS_SCOPE),
    Operation("getDestination", "GET", f"{_DESTINATIONS}/{{destinationId}}", get_destination, NOTIFICATIONS_SCOPE),
    Operation(
        "deleteDestination", "DELETE", f"{_DESTINATIONS}/{{destinationId}}", delete_destination, NOTIFICATIONS_SCOPE
    ),
    Operation("getSubscriptions", "GET", _SUBSCRIPTIONS, get_subscriptions),
    Operation("getSubscription", "GET", _OF_KIND, get_subscription),
    Operation("createSubscription", "POST", _OF_KIND, create_subscription),
    Operation("getSubscriptionById", "GET", _ONE, get_subscription_by_id, NOTIFICATIONS_SCOPE),
    Operation("deleteSubscriptionById", "DELETE", _ONE, delete_subscription_by_id, NOTIFICATIONS_SCOPE),
)
