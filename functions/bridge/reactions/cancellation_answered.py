"""The ERP says what became of a cancellation that Amazon made: the work that waits for this word is done."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.domain.acknowledging import cancellation_answered
from bridge.domain.documents import CancelAnswer
from bridge.domain.errors import Unreadable
from bridge.domain.ids import OrderKey, Seller
from bridge.domain.reported import read_key, read_object
from bridge.ports import Ports
from bridge.reactions.saying import take


@dataclass(frozen=True, slots=True)
class Answered:
    key: OrderKey
    answer: CancelAnswer

    @property
    def seller(self) -> Seller:
        return self.key.seller


def react(said: Answered, ports: Ports) -> str:
    """TAKEN or KNOWN; Refused when the order is unknown or Amazon has not cancelled it."""
    result = take(said.key, lambda head: cancellation_answered(head, said.answer), ports)
    ports.signals.note("cancellation answered", order=said.key.order_id, answer=str(said.answer), status=result)
    return result


def read_answer(raw: object) -> Answered:
    """The body of `POST /v1/cancellation-answers` (docs/http-api.md). Raises Unreadable, naming the field."""
    body = read_object(raw, "body")
    key, answer = read_key(body), body.get("answer")
    if not isinstance(answer, str) or answer not in set(CancelAnswer):
        msg = f"`answer` must be one of {', '.join(CancelAnswer)}"
        raise Unreadable(msg)
    return Answered(key, CancelAnswer(answer))
