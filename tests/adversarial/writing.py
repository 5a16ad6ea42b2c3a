"""JSON as text, also such as json.dumps would never write: names twice in one object, and numbers of any form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Raw:
    """A piece of text that stands in the JSON as it is."""

    text: str


@dataclass(frozen=True)
class Members:
    """An object whose names may repeat."""

    pairs: tuple[tuple[str, Any], ...]


def written(value: Any, *, escaped: bool = True) -> str:
    """`escaped`: in ASCII, with \\u for all else; this is also how half a surrogate pair can be written."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        value = Members(tuple(value.items()))
    if isinstance(value, Members):
        pairs = (
            f"{json.dumps(name, ensure_ascii=escaped)}:{written(part, escaped=escaped)}" for name, part in value.pairs
        )
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(part, escaped=escaped) for part in value) + "]"
    return json.dumps(value, ensure_ascii=escaped)
