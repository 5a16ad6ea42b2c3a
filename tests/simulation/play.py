"""One schedule: a seed becomes a world and a story, is played until nothing is left to do, and is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import Random

from bridge.spapi import orders_2026_01_01 as reads
from bridge.spapi import orders_v0 as writes
from tests.simulation import checker
from tests.simulation.scenarios import SCENARIOS, Scenario
from tests.simulation.story import HOUR, Story
from tests.simulation.weather import Weather
from tests.simulation.world import World

STORMY_UNTIL = 1.15 * HOUR
"""So long things go wrong; after that the world may settle."""
_PLACES = {
    "getOrder": (reads, "GET_ORDER"),
    "searchOrders": (reads, "SEARCH_ORDERS"),
    "confirmShipment": (writes, "CONFIRM_SHIPMENT"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    seed: int
    violations: list[checker.Violation]
    world: World
    story: Story


def schedule(
    seed: int,
    scenario: Scenario = SCENARIOS["standard"],
    prepare: Callable[[World], None] | None = None,
    *,
    lasting_h: float | None = None,
) -> Outcome:
    """`prepare` is for a transcript, or takes something away; `lasting_h` is when it is judged at the latest."""
    rng = Random(seed)
    weather = Weather(seed * 2, scenario.rates)
    sellers, limits, pace = scenario.draw(rng)
    world = World(weather, sellers, thorough=scenario.thorough, idle_s=scenario.idle_s)
    world.amazon.limits = dict(limits)
    world.amazon.whole_seconds = rng.random() < 0.25
    world.amazon.page = rng.choice((100, 2))
    story = Story(world, seed, pace)
    for act in (scenario.prepare, prepare):
        if act:
            act(world)
    story.begin(scenario.orders, scenario.span_s)
    world.hub.at(STORMY_UNTIL, weather.calm_down)
    with granted(limits):
        world.hub.run(STORMY_UNTIL)
        return Outcome(seed, settle(world, story, (lasting_h or scenario.latest_h) * HOUR), world, story)


def settle(world: World, story: Story, latest: float = 5 * HOUR) -> list[checker.Violation]:
    """Wait until all is done and right, or it is late enough to judge."""
    while world.hub.now < latest:
        world.hub.run(world.hub.now + 300)
        if not story.pending and not world.waiting and not world.unfinished() and not checker.violations(world):
            return []
    return checker.violations(world)


@contextmanager
def granted(limits: Mapping[str, tuple[float, int]]) -> Iterator[None]:
    """The product is told the same rates and bursts that Amazon grants."""
    usual = {name: getattr(module, row) for name, (module, row) in _PLACES.items()}
    for name, (module, row) in _PLACES.items():
        rate, burst = limits[name]
        setattr(module, row, replace(usual[name], rate=rate, burst=burst))
    try:
        yield
    finally:
        for name, (module, row) in _PLACES.items():
            setattr(module, row, usual[name])
