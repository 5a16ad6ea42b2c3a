"""The ERP says under which number it holds an order: the hand-over that waits for this word is done."""

from __future__ import annotations

from bridge.domain.acknowledging import Acknowledgement, acknowledged
from bridge.domain.reported import read_amount, read_key, read_object, read_text
from bridge.ports import Ports
from bridge.reactions.saying import take


def react(said: Acknowledgement, ports: Ports) -> str:
    """TAKEN or KNOWN; Refused when the order is unknown, changed meanwhile, of another total, or numbered already."""
    result = take(said.key, lambda head: acknowledged(head, said), ports)
    ports.signals.note("acknowledged by the ERP", order=said.key.order_id, erp=said.number, status=result)
    return result


def read_acknowledgement(raw: object) -> Acknowledgement:
    """The body of `POST /v1/acknowledgements` (docs/http-api.md). Raises Unreadable, naming the field."""
    body = read_object(raw, "body")
    return Acknowledgement(
        read_key(body), read_text(body, "number"), read_text(body, "version"), read_amount(body, "total")
    )
