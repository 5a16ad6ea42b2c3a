"""Workers that share Amazon's quotas, in virtual time: they come at random, stall, forget, and their clocks differ.

Whoever is refused waits in a line, as in the product; Amazon counts the calls, not the slots.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random

from greenlet import getcurrent

from bridge.domain.errors import Throttled
from bridge.domain.ids import EU, Seller, SellerId
from bridge.domain.pacing import PATIENCE, Limit, User, useless_after
from bridge.spapi.operation import Operation
from bridge.spapi.pacing import Pacer
from bridge.stores.quota import Quota
from bridge.stores.table import Item, Update
from tests.fakes.table import MemoryTable
from tests.simulation.clock import START, Hub, WorkerClock
from tests.simulation.strand import Strand

TURN_S = 15.0
SEATS = 80
AGAIN_S = 60.0
"""Work whose worker died is found by the sweep, and sent again without its slot."""


@dataclass(frozen=True)
class Weather:
    """Of 100: slots that are used up to 40 s late, or never, and turns before which a worker starts anew."""

    workers: int = 20
    late: int = 0
    lost: int = 0
    forget: int = 0
    skew: float = 0.0
    """Seconds between the fastest and the slowest clock."""
    seed: int = 1


class Chance(Hub):
    """What happens at the same moment happens in any order."""

    def __init__(self, chance: Random) -> None:
        super().__init__()
        self.chance = chance
        self._events: list[tuple[float, float, int, Callable[[], object]]] = []
        self._heap = self._events  # type: ignore[assignment]

    def at(self, when: float, act: Callable[[], object]) -> None:
        self._count += 1
        heappush(self._events, (max(when, self.now), self.chance.random(), self._count, act))

    def wait_until(self, when: float) -> None:
        strand, self.strand = self.strand, None
        self.at(when, getcurrent().switch)
        self.main.switch()
        self.strand = strand

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, _, act = heappop(self._events)
            act()
        self.now = until


class SharedTable(MemoryTable):
    """Before each write, all others may have written."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self.hub = hub

    def update(self, write: Update) -> Item:
        if self.hub.strand:
            self.hub.strand.wait(0)
        return super().update(write)


@dataclass(eq=False)
class Caller:
    """Somebody who wants one call."""

    seller: Seller
    operation: Operation
    came: float
    user: User = User.LIVE
    called: float = -1.0
    tries: int = 0


class Worker:
    def __init__(self, world: World) -> None:
        self.clock = WorkerClock(world.hub, world.chance.uniform(-0.5, 0.5) * world.weather.skew)
        self.forget(world)

    def forget(self, world: World) -> None:
        self.pacer = Pacer(Quota(world.table), self.clock)


@dataclass
class World:
    weather: Weather
    calls: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    """(seller, operation) or ("", shared bucket) → when Amazon counted calls."""
    limits: dict[tuple[str, str], Limit] = field(default_factory=dict)
    callers: list[Caller] = field(default_factory=list)
    seats: Counter[str] = field(default_factory=Counter)
    """Operation → slots that lines were given."""

    def __post_init__(self) -> None:
        self.chance = Random(self.weather.seed)  # noqa: S311 - chance from a seed is the point
        self.hub = Chance(self.chance)
        self.table = SharedTable(self.hub)
        self.workers = [Worker(self) for _ in range(self.weather.workers)]
        self.lines: dict[tuple[Seller, Operation], list[Caller]] = {}

    def happens(self, percent: int) -> bool:
        return self.chance.random() * 100 < percent

    def someone(self) -> Worker:
        worker = self.chance.choice(self.workers)
        if self.happens(self.weather.forget):
            worker.forget(self)
        return worker

    def start(self, act: Callable[[Worker], None]) -> None:
        def over(strand: Strand) -> None:
            if strand.error:
                raise strand.error

        Strand(self.hub, "", math.inf).start(lambda *_: act(self.someone()), None, over)

    def arrive(self, when: float, caller: Caller) -> None:
        self.callers.append(caller)
        self.hub.at(when, lambda: self.start(lambda worker: self.attempt(worker, caller, None)))

    def arrive_together(self, when: float, callers: list[Caller]) -> None:
        """All for the same: one worker reserves for them, and sends each a slot."""
        self.callers += callers
        line = callers[0].seller, callers[0].operation
        self.hub.at(when, lambda: self.start(lambda worker: self.seat(worker, line, callers)))

    def attempt(self, worker: Worker, caller: Caller, slot: datetime | None) -> None:
        caller.tries += 1
        try:
            worker.pacer.wait(caller.operation, caller.seller, slot, caller.user)
        except Throttled as throttled:
            self.refused(caller, throttled)
            return
        self.called(caller)
        self.hub.wait_until(self.hub.now + self.chance.uniform(0.05, 0.4))
        worker.pacer.learn(caller.operation, caller.seller, 200, {})

    def called(self, caller: Caller) -> None:
        caller.called = self.hub.now
        pair = (caller.seller.seller_id, caller.operation.name)
        shared = [(("", shared.name), shared.limit) for shared in caller.operation.shared]
        for place, limit in [(pair, caller.operation.limit), *shared]:
            self.calls[place].append(self.hub.now)
            self.limits[place] = limit

    def refused(self, caller: Caller, throttled: Throttled) -> None:
        if caller.user is User.SWEEP:
            return  # a search tries again in its next run
        if throttled.slot or not throttled.operation:
            self.send(caller, throttled.slot, throttled.until or START)
            return
        self.join(caller)

    def send(self, caller: Caller, slot: datetime | None, until: datetime) -> None:
        """A message; SQS counts in whole seconds."""
        delay = math.ceil(max((until - START).total_seconds() - self.hub.now, 0)) + self.chance.uniform(0.02, 0.15)
        if slot and self.happens(self.weather.lost):
            slot, delay = None, delay + AGAIN_S
        elif slot and self.happens(self.weather.late):
            delay += self.chance.choice([0.1, 0.5, 2, 8, 40]) * self.chance.random()
        self.hub.after(delay, lambda: self.start(lambda worker: self.attempt(worker, caller, slot)))

    def seat(self, worker: Worker, line: tuple[Seller, Operation], waiting: list[Caller]) -> None:
        """As many as there are slots; see spapi.amazon, `seats`."""
        seller, operation = line
        try:
            slots = worker.pacer.reserve(operation, seller, User.LINE, min(len(waiting), SEATS))
        except Throttled:
            worker.pacer.favour_line(operation, seller)
            slots = []
        self.seats[operation.name] += len(slots)
        for slot in slots:
            self.send(waiting.pop(0), slot, slot - (PATIENCE if soon_void(operation.limit) else timedelta(0)))
        if waiting is not self.lines.get(line):
            for caller in waiting:
                self.join(caller)

    def join(self, caller: Caller) -> None:
        line = caller.seller, caller.operation
        if line not in self.lines:
            self.lines[line] = []
            self.hub.after(1, lambda: self.start(lambda worker: self.turn(worker, line)))
        self.lines[line].append(caller)

    def turn(self, worker: Worker, line: tuple[Seller, Operation]) -> None:
        if self.lines[line]:
            self.seat(worker, line, self.lines[line])
        self.hub.after(TURN_S, lambda: self.start(lambda other: self.turn(other, line)))

    def too_many(self) -> list[str]:
        """Where Amazon saw more than rate × (t + what clocks differ by) + burst in some window of t seconds."""
        found: list[str] = []
        for place, times in self.calls.items():
            limit = self.limits[place]
            over = excess(times, limit.rate, limit.burst + limit.rate * self.weather.skew)
            if over:
                found.append(f"{place}: {over}")
        return found


def soon_void(limit: Limit) -> bool:
    """Whether messages have to come early, because one that is late finds its slot void."""
    return timedelta(microseconds=useless_after(limit.gap, limit.burst)) < 2 * PATIENCE


def excess(times: list[float], rate: float, burst: float) -> str:
    """Where a bucket of that size would have refused, which is where a window is too full; "" for nowhere."""
    level, since = burst, 0.0
    for at in sorted(times):
        level, since = min(burst, level + (at - since) * rate) - 1, at
        if level < -1e-4:
            return f"{-level:.3f} calls too many at {at:.3f} s"
    return ""


def sellers(count: int) -> list[Seller]:
    return [Seller(EU, SellerId(f"A{number}SELLER")) for number in range(count)]
