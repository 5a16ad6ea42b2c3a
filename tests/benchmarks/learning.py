"""Rate learning: the product's pacing against Amazon's true rates, which are not always the documented ones.

Four hours of `getOrder` in virtual time, always with more demand than quota. Two warm workers, each with its own memory
of one table; turns of a line reserve slots every 15 s; messages carry the slots, in whole seconds as SQS does; Amazon
answers after 50 to 400 ms. Beside it two peers: the documented rate and nothing learned, and a rate that is halved on
every 429 and grows by 5 % a minute.
"""

from __future__ import annotations

import math
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random

from bridge.domain.errors import Throttled
from bridge.domain.pacing import User
from bridge.spapi.orders_2026_01_01 import GET_ORDER
from bridge.spapi.pacing import RATE_HEADER, Pacer
from bridge.stores.quota import Quota
from tests.fakes.table import MemoryTable
from tests.fakes.world import SELLER, START

HOURS = 4.0
TURN_S = 15.0
SEATS = 80
LEAST_USED, MOST_REFUSED = 0.98, 0.001
"""What has to be reached where Amazon tells its rate."""


@dataclass
class Truth:
    """Amazon's bucket, full at first. `rate` tells calls a second at a second; tokens may come `lump` at a time."""

    rate: Callable[[float], float]
    lump: int = 0
    level: float = GET_ORDER.burst
    available: float = GET_ORDER.burst
    answered: int = 0
    refused: int = 0
    _at: float = 0.0
    _owed: float = 0.0

    def granted(self, now: float) -> bool:
        self.fill(now)
        enough = self.level >= 1 - 1e-9
        self.level -= enough
        self.answered += enough
        self.refused += not enough
        return enough

    def fill(self, now: float) -> None:
        came = (now - self._at) * self.rate((self._at + now) / 2)
        self._at = now
        self.available += came
        self._owed += came
        lumps = math.floor(self._owed / self.lump + 1e-9) * self.lump if self.lump else self._owed
        self._owed -= lumps
        self.level = min(self.level + lumps, float(GET_ORDER.burst))


def cases(seconds: float) -> dict[str, Callable[[], Truth]]:
    documented = GET_ORDER.rate

    def changes(factor: float) -> Callable[[], Truth]:
        return lambda: Truth(lambda now: documented * (factor if now >= seconds / 2 else 1))

    return {
        "documented": lambda: Truth(lambda _: documented),
        "quarter": lambda: Truth(lambda _: documented / 4),
        "fourfold": lambda: Truth(lambda _: documented * 4),
        "lumpy": lambda: Truth(lambda _: documented, lump=5),
        "up": changes(2),
        "down": changes(0.5),
    }


class World:
    """What happens next, in order; `now` in seconds."""

    def __init__(self, truth: Truth, *, header: bool, seed: int) -> None:
        self.now = 0.0
        self.truth = truth
        self.header = header
        self.chance = Random(seed)  # noqa: S311 - chance from a seed is the point
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, when: float, act: Callable[[], None]) -> None:
        self._count += 1
        heappush(self._events, (max(when, self.now), self._count, act))

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, act = heappop(self._events)
            act()
        self.now = until
        self.truth.fill(until)

    def call(self, when: float, answered: Callable[[int, Mapping[str, str]], None]) -> None:
        """A call that is made at that time; half of the latency is before Amazon counts it."""
        latency = self.chance.uniform(0.05, 0.4)

        def arrive() -> None:
            status = 200 if self.truth.granted(self.now) else 429
            told = {RATE_HEADER: f"{self.truth.rate(self.now)}"} if self.header and status == 200 else {}
            self.at(self.now + latency / 2, lambda: answered(status, told))

        self.at(when + latency / 2, arrive)


class LocalClock:
    """The clock in one worker; waiting moves it, and nobody else's."""

    def __init__(self) -> None:
        self.second = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.second)

    def sleep(self, seconds: float) -> None:
        self.second += seconds


@dataclass
class Worker:
    table: MemoryTable
    clock: LocalClock = field(default_factory=LocalClock)
    pacer: Pacer = field(init=False)

    def __post_init__(self) -> None:
        self.pacer = Pacer(Quota(self.table), self.clock)


class Product:
    """Lines, messages and two workers."""

    def __init__(self, world: World, *, learns: bool) -> None:
        self.world = world
        self.learns = learns
        table = MemoryTable()
        self.workers = [Worker(table), Worker(table)]
        self._idle = list(self.workers)
        self._ready: deque[datetime] = deque()
        world.at(0.0, self._turn)

    def _turn(self) -> None:
        world = self.world
        worker = world.chance.choice(self._idle or self.workers)
        worker.clock.second = world.now
        try:
            slots = worker.pacer.reserve(GET_ORDER, SELLER, User.LINE, SEATS)
        except Throttled:
            worker.pacer.favour_line(GET_ORDER, SELLER)
            slots = []
        for slot in slots:
            self._send(slot, slot)
        world.at(world.now + TURN_S, self._turn)

    def _send(self, slot: datetime, until: datetime) -> None:
        delay = math.ceil(max((until - START).total_seconds() - self.world.now, 0))

        def show() -> None:
            self._ready.append(slot)
            self._serve()

        self.world.at(self.world.now + delay + self.world.chance.uniform(0.02, 0.15), show)

    def _serve(self) -> None:
        while self._ready and self._idle:
            self._carry_out(self._idle.pop(0), self._ready.popleft())

    def _carry_out(self, worker: Worker, slot: datetime) -> None:
        worker.clock.second = self.world.now
        try:
            worker.pacer.wait(GET_ORDER, SELLER, slot, User.LIVE)
        except Throttled as throttled:
            self._idle.append(worker)
            if throttled.slot and throttled.until:
                self._send(throttled.slot, throttled.until)
            return

        def answered(status: int, headers: Mapping[str, str]) -> None:
            worker.clock.second = self.world.now
            if self.learns:
                worker.pacer.learn(GET_ORDER, SELLER, status, headers)
            self._idle.append(worker)
            self._serve()

        self.world.call(worker.clock.second, answered)


class Aimd:
    """Additive increase, multiplicative decrease: what clients do who know nothing but 429."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rate = GET_ORDER.rate
        self._tokens = GET_ORDER.burst - 1.0
        world.at(0.0, self._call)
        world.at(60.0, self._grow)

    def _grow(self) -> None:
        self.rate *= 1.05
        self.world.at(self.world.now + 60, self._grow)

    def _call(self) -> None:
        self.world.call(self.world.now, self._answered)
        self._tokens -= 1
        pause = 0.05 if self._tokens >= 0 else 1 / self.rate
        self.world.at(self.world.now + pause, self._call)

    def _answered(self, status: int, _: Mapping[str, str]) -> None:
        if status == 429:
            self.rate = max(self.rate / 2, 0.01)


WAYS: dict[str, Callable[[World], object]] = {
    "": lambda world: Product(world, learns=True),
    "_static": lambda world: Product(world, learns=False),
    "_aimd": Aimd,
}


def played(case: str, way: str, *, header: bool, hours: float = HOURS, seed: int = 1) -> Truth:
    """Amazon's count after so many hours."""
    truth = cases(hours * 3600)[case]()
    world = World(truth, header=header, seed=seed)
    WAYS[way](world)
    world.run(hours * 3600)
    return truth


def figures(hours: float = HOURS) -> dict[str, float]:
    """`learn_<case>_quota_used_share` and `learn_<case>_http_429_share`, where Amazon tells its rate.

    With `_untold` after the case where it does not; peers with `_static` and `_aimd` at the end. They do not hear it.
    """
    found: dict[str, float] = {}
    for case in cases(0):
        for way, header in (("", True), ("", False), ("_static", False), ("_aimd", False)):
            truth = played(case, way, header=header, hours=hours)
            name = f"learn_{case}" + ("" if header or way else "_untold")
            found[f"{name}_quota_used_share{way}"] = truth.answered / truth.available
            found[f"{name}_http_429_share{way}"] = truth.refused / (truth.answered + truth.refused)
    return found


def main() -> int:
    found = figures()
    columns = (("product", "", ""), ("untold", "_untold", ""), ("static", "", "_static"), ("AIMD", "", "_aimd"))
    sys.stdout.write(f"{'quota used / 429s':18}" + "".join(f"{title:>20}" for title, _, _ in columns) + "\n")
    for case in cases(0):
        sys.stdout.write(f"{case:18}")
        for _, told, way in columns:
            used, refused = (found[f"learn_{case}{told}_{of}_share{way}"] for of in ("quota_used", "http_429"))
            sys.stdout.write(f"{used:>11.2%} {refused:>8.3%}")
        sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
