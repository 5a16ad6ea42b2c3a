"""What goes wrong, and when: seeded rates per port call (docs/simulation.md), or a plan of single faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from random import Random

CALM, CRASH_BEFORE, CRASH_AFTER, FAULT, LOST, LATE, SLOW = range(7)
FATES = ("calm", "crash before", "crash after", "fault", "time-out, lost", "time-out, landed", "slow")


@dataclass(frozen=True, slots=True)
class Rates:
    """Probabilities: the first four per port call, the others per message; `skew` in seconds, between two workers."""

    crash: float = 0.04
    fault: float = 0.06
    timeout: float = 0.05
    slow: float = 0.05
    notification_lost: float = 0.10
    notification_doubled: float = 0.25
    message_doubled: float = 0.02
    delete_lost: float = 0.01
    sweep_missed: float = 0.6
    """Of the runs that would find something: a sweep that its scheduler forgets."""
    skew: float = 5.0
    index_lag: float = 3.0

    def without(self, name: str) -> Rates:
        return replace(self, **{name: 0.0})


STANDARD = Rates()
STORM = Rates(crash=0.12, fault=0.12, timeout=0.12, slow=0.12, message_doubled=0.12, delete_lost=0.12)
STILL = Rates(**{field.name: 0.0 for field in fields(Rates)})


class Weather:
    """One stream of chance for everything that goes wrong; `until` ends it, so that a schedule can settle."""

    def __init__(self, seed: int, rates: Rates = STANDARD) -> None:
        self.rng = Random(seed)
        self.rates = rates
        self.calls = 0
        self.fates = [0] * 7
        self.draw = self._draw = self.rng.random
        half = rates.crash / 2
        applied = rates.timeout * 0.6
        steps = (half, half, rates.fault, rates.timeout - applied, applied, rates.slow)
        self._bounds = tuple(sum(steps[: n + 1]) for n in range(6))
        self._bad = self._bounds[-1]

    def fate(self) -> int:
        """Of the next port call."""
        self.calls += 1
        drawn = self._draw()
        if drawn >= self._bad:
            return CALM
        for index, bound in enumerate(self._bounds):
            if drawn < bound:
                self.fates[index + 1] += 1
                return index + 1
        return CALM

    def happens(self, probability: float) -> bool:
        return self._draw() < probability

    def within(self, low: float, high: float) -> float:
        return low + (high - low) * self._draw()

    def calm_down(self) -> None:
        """From now on nothing goes wrong any more."""
        self.rates = STILL
        self._bad = -1.0


class Plan(Weather):
    """Still weather, but for the given faults: number of the port call → fate and its delay (0 … 1)."""

    def __init__(self, plan: Mapping[int, tuple[int, float]], seed: int = 0) -> None:
        super().__init__(seed, STILL)
        self._plan = plan
        self.draw = lambda: 0.5
        self._delay: float | None = None

    def fate(self) -> int:
        number = self.calls
        self.calls += 1
        planned = self._plan.get(number)
        if planned is None:
            self._delay = None
            return CALM
        fate, self._delay = planned
        self.fates[fate] += 1
        return fate

    def happens(self, probability: float) -> bool:
        return probability >= 1

    def within(self, low: float, high: float) -> float:
        return low + (high - low) * (0.5 if self._delay is None else self._delay)
