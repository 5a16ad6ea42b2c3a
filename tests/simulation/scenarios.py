"""Kinds of schedule: the weather, what is done to the world before it starts, and what goes on in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from bridge.domain.ids import Seller
from tests.simulation.amazon import LIMITS
from tests.simulation.story import BUSY, QUIET, Pace
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
    tight: float = 0.1
    latest_h: float = 5.0
    thorough: bool = False
    """Every sweep is run, also those that would find nothing."""
    idle_s: float = 180.0
    """Between two searches while their quota is unused."""
    busy: float = 0.0
    """Share of schedules in which every order is paid and shipped within the hour; in the others few are."""
    orders: int = 6
    span_s: float = 0.0
    """Within so long they come; 0: the seed says whether in a rush or one by one."""

    def draw(self, rng: Random) -> tuple[Sequence[Seller], Limits, Pace]:
        sellers = rng.choices((ONE_SELLER, TWO_SELLERS, TWINS), (8, 1, 1))[0]
        limits = TIGHT if rng.random() < self.tight else LIMITS
        return sellers, limits, BUSY if rng.random() < self.busy else QUIET


def _deaf(world: World) -> None:
    """Amazon's notifications never come."""
    world.amazon.deaf = True


def _login_outage(world: World) -> None:
    world.hub.at(900, lambda: setattr(world.outside.web, "down", True))
    world.hub.at(2700, lambda: setattr(world.outside.web, "down", False))


def _erp_outage(world: World) -> None:
    world.hub.at(900, lambda: setattr(world.erp, "down", True))
    world.hub.at(2700, lambda: setattr(world.erp, "down", False))


def _stop(world: World) -> None:
    """Everything of ours stands still for twenty days; messages are older than any queue keeps them."""
    world.stop(1800, 1800 + 20 * 86_400)


def _revoked(world: World) -> None:
    world.revoke(world.sellers[0], 600, 2400)


def _slow_look(world: World) -> None:
    """What the ERP created is found 45 s later at the earliest."""
    world.erp.find_lag = 45.0


def _restored(world: World) -> None:
    """Ten minutes are lost, and twenty pass until everything runs again."""
    world.restore(900, 1500, 2700)


_CALM = replace(STILL, index_lag=3.0)
SCENARIOS: dict[str, Scenario] = {
    "standard": Scenario(),
    "busy": Scenario(busy=1.0),
    "storm": Scenario(STORM),
    "few calls": Scenario(tight=1.0, busy=1.0),
    "rush": Scenario(tight=1.0, busy=1.0, orders=30, span_s=60.0),
    "half lost": Scenario(replace(STANDARD, notification_lost=0.5), busy=1.0),
    "all lost": Scenario(_CALM, _deaf, tight=0.0, busy=1.0, thorough=True),
    "all lost, every 300 s": Scenario(_CALM, _deaf, tight=0.0, busy=1.0, thorough=True, idle_s=300.0),
    "all lost, and all other faults": Scenario(
        replace(STANDARD, sweep_missed=0.0), _deaf, tight=0.0, busy=1.0, thorough=True
    ),
    "login outage": Scenario(STANDARD, _login_outage, busy=1.0),
    "erp outage": Scenario(STANDARD, _erp_outage, busy=1.0),
    "look-up lag": Scenario(STANDARD, _slow_look, busy=1.0),
    "consent revoked": Scenario(STANDARD, _revoked, busy=1.0),
    "restored": Scenario(STANDARD, _restored, busy=1.0, tight=0.0),
    "twenty days": Scenario(STANDARD, _stop, busy=1.0, tight=0.0, latest_h=490.0),
}
