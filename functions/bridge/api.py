"""The HTTP API for the ERP: it may say at once what the sweep of shipments would find within a minute."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bridge.domain.errors import BridgeError, Unreadable
from bridge.domain.sellers import Mode
from bridge.ports import Ports
from bridge.reactions.shipment_dispatched import react, read_shipment

Response = dict[str, Any]
ROUTE = "POST /v1/shipments"


def consumer(ports: Ports) -> Callable[[dict[str, Any], Any], Response]:
    """The handler behind API Gateway, which has checked the caller's IAM signature."""

    def consume(event: dict[str, Any], _context: Any) -> Response:
        if event.get("routeKey") != ROUTE:
            return _answer(404, error=f"there is only {ROUTE}")
        try:
            shipment = read_shipment(_body(event))
            record = ports.sellers.get(shipment.key.seller)
            if record is None or record.mode is Mode.PAUSED:
                return _answer(409, error="no such seller is connected, or the seller is paused; see `bridge status`")
            return _answer(202, parcels=react(shipment, ports))
        except Unreadable as error:
            return _answer(400, error=str(error))
        except BridgeError as error:
            ports.signals.note("api", reason=str(error))
            return _answer(503, error="not stored; send it again, the same parcel is never counted twice")

    return consume


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
