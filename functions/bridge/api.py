"""The HTTP API for the ERP: what it ships, what it holds, and what became of what it was asked."""

from __future__ import annotations

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
        route = ROUTES.get(str(event.get("routeKey")))
        if route is None:
            return _answer(404, error=f"there are only {', '.join(ROUTES)}")
        try:
            report = route.read(_body(event))
            return _take(route, report, ports)
        except Unreadable as error:
            return _answer(400, error=str(error))
        except Refused as error:
            return _answer(409, error=str(error))
        except BridgeError as error:
            ports.signals.note("api", reason=str(error))
            return _answer(503, error="not stored; send it again, the same thing said twice is never counted twice")

    return consume


def _take(route: Route, report: Report, ports: Ports) -> Response:
    record = ports.sellers.get(report.seller)
    if record is None or record.mode is Mode.PAUSED:
        msg = "no such seller is connected, or the seller is paused; see `bridge status`"
        raise Refused(msg)
    return _answer(202, **{route.answers: route.react(report, ports)})


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


def _answer(status: int, **body: object) -> Response:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
