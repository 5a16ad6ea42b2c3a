"""What a receiver says about a message, at once or when it is asked: a JSON object with a few known fields."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bridge.domain.documents import CancelAnswer, ErpOrder
from bridge.domain.errors import Unreadable
from bridge.domain.reported import read_amount, read_text

Answer = Mapping[str, object]
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
    if answer.get("number") is None:
        return None
    return ErpOrder(read_text(answer, "number"), "acknowledged", read_amount(answer, "total"))


def cancel_answer(answer: Answer) -> CancelAnswer | None:
    """`{"answer": "done"}` and the like; None when nothing is answered yet."""
    raw = answer.get("answer")
    if raw is None:
        return None
    if not isinstance(raw, str) or raw not in tuple(CancelAnswer):
        msg = f"`answer` must be one of {', '.join(CancelAnswer)}"
        raise Unreadable(msg)
    return CancelAnswer(raw)
