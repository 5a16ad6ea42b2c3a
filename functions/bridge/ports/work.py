"""Work that has to be done: the desk where it waits its time, and the lines where it waits for Amazon's quota."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bridge.domain.errors import NotNow
from bridge.domain.ids import OrderKey, Seller
from bridge.domain.lifecycle import Ending
from bridge.domain.lines import Line, Opened, Waiting
from bridge.domain.work import Turn, Work


class Desk(Protocol):
    """Work that should happen, its claims and its completions."""

    def claim(self, work: Work, slot: datetime | None) -> Turn | None:
        """None when the work is done, claimed, laid aside, or waits for another slot."""
        ...

    def open(self, turn: Turn) -> Turn:
        """The same try, with the seller's record and what is known of the order now."""
        ...

    def complete(self, turn: Turn, ending: Ending | None = None) -> tuple[Work, ...]:
        """Store the ending with the completion; what is to be done next, this work too when it is wanted again."""
        ...

    def postpone(self, turn: Turn, until: datetime, cause: NotNow) -> datetime | None:
        """When it is due again: `until` or later; None when the claim is not ours any more."""
        ...

    def park(self, turn: Turn, reason: str) -> bool:
        """False when news came during the try: then it is due again instead."""
        ...

    def pause(self, work: Work, reason: str) -> bool: ...
    def give_back(self, turn: Turn) -> bool: ...

    def resume(self, seller: Seller) -> list[Work]:
        """Bring paused work of a seller back."""
        ...

    def take_due(self, until: datetime, limit: int) -> list[Work]:
        """Work due by `until`, nearest ship-by date first; what is taken is not given again for some minutes."""
        ...


class Lines(Protocol):
    """Work that waits for Amazon's quota, most urgent first."""

    def join(self, turn: Turn, operation: str, reason: str) -> Line | None:
        """End the claim and wait in line; this try does not count. The line, if it was closed until now."""
        ...

    def open(self) -> list[Opened]: ...

    def turn_of(self, line: Line) -> Opened | None:
        """Serve it now; None when it is closed, or another does."""
        ...

    def served(self, opened: Opened, slots: Sequence[datetime], pace: int) -> None:
        """Note the slots that there were in this turn, and how many hand-overs could have had one."""
        ...

    def reopen(self, line: Line) -> None:
        """Somebody waits there, although it is closed."""
        ...

    def close(self, opened: Opened) -> None:
        """Unless somebody joined meanwhile."""
        ...

    def waiting(self, line: Line, rank: int, limit: int) -> list[Waiting]:
        """Most urgent first; some may have been given a seat a moment ago."""
        ...

    def late(self, kind: str, limit: int) -> int:
        """How much work of a kind, of all sellers, nobody has begun although its time came; counted up to a limit."""
        ...

    def seat(self, line: Line, work: Work, slot: datetime) -> bool:
        """Give work that waits a slot; False when it does not wait any more."""
        ...

    def pending(self, line: Line, orders: Sequence[OrderKey]) -> dict[Work, int]:
        """Who waits there to read one of these orders or to hand it over, and how often that was asked for."""
        ...

    def leave(self, line: Line, work: Work, want: int) -> bool:
        """It need not wait any more, unless it was asked for again."""
        ...
