"""One order's life, again and again, with one fault (or two) at every one of its port calls."""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.simulation import checker
from tests.simulation.campaign import in_parallel, usual_workers
from tests.simulation.orders import Order
from tests.simulation.play import settle
from tests.simulation.story import HOUR, Story
from tests.simulation.weather import CRASH_AFTER, CRASH_BEFORE, FATES, FAULT, LATE, LOST, SLOW, Plan
from tests.simulation.world import ONE_SELLER, World

# Fate, and where between its earliest and its latest moment the effect lands (or the answer comes).
SINGLES: tuple[tuple[int, float], ...] = (
    (CRASH_BEFORE, 0.5),
    (CRASH_AFTER, 0.02),
    (CRASH_AFTER, 0.99),
    (FAULT, 0.5),
    (LOST, 0.5),
    (LATE, 0.02),
    (LATE, 0.99),
    (SLOW, 0.05),
    (SLOW, 0.99),
)
IN_PAIRS = ((CRASH_BEFORE, 0.5), (CRASH_AFTER, 0.99), (FAULT, 0.5), (LATE, 0.99))
FIRST = 60
LIVES: Mapping[str, tuple[str, int]] = {
    "split parcels, corrected tracking numbers": ("plain", 11),
    "cancelled while it is handed over": ("cancelled at hand-over", 10),
    "the buyer asks to cancel, and gets the parcels": ("buyer asks", 0),
    "the buyer asks to cancel, and the seller does": ("buyer asks", 15),
}
"""Name → what happens to the order, and the seed of its people's decisions."""


@dataclass
class Life:
    """`steps` is the number of port calls without any fault."""

    name: str
    steps: int = 0
    runs: int = 0
    failed: list[str] = field(default_factory=list)


def live(name: str, plan: Mapping[int, tuple[int, float]]) -> tuple[World, list[checker.Violation]]:
    """The life once, under the plan."""
    fate, seed = LIVES[name]
    world = World(Plan(plan), ONE_SELLER)
    story = Story(world, seed)
    order = Order(ONE_SELLER[0], "305-0000001-0000001", 5.0, {"item1": 2, "item2": 1}, by_merchant=True)
    story.fates[order.seller.region, order.seller.seller_id, order.order_id] = fate
    world.hub.at(5.0, lambda: story.place(order, fate))
    world.hub.run(HOUR / 2)
    return world, settle(world, story, 4 * HOUR)


@dataclass(frozen=True, slots=True)
class End:
    """What became of the order of a life without faults."""

    status: str
    packages: int
    corrected: bool
    held: bool
    document: str


def ending(name: str) -> End:
    world, found = live(name, {})
    assert not found, found
    (order,) = world.amazon.orders.values()
    ((doc,),) = world.erp.docs.values()
    trackings = [numbers for delivery in world.erp.deliveries.values() for numbers in delivery.trackings.values()]
    corrected = any(len(numbers) > 1 for numbers in trackings)
    return End(order.status, len(order.packages), corrected, bool(doc.reasons), doc.state)


def singles(name: str) -> Iterator[dict[int, tuple[int, float]]]:
    world, _ = live(name, {})
    for step in range(world.weather.calls):
        for fault in SINGLES:
            yield {step: fault}


def pairs(name: str) -> Iterator[dict[int, tuple[int, float]]]:
    world, _ = live(name, {})
    for one, other in itertools.combinations(range(min(FIRST, world.weather.calls)), 2):
        for first, second in itertools.product(IN_PAIRS, repeat=2):
            yield {one: first, other: second}


def _batch(job: tuple[str, list[dict[int, tuple[int, float]]]]) -> Life:
    name, plans = job
    life = Life(name)
    for plan in plans:
        life.runs += 1
        _, found = live(name, plan)
        if found:
            faults = ", ".join(f"{FATES[fate]} ({delay}) at call {step}" for step, (fate, delay) in plan.items())
            life.failed.append(f"{faults}: {found[0][0]}: {found[0][1]}")
    return life


def run(*, with_pairs: bool, workers: int = 2) -> tuple[list[Life], float]:
    """Every life with all single faults, or with all pairs over its first port calls; and the seconds it took."""
    started = time.monotonic()
    lives = {name: Life(name, steps=live(name, {})[0].weather.calls) for name in LIVES}
    plans = pairs if with_pairs else singles
    jobs = [(name, list(batch)) for name in LIVES for batch in _batched(plans(name), 50)]
    for number, done in enumerate(in_parallel(_batch, jobs, workers), 1):
        lives[done.name].runs += done.runs
        lives[done.name].failed += done.failed
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{number:,} of {len(jobs):,} batches of lives ")
    return list(lives.values()), time.monotonic() - started


def _batched(plans: Iterator[dict[int, tuple[int, float]]], size: int) -> Iterator[list[dict[int, tuple[int, float]]]]:
    while batch := list(itertools.islice(plans, size)):
        yield batch


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.exhaustive", description=__doc__)
    parser.add_argument("--pairs", action="store_true", help=f"two faults, over the first {FIRST} port calls")
    parser.add_argument("--workers", type=int, default=usual_workers())
    asked = parser.parse_args()
    lives, seconds = run(with_pairs=asked.pairs, workers=asked.workers)
    for life in lives:
        print(f"{life.name}: {life.steps} port calls, {life.runs:,} lives, {len(life.failed)} violations")
        for text in life.failed[:10]:
            print(f"  {text}")
    print(f"{seconds:.0f} s")
    return 1 if any(life.failed for life in lives) else 0


if __name__ == "__main__":
    sys.exit(main())
