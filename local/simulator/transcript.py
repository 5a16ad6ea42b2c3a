"""Every request that Amazon got and how it answered, without tokens and without personal data."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    n: int
    at: str
    method: str
    path: str
    operation: str
    seller_id: str
    order_id: str
    status: int
    included_data: tuple[str, ...] = ()
    fault: str = ""
    """The kind of fault that was planted instead of, or after, Amazon's own answer."""


class Transcript:
    """Append-only; entries are numbered from 1."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, **facts: Any) -> None:
        self._entries.append(Entry(n=len(self._entries) + 1, **facts))

    def after(self, n: int) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self._entries[max(0, n) :]]

    def counts(self) -> dict[str, dict[str, int]]:
        """Requests per operation and status."""
        found = Counter((entry.operation, str(entry.status)) for entry in self._entries)
        result: dict[str, dict[str, int]] = {}
        for (operation, status), count in sorted(found.items()):
            result.setdefault(operation, {})[status] = count
        return result

    def with_status(self, status: int) -> int:
        return sum(entry.status == status for entry in self._entries)
