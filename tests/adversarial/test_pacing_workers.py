"""However many workers, however they come, stall and forget: Amazon never counts more than rate and burst."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.errors import Throttled
from bridge.domain.pacing import User
from bridge.spapi.operation import Operation, Shared
from bridge.spapi.orders_2026_01_01 import GET_ORDER, SEARCH_ORDERS
from bridge.spapi.orders_v0 import CONFIRM_SHIPMENT
from bridge.spapi.pacing import Pacer
from bridge.stores.quota import Quota
from tests.adversarial.pacing_workers import Caller, Weather, World, excess, sellers
from tests.fakes.table import MemoryTable
from tests.fakes.world import SELLER, START, TestClock

APPLICATION = Shared("busy", rate=6, burst=5)
SPECIAL = Shared("busy.special", rate=1, burst=1)
BUSY = Operation("busy", "GET", "/", rate=5, burst=5, shared=(APPLICATION,))
PREVIEW = Operation("busy", "GET", "/", rate=5, burst=5, shared=(SPECIAL, APPLICATION))
ONE = Operation("one", "GET", "/", rate=1, burst=1)
SELDOM = Operation("seldom", "GET", "/", rate=1 / 30, burst=1)
OPERATIONS = (GET_ORDER, CONFIRM_SHIPMENT, SEARCH_ORDERS, BUSY, PREVIEW, ONE, SELDOM)
TICK = 0.05
"""Everybody comes at a multiple of it: many at the same moment."""


def crowd(world: World, operations: tuple[Operation, ...], count: int, seconds: float, load: float) -> None:
    """Callers at `load` times the rate on average, many at once, with quiet times between."""
    chance = world.chance
    for seller, operation in product(sellers(count), operations):
        left = load * (operation.rate * seconds + operation.burst)
        while left > 0:
            at, together = chance.uniform(0, seconds), chance.choice([1, 1, 1, operation.burst, 2 * operation.burst])
            at = round(at / TICK) * TICK
            if chance.random() < 0.5:
                world.arrive_together(at, [Caller(seller, operation, at) for _ in range(together)])
            for _ in range(together):
                user = chance.choice([User.LIVE, User.LIVE, User.LIVE, User.SWEEP])
                world.arrive(at, Caller(seller, operation, at, user))
            left -= 1.5 * together


WEATHERS = st.builds(
    Weather,
    workers=st.sampled_from([1, 2, 5, 40, 300]),
    late=st.sampled_from([0, 20, 100]),
    lost=st.sampled_from([0, 5]),
    forget=st.sampled_from([0, 5, 100]),
    skew=st.sampled_from([0.0, 0.0, 0.0, 0.3, 2.5]),
    seed=st.integers(0, 10**6),
)
SOME = st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=3, unique=True)


def play(weather: Weather, operations: tuple[Operation, ...], count: int, load: float, seconds: float = 60) -> World:
    world = World(weather)
    crowd(world, operations, count, seconds, load)
    world.hub.run(seconds * 3)
    assert not world.too_many(), world.too_many()
    assert any(caller.called >= 0 for caller in world.callers)
    return world


@settings(max_examples=25)
@given(WEATHERS, SOME, st.integers(1, 3), st.sampled_from([0.5, 1.5]))
def test_never_above_rate_and_burst(weather: Weather, operations: list[Operation], count: int, load: float) -> None:
    play(weather, tuple(operations), count, load)


@pytest.mark.thorough
@settings(max_examples=60)
@given(WEATHERS, SOME, st.integers(1, 3), st.sampled_from([0.5, 1.5]))
def test_never_above_rate_and_burst_more(
    weather: Weather, operations: list[Operation], count: int, load: float
) -> None:
    play(weather, tuple(operations), count, load)


@pytest.mark.thorough
def test_a_thousand_workers() -> None:
    world = World(Weather(workers=1000, late=10, lost=2, forget=1))
    crowd(world, OPERATIONS, 3, 200, 1.2)
    world.hub.run(500)
    assert not world.too_many(), world.too_many()
    assert sum(caller.called >= 0 for caller in world.callers) > 3000


@pytest.mark.parametrize("pause", [1, 7, 45])
@pytest.mark.parametrize("operation", [GET_ORDER, CONFIRM_SHIPMENT, BUSY, ONE, SELDOM], ids=lambda one: str(one.name))
def test_slots_that_are_kept_as_long_as_can_be_while_others_take_all(operation: Operation, pause: int) -> None:
    clock, kept, made = TestClock(), list[datetime](), list[float]()
    pacer = Pacer(Quota(MemoryTable()), clock)
    for step in range(2000):
        before, now = len(made), clock.now()
        clock.time += timedelta(seconds=TICK)
        last = [slot for slot in kept if pacer._void(slot, operation, SELLER)]
        clock.time = now
        made += [(now - START).total_seconds() for slot in last if not pacer._void(slot, operation, SELLER)]
        kept = [slot for slot in kept if slot not in last]
        with suppress(Throttled):
            while len(made) > before and (others := pacer.reserve(operation, SELLER, User.SWEEP))[0] <= now:
                made += [(now - START).total_seconds() for _ in others]
        if step % round(pause / TICK) == 0:
            with suppress(Throttled):
                kept += pacer.reserve(operation, SELLER, User.LINE, max(operation.burst - 1, 1))
        clock.sleep(TICK)
    assert not excess(made, operation.rate, operation.burst)
    assert len(made) > 2


HALF_AN_HOUR = 1800.0


@pytest.mark.parametrize(
    ("operation", "rate"),
    [(GET_ORDER, 0.5), (CONFIRM_SHIPMENT, 2), (ONE, 0.8), pytest.param(BUSY, 5, marks=pytest.mark.thorough)],
    ids=lambda value: str(getattr(value, "name", "")),
)
def test_nobody_starves(operation: Operation, rate: float) -> None:
    """Half an hour of live work at one and a half times what Amazon grants; then it ends."""
    world = World(Weather(workers=10))
    [seller] = sellers(1)
    for number in range(round(1.5 * rate * HALF_AN_HOUR)):
        came = number / (1.5 * rate)
        world.arrive(came, Caller(seller, operation, came))
    world.hub.run(HALF_AN_HOUR)
    called = [caller for caller in world.callers if caller.called >= 0]
    assert world.seats[operation.name] >= 0.1 * rate * HALF_AN_HOUR
    assert len(called) >= 0.9 * rate * HALF_AN_HOUR
    world.hub.run(2.5 * HALF_AN_HOUR)
    assert all(caller.called >= 0 for caller in world.callers)
    assert not world.too_many()
