"""Answers that go wrong on purpose: planted by tests, used up one by one."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = frozenset({"hang", "reset", "truncate", "html503"})


@dataclass(slots=True)
class Fault:
    """`kind` is one of KINDS or a status. `after_effect`: the request is carried out, only its answer is lost."""

    operation: str
    kind: str
    times: int = 1
    after_effect: bool = False
    seconds: float = 60.0
    """How long `hang` hangs."""


class Faults:
    """What is planted, oldest first per operation."""

    def __init__(self) -> None:
        self._planted: list[Fault] = []

    def plant(self, fault: Fault) -> None:
        """Raises ValueError for a kind that does not exist."""
        if fault.kind not in KINDS and not (fault.kind.isdigit() and 200 <= int(fault.kind) <= 599):
            msg = f"a fault is a status or one of {', '.join(sorted(KINDS))}"
            raise ValueError(msg)
        self._planted.append(fault)

    def take(self, operation: str) -> Fault | None:
        """The fault for this request, if any is left."""
        for fault in self._planted:
            if fault.operation == operation and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    def clear(self) -> None:
        self._planted.clear()
