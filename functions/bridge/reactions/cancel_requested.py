"""The ERP wants an order cancelled. Amazon has no operation for that but a feed, so it is a human's, today."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.domain.acknowledging import cancellation_wanted
from bridge.domain.ids import OrderKey, Seller
from bridge.domain.reported import read_key, read_object, read_text
from bridge.ports import Ports
from bridge.reactions.saying import take


@dataclass(frozen=True, slots=True)
class CancelRequest:
    key: OrderKey
    reason: str

    @property
    def seller(self) -> Seller:
        return self.key.seller


def react(asked: CancelRequest, ports: Ports) -> str:
    """TAKEN or KNOWN; Refused when the order is unknown, not the seller's to ship, or shipped."""
    return take(asked.key, lambda head: cancellation_wanted(head, asked.reason), ports)


def read_request(raw: object) -> CancelRequest:
    """The body of `POST /v1/cancel-requests` (docs/http-api.md). Raises Unreadable, naming the field."""
    body = read_object(raw, "body")
    return CancelRequest(read_key(body), read_text(body, "reason"))
