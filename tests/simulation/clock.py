"""Virtual time: what happens next, in order; strands of the product wait in it, and nobody waits for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from greenlet import getcurrent

if TYPE_CHECKING:
    from tests.simulation.strand import Strand

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
"""Second 0 of every schedule."""


def moment(second: float) -> datetime:
    return START + timedelta(0, second)


class Hub:
    """`now` is in seconds since START; `strand` is the invocation that is running, None while the world itself acts."""

    def __init__(self) -> None:
        self.now = 0.0
        self.strand: Strand | None = None
        self.main = getcurrent()
        self._heap: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0
        self._until = 0.0

    def at(self, when: float, act: Callable[[], object]) -> None:
        self._count += 1
        heappush(self._heap, (max(when, self.now), self._count, act))

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        self.at(self.now + seconds, act)

    def wait_until(self, when: float) -> None:
        """For the running strand: others go first, if anything happens before `when`."""
        heap = self._heap
        if when <= self._until and (not heap or heap[0][0] > when):
            self.now = when
            return
        strand, self.strand = self.strand, None
        self.at(when, getcurrent().switch)
        self.main.switch()
        self.strand = strand

    def pass_time(self, strand: Strand, seconds: float) -> None:
        """`strand.wait`, and at once when nothing happens meanwhile."""
        when, heap = self.now + seconds, self._heap
        if when < strand.deadline and when <= self._until and (not heap or heap[0][0] > when):
            self.now = when
        else:
            strand.wait(seconds)

    def run(self, until: float) -> None:
        """Everything that happens up to and including `until`."""
        self._until = until
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, act = heappop(heap)
            act()
        self.now = until

    @property
    def idle(self) -> bool:
        return not self._heap


class WorkerClock:
    """The product's clock in one container, some moments fast or slow."""

    def __init__(self, hub: Hub, skew: float = 0.0) -> None:
        self._hub = hub
        self._skew = skew
        self._read = -1.0
        self._told = START

    def now(self) -> datetime:
        if self._read != self._hub.now:
            self._read = self._hub.now
            self._told = moment(self._read + self._skew)
        return self._told

    def sleep(self, seconds: float) -> None:
        strand = self._hub.strand
        if strand is not None:
            strand.wait(seconds)
