"""Amazon's notifications come in here: who is it for, is it really for us, and who reacts to it.

One ladder decides what becomes of a record: Unreadable is parked and acknowledged, foreign is counted and
acknowledged, a bug or an unavailable table fails this record alone, and the queue brings it again.
"""

from __future__ import annotations

import hashlib
import re

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from bridge.batches import Handler, each_record
from bridge.domain.errors import Unreadable
from bridge.domain.ids import SELLER_ID
from bridge.domain.sellers import SellerRecord
from bridge.envelope import Message, open_envelope
from bridge.ports import Ports
from bridge.reactions import ROUTES, Route

NEEDS_S = 8.0


def consumer(ports: Ports, application_id: str) -> Handler:
    """The handler of the notifications queue."""

    def receive(record: SQSRecord) -> None:
        body = record.body
        try:
            message = open_envelope(body)
            _react(message, application_id, ports)
        except Unreadable as error:
            digest = hashlib.sha256(body.encode(errors="surrogatepass")).hexdigest()[:32]
            ports.parking.park(digest, str(error), size=len(body))
            ports.signals.count("Parked")
            ports.signals.note("parked", reason=str(error), digest=digest, size=len(body))

    return each_record(receive, needs_s=NEEDS_S, signals=ports.signals)


def _react(message: Message, application_id: str, ports: Ports) -> None:
    route = ROUTES.get(message.kind)
    if route is None:
        msg = f"no reaction to notifications of type {_printable(message.kind)}"
        raise Unreadable(msg)
    if application_id and message.application_id != application_id:
        _foreign("application", message, ports)
        return
    seller = _seller(message, route, ports)
    if seller is not None:
        route.react(message.notification_id, message.payload, seller, ports)


def _seller(message: Message, route: Route, ports: Ports) -> SellerRecord | None:
    """The connected seller whose subscription sent this; None, and counted, when it is somebody else's."""
    seller_id = message.named(route.seller_path)
    if seller_id is None or not SELLER_ID.fullmatch(seller_id):
        msg = f"{message.kind} names no seller"
        raise Unreadable(msg)
    record = ports.sellers.subscribed(seller_id, message.kind, message.subscription_id)
    if record is None:
        _foreign("subscription" if ports.sellers.named(seller_id) else "seller", message, ports)
    return record


def _foreign(what: str, message: Message, ports: Ports) -> None:
    ports.signals.count("Foreign")
    ports.signals.note("foreign", what=what, kind=message.kind)


def _printable(text: str) -> str:
    """A type as Amazon writes them; anything else could hold anything."""
    return text if re.fullmatch(r"[A-Z][A-Z0-9_]{2,59}", text) else "?"
