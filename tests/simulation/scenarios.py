"""Kinds of schedule: the weather, what is done to the world before it starts, and what goes on in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from bridge.domain.ids import Seller
from tests.simulation.amazon import LIMITS
from tests.simulation.weather import STANDARD, STILL, STORM, Rates
from tests.simulation.world import ONE_SELLER, TWINS, TWO_SELLERS, World

Limits = Mapping[str, tuple[float, int]]
TIGHT: Limits = {"getOrder": (0.05, 4), "searchOrders": (0.0056, 6), "confirmShipment": (0.05, 4)}
"""A plan under which six orders are a rush."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """`prepare` is called before anything happens; `tight` is the share of schedules with few calls granted."""

    rates: Rates = STANDARD
    prepare: Callable[[World], None] | None = None
    tight: float = 0.15
    latest_h: float = 5.0

    def draw(self, rng: Random) -> tuple[Sequence[Seller], Limits]:
        sellers = rng.choices((ONE_SELLER, TWO_SELLERS, TWINS), (7, 2, 1))[0]
        return sellers, TIGHT if rng.random() < self.tight else LIMITS


def _deaf(world: World) -> None:
    """Amazon's notifications never come."""
    world.amazon.deaf = True


def _login_outage(world: World) -> None:
    world.hub.at(900, lambda: setattr(world, "login_down", True))
    world.hub.at(2700, lambda: setattr(world, "login_down", False))


def _erp_outage(world: World) -> None:
    world.hub.at(900, lambda: setattr(world.erp, "down", True))
    world.hub.at(2700, lambda: setattr(world.erp, "down", False))


def _stop(world: World) -> None:
    """Everything of ours stands still for twenty days; messages are older than any queue keeps them."""
    world.stop(1800, 1800 + 20 * 86_400)


SCENARIOS: dict[str, Scenario] = {
    "standard": Scenario(),
    "storm": Scenario(STORM),
    "few calls": Scenario(tight=1.0),
    "half lost": Scenario(replace(STANDARD, notification_lost=0.5)),
    "all lost": Scenario(replace(STILL, index_lag=3.0), _deaf, tight=0.0),
    "all lost, and all other faults": Scenario(STANDARD, _deaf, tight=0.0),
    "login outage": Scenario(STANDARD, _login_outage),
    "erp outage": Scenario(STANDARD, _erp_outage),
    "twenty days": Scenario(STANDARD, _stop, tight=0.0, latest_h=490.0),
}
