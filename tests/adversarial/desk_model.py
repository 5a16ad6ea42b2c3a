"""What the desk promises of one piece of work, written down once more without looking at how the desk does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.domain.work import Turn

LEASE, IN_FLIGHT, EARLY = timedelta(seconds=60), timedelta(seconds=20), timedelta(seconds=2)


@dataclass
class Claim:
    """`until`: nobody else may hold the work before; a claim that is over may still be completed until a newer one."""

    turn: Turn
    until: datetime


@dataclass
class Piece:
    """`wanted` counts news, `carried_out` those that a completed claim had seen."""

    wanted: int = 0
    carried_out: int = 0
    fence: int = 0
    shelf: str = ""
    not_before: datetime | None = None
    held: Claim | None = None
    """The newest claim, while nothing has ended it."""
    busy_until: datetime | None = None
    """A lease, or a request that may still take effect."""
    slot: datetime | None = None
    retried: bool = False
    over: list[Turn] = field(default_factory=list)
    """Every claim that is not the newest any more, or has ended."""

    @property
    def open(self) -> bool:
        return self.wanted > self.carried_out

    def may_be_claimed(self, now: datetime, slot: datetime | None) -> bool:
        free = self.busy_until is None or self.busy_until <= now
        time_has_come = self.not_before is None or self.not_before <= now + EARLY
        mine = self.slot is None or self.slot == slot or self.slot <= now - timedelta(seconds=30)
        return self.open and not self.shelf and free and time_has_come and mine

    def end(self) -> None:
        if self.held:
            self.over.append(self.held.turn)
        self.held = None
