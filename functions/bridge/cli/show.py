"""How commands answer: aligned text for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def answer(value: Any, text: str, *, as_json: bool) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False) if as_json else text)


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], empty: str) -> str:
    """The rows under their column names; `empty` when there are none."""
    if not rows:
        return empty
    cells = [list(columns), *[[str(row.get(column, "")) for column in columns] for row in rows]]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )
