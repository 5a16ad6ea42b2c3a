"""Many schedules on several workers: what they showed together, and how fast they went."""

from __future__ import annotations

import gc
import itertools
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import TextIO

from tests.simulation import checker
from tests.simulation.play import Outcome, schedule
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.weather import CRASH_AFTER, CRASH_BEFORE, FATES
from tests.simulation.world import World

CHUNK = 20
_UNCOLLECTED = 10
"""Schedules between two collections."""
_SAMPLED = 50
"""One schedule in so many tells which places there are to crash at."""


@dataclass
class Totals:
    """Of any number of schedules; `failed` is seed, kind and what, of every violation."""

    schedules: int = 0
    calls: int = 0
    fewest_calls: int = 10**9
    fates: Counter[str] = field(default_factory=Counter)
    sites: Counter[str] = field(default_factory=Counter)
    crashes: Counter[tuple[str, int]] = field(default_factory=Counter)
    seen: dict[str, int] = field(default_factory=dict)
    """Port call site → a seed that comes by there."""
    aimed: int = 0
    """Schedules that were played once more, with a crash where chance had brought none."""
    failed: list[tuple[int, str, str]] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    known: list[float] = field(default_factory=list)
    dead_letters: int = 0
    orders: int = 0
    bad_schedules: int = 0

    def add(self, outcome: Outcome) -> None:
        world = outcome.world
        self.schedules += 1
        self.calls += world.weather.calls
        self.fewest_calls = min(self.fewest_calls, world.weather.calls)
        self.fates.update({FATES[n]: count for n, count in enumerate(world.weather.fates) if count})
        self.sites.update(world.calls.sites)
        self.crashes.update(world.calls.crashes)
        self.seen |= dict.fromkeys(world.calls.sites, outcome.seed)
        self.failed += [(outcome.seed, kind, what) for kind, what in outcome.violations]
        self.gaps += outcome.story.gaps
        self.known += outcome.story.known.values()
        self.dead_letters += sum(len(queue.dead) for queue in world.queues.values())
        self.orders += len(world.amazon.orders)
        self.bad_schedules += bool(outcome.violations)

    def merge(self, other: Totals) -> None:
        for name in ("schedules", "calls", "dead_letters", "orders", "bad_schedules"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.fewest_calls = min(self.fewest_calls, other.fewest_calls)
        for name in ("fates", "sites", "crashes"):
            getattr(self, name).update(getattr(other, name))
        self.failed += other.failed
        self.seen |= other.seen
        self.gaps += other.gaps
        self.known += other.known

    @property
    def crashed(self) -> int:
        return sum(self.crashes.values())

    def uncrashed(self) -> list[str]:
        """Port call sites that were never crashed before, or never after, their effect."""
        return sorted(
            site for site in self.sites if not (self.crashes[site, CRASH_BEFORE] and self.crashes[site, CRASH_AFTER])
        )

    def figures(self, seconds: float) -> dict[str, float | int]:
        """Flat, for build/simulate.json."""
        kinds = Counter(kind for _, kind, _ in self.failed)
        gaps, known = sorted(self.gaps), sorted(self.known)
        return {
            "schedules": self.schedules,
            "violations": len(self.failed),
            "bad_schedules": self.bad_schedules,
            **{kind: kinds[kind] for kind in checker.KINDS},
            "schedules_per_s": round(self.schedules / seconds, 1),
            "seconds": round(seconds, 1),
            "orders": self.orders,
            "port_calls": self.calls,
            "port_calls_per_schedule": round(self.calls / max(self.schedules, 1), 1),
            "fewest_port_calls": self.fewest_calls,
            "crashes": self.crashed,
            "crashes_per_schedule": round(self.crashed / max(self.schedules, 1), 1),
            "call_sites": len(self.sites),
            "call_sites_not_crashed_both_ways": len(self.uncrashed()),
            "schedules_aimed_at_a_site": self.aimed,
            "dead_letters": self.dead_letters,
            **_spread("to_known", known),
            **_spread("to_erp", gaps),
        }


def _spread(name: str, sorted_s: list[float]) -> dict[str, float]:
    return {f"{name}_{text}_s": _quantile(sorted_s, share) for text, share in (("p50", 0.5), ("p99", 0.99), ("max", 1))}


def _quantile(values: list[float], share: float) -> float:
    """Of sorted values."""
    return round(values[min(len(values) - 1, int(share * len(values)))], 1) if values else 0.0


def _every_site(world: World) -> None:
    """Also the port calls that nothing happens to are counted, in this schedule."""
    world.calls.every_site = True


def _chunk(job: tuple[str, int, int]) -> Totals:
    scenario, first, count = job
    totals = Totals()
    with rare_collections() as collect:
        for seed in range(first, first + count):
            totals.add(schedule(seed, SCENARIOS[scenario], _every_site if seed % _SAMPLED == 0 else None))
            collect()
    return totals


@contextmanager
def rare_collections() -> Iterator[Callable[[], None]]:
    """Garbage is collected now and then, and what was there before is not looked at: it stays anyway."""
    gc.disable()
    gc.freeze()
    played = itertools.count(1)
    try:
        yield lambda: next(played) % _UNCOLLECTED == 0 and gc.collect() and None
    finally:
        gc.unfreeze()
        gc.enable()


def run(
    schedules: int, seed: int, *, workers: int = 2, scenario: str = "standard", show: TextIO | None = None
) -> tuple[Totals, float]:
    """Schedules seed … seed + schedules - 1; the totals, and the seconds they took."""
    jobs = [(scenario, first, min(CHUNK, seed + schedules - first)) for first in range(seed, seed + schedules, CHUNK)]
    totals, started = Totals(), time.monotonic()
    for done in in_parallel(_chunk, jobs, workers):
        totals.merge(done)
        if show is not None and show.isatty():
            show.write("\r" + _progress(totals, schedules, time.monotonic() - started))
            show.flush()
    if show is not None and show.isatty():
        show.write("\n")
    seconds = time.monotonic() - started
    _aim(totals, scenario)
    totals.failed.sort()
    return totals, seconds


def _aim(totals: Totals, scenario: str) -> None:
    """Where chance brought no crash before or after the effect, one is brought, in a schedule that comes by there."""
    for site, fate in [(site, fate) for site in totals.uncrashed() for fate in (CRASH_BEFORE, CRASH_AFTER)]:
        if not totals.crashes[site, fate]:
            outcome = schedule(totals.seen[site], SCENARIOS[scenario], partial(_aimed, (site, fate)))
            totals.crashes.update(outcome.world.calls.crashes)
            totals.failed += [
                (outcome.seed, kind, f"{what} (aimed: fate {fate} at {site}; not shown again by its seed alone)")
                for kind, what in outcome.violations
            ]
            totals.aimed += 1


def _aimed(aim: tuple[str, int], world: World) -> None:
    world.calls.every_site = True
    world.calls.aim = aim


def in_parallel(work, jobs: Iterable, workers: int) -> Iterator:
    """In this process when one worker is enough."""
    if workers <= 1:
        yield from map(work, jobs)
        return
    with get_context("fork").Pool(workers) as pool:
        yield from pool.imap_unordered(work, jobs)


def _progress(totals: Totals, of: int, seconds: float) -> str:
    rate = totals.schedules / max(seconds, 0.001)
    left = (of - totals.schedules) / max(rate, 0.001)
    bar = "█" * round(24 * totals.schedules / of)
    return (
        f"{bar:░<24} {totals.schedules:,}/{of:,}  {rate:.1f}/s  {left:.0f} s left  {totals.crashed:,} crashes  "
        f"{len(totals.failed)} violations "
    )


def usual_workers() -> int:
    return min(2, os.cpu_count() or 1)
