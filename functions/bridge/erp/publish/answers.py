"""What a receiver says about a message, at once or when it is asked: a JSON object with a few known fields."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bridge.domain.documents import CancelAnswer, ErpOrder
from bridge.domain.errors import Unreadable
from bridge.domain.money import Money, read_money

Answer = Mapping[str, object]
LONGEST = 100
LARGEST = 64 * 1024
"""Bytes of an answer that are read: a number and a total need a hundred."""


def read_answer(content: bytes) -> Answer | None:
    """None for anything but a JSON object: "taken" needs no words, and some say `OK`."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def named_document(answer: Answer) -> ErpOrder | None:
    """The receiver's document, if the answer names one; Unreadable when what it names cannot be used."""
    number, total = answer.get("number"), answer.get("total")
    if number is None:
        return None
    if not isinstance(number, str) or not number.isprintable() or not 0 < len(number) <= LONGEST:
        msg = f"`number` must be a printable text of 1 to {LONGEST} characters"
        raise Unreadable(msg)
    return ErpOrder(number, "acknowledged", None if total is None else _total(total))


def cancel_answer(answer: Answer) -> CancelAnswer | None:
    """`{"answer": "done"}` and the like; None when nothing is answered yet."""
    raw = answer.get("answer")
    if raw is None:
        return None
    if not isinstance(raw, str) or raw not in tuple(CancelAnswer):
        msg = f"`answer` must be one of {', '.join(CancelAnswer)}"
        raise Unreadable(msg)
    return CancelAnswer(raw)


def _total(raw: object) -> Money:
    if isinstance(raw, dict) and isinstance(raw.get("amount"), str):
        try:
            return read_money({"amount": raw["amount"], "currencyCode": raw.get("currency")})
        except Unreadable:
            pass
    msg = '`total` must be like {"amount": "12.34", "currency": "EUR"}, both texts'
    raise Unreadable(msg)
