"""What happens later by itself: orders released, notifications delivered."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from datetime import datetime

from local.simulator.moments import Clock

_LONGEST_NAP_S = 0.5


class Agenda:
    """Actions with a due time, run in that order. Tests move the clock and call `run_due`; the server has a thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = 0
        self._stopped = False
        self._news = threading.Condition()

    def at(self, due: datetime, action: Callable[[], None]) -> None:
        with self._news:
            self._count += 1
            heapq.heappush(self._waiting, (due, self._count, action))
            self._news.notify()

    def clear(self) -> None:
        with self._news:
            self._waiting.clear()

    def run_due(self) -> int:
        """Run everything that is due now; the number of actions."""
        done = 0
        while (action := self._next()) is not None:
            action()
            done += 1
        return done

    def _next(self) -> Callable[[], None] | None:
        with self._news:
            if self._waiting and self._waiting[0][0] <= self._clock():
                return heapq.heappop(self._waiting)[2]
            return None

    def run_until_stopped(self) -> None:
        while not self._stopped:
            self.run_due()
            with self._news:
                if not self._stopped:
                    self._news.wait(self._nap())

    def _nap(self) -> float:
        if not self._waiting:
            return _LONGEST_NAP_S
        return min(_LONGEST_NAP_S, max(0.0, (self._waiting[0][0] - self._clock()).total_seconds()))

    def stop(self) -> None:
        with self._news:
            self._stopped = True
            self._news.notify()
