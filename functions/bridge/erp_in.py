"""The ERP's queue: what the HTTP API takes, for those inside AWS who would rather send than call.

A message is `{"route": "acknowledgements", "body": {…}}`, the body as for the route of that name. Nobody waits for an
answer, so one ladder says what becomes of it: what cannot be understood or is not taken is parked with the reason;
what is for a seller who is not connected or paused stays in the queue, and then with its dead letters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from bridge.api import ROUTES, Route, is_served
from bridge.batches import Handler, each_record
from bridge.domain.errors import NotNow, Refused, Unreadable
from bridge.domain.reported import read_object
from bridge.ports import Ports

NEEDS_S = 8.0
NAMES: Mapping[str, Route] = {name.rpartition("/")[2]: route for name, route in ROUTES.items()}


def consumer(ports: Ports) -> Handler:
    """The handler of the queue."""

    def receive(record: SQSRecord) -> None:
        try:
            _take(record.body, ports)
        except (Unreadable, Refused) as error:
            _park(record.body, str(error), ports)

    return each_record(receive, needs_s=NEEDS_S, signals=ports.signals)


def _take(text: str, ports: Ports) -> None:
    route, body = _opened(text)
    report = NAMES[route].read(body)
    if not is_served(report, ports):
        msg = "the seller is not connected, or paused"
        raise NotNow(msg)
    try:
        NAMES[route].react(report, ports)
    except Refused as error:
        # Read above, so these are ids and nothing else.
        msg = f"{route} {body.get('order_id', '')}: {error}"
        raise Refused(msg) from error


def _opened(text: str) -> tuple[str, Mapping[str, Any]]:
    try:
        message = read_object(json.loads(text), "message")
    except (ValueError, RecursionError) as error:
        msg = "the message is not JSON"
        raise Unreadable(msg) from error
    route = message.get("route")
    if not isinstance(route, str) or route not in NAMES:
        msg = f"`route` must be one of {', '.join(NAMES)}"
        raise Unreadable(msg)
    return route, read_object(message.get("body"), "body")


def _park(text: str, reason: str, ports: Ports) -> None:
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
    ports.parking.park(digest, reason, size=len(text))
    ports.signals.count("Parked")
    ports.signals.note("parked", reason=reason, digest=digest, size=len(text))
