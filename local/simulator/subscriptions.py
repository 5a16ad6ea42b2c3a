"""Destinations and subscriptions, and which queue a change is told to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Destination:
    destination_id: str
    client_id: str
    name: str
    resource: dict[str, Any]

    @property
    def arn(self) -> str:
        """Of the queue; empty for an EventBridge destination."""
        return str(self.resource.get("sqs", {}).get("arn", ""))

    def view(self) -> dict[str, Any]:
        return {"name": self.name, "destinationId": self.destination_id, "resource": self.resource}


@dataclass(slots=True)
class Subscription:
    subscription_id: str
    client_id: str
    seller_id: str
    kind: str
    payload_version: str
    destination_id: str
    directive: dict[str, Any] | None = None

    def view(self) -> dict[str, Any]:
        view: dict[str, Any] = {
            "subscriptionId": self.subscription_id,
            "payloadVersion": self.payload_version,
            "destinationId": self.destination_id,
        }
        return view | ({"processingDirective": self.directive} if self.directive else {})

    def wants(self, marketplace_id: str, change: str) -> bool:
        """Whether the event filter lets this change through."""
        wanted = (self.directive or {}).get("eventFilter", {})
        marketplaces, changes = wanted.get("marketplaceIds"), wanted.get("orderChangeTypes")
        return (not marketplaces or marketplace_id in marketplaces) and (not changes or change in changes)


@dataclass(slots=True)
class Subscriptions:
    """All of them, by id."""

    destinations: dict[str, Destination] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)

    def of(self, client_id: str, seller_id: str, kind: str) -> Iterator[Subscription]:
        """One seller's subscriptions of one kind through one application; all applications for an empty client id."""
        for subscription in self.subscriptions.values():
            same = subscription.seller_id == seller_id and subscription.kind == kind
            if same and client_id in {"", subscription.client_id}:
                yield subscription
