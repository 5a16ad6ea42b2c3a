"""The HTTP API for the ERP: what it ships, holds, has and wants, and what became of what it was asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from bridge.domain.errors import BridgeError, Refused, Unreadable
from bridge.domain.ids import Seller
from bridge.domain.sellers import Mode
from bridge.ports import Ports
from bridge.reactions import (
    cancel_requested,
    cancellation_answered,
    order_acknowledged,
    shipment_dispatched,
    stock_reported,
)

Response = dict[str, Any]
LONGEST_KEY = 255


class Report(Protocol):
    """Something that the ERP says of one seller's orders or goods."""

    @property
    def seller(self) -> Seller: ...


@dataclass(frozen=True, slots=True)
class Route:
    """`read` raises Unreadable and names the field; `react` gives what `answers` calls its result."""

    read: Callable[[object], Any]
    react: Callable[[Any, Ports], str | int]
    answers: str = "result"


ROUTES: dict[str, Route] = {
    "POST /v1/shipments": Route(shipment_dispatched.read_shipment, shipment_dispatched.react, "parcels"),
    "POST /v1/acknowledgements": Route(order_acknowledged.read_acknowledgement, order_acknowledged.react),
    "POST /v1/cancellation-answers": Route(cancellation_answered.read_answer, cancellation_answered.react),
    "POST /v1/cancel-requests": Route(cancel_requested.read_request, cancel_requested.react),
    "POST /v1/stock": Route(stock_reported.read_stock, stock_reported.react, "stock"),
}
"""The whole API: API Gateway is given these routes and no others."""


def consumer(ports: Ports) -> Callable[[dict[str, Any], Any], Response]:
    """The handler behind API Gateway, which has checked the caller's IAM signature."""

    def consume(event: dict[str, Any], _context: Any) -> Response:
        name = str(event.get("routeKey"))
        if name not in ROUTES:
            return answer(404, error=f"there are only {', '.join(ROUTES)}")
        try:
            return _respond(name, _body(event), _idempotency_key(event), ports)
        except Unreadable as error:
            return answer(400, error=str(error))
        except Refused as error:
            return answer(409, error=str(error))
        except BridgeError as error:
            ports.signals.note("api", reason=str(error))
            return answer(503, error="not stored; send it again, the same thing said twice is never counted twice")

    return consume


def is_served(report: Report, ports: Ports) -> bool:
    """The seller is connected and not paused."""
    record = ports.sellers.get(report.seller)
    return record is not None and record.mode is not Mode.PAUSED


def _respond(name: str, body: object, key: str, ports: Ports) -> Response:
    """Every route may be said again by nature; a key adds that the answer is the same, and that its body is."""
    route = ROUTES[name]
    report = route.read(body)
    if not is_served(report, ports):
        msg = "no such seller is connected, or the seller is paused; see `bridge status`"
        raise Refused(msg)
    if not key:
        return answer(202, **{route.answers: route.react(report, ports)})
    digest = hashlib.sha256(json.dumps([name, body], sort_keys=True).encode()).hexdigest()
    kept = ports.answers.begin(report.seller, key, digest)
    if not kept.same:
        return answer(422, error="this Idempotency-Key came with something else before; take another for every body")
    if kept.answer:
        return _said(202, kept.answer, {"idempotent-replayed": "true"})
    words = json.dumps({route.answers: route.react(report, ports)})
    return _said(202, ports.answers.keep(report.seller, key, digest, words))


def _body(event: dict[str, Any]) -> object:
    body = event.get("body")
    if event.get("isBase64Encoded") or not isinstance(body, str):
        msg = "the body must be JSON text"
        raise Unreadable(msg)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        msg = "the body is not JSON"
        raise Unreadable(msg) from error


def _idempotency_key(event: dict[str, Any]) -> str:
    """API Gateway writes the names of headers small."""
    key = (event.get("headers") or {}).get("idempotency-key")
    if key is None:
        return ""
    if not isinstance(key, str) or not key.isprintable() or not 0 < len(key) <= LONGEST_KEY:
        msg = f"the header Idempotency-Key must be a printable text of 1 to {LONGEST_KEY} characters"
        raise Unreadable(msg)
    return key


def answer(status: int, **body: object) -> Response:
    return _said(status, json.dumps(body))


def _said(status: int, words: str, headers: dict[str, str] | None = None) -> Response:
    return {"statusCode": status, "headers": {"content-type": "application/json", **(headers or {})}, "body": words}
