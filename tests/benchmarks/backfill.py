"""A backfill of 5,000 orders beside live ones: how long the command line says it takes, and how long it takes.

In the simulated world, on a virtual clock. One runs through; in another nothing of ours runs for an hour, every worker
loses its memory, and the rest is predicted anew.
"""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from bridge import cli
from bridge.cli.deployment import Deployment
from bridge.domain.backfill import BEFORE
from bridge.stores.sellers import Sellers
from tests.benchmarks.scene import SELLER, Scene
from tests.simulation.clock import Hub, WorkerClock, moment
from tests.simulation.orders import CANCELLED, SHIPPED, UNSHIPPED, Order, Package, stamp
from tests.unit.bridge.console import settings

DAY, HOUR, MINUTE = 86_400.0, 3_600.0, 60.0
SINCE = 50 * DAY
"""Seconds before the beginning."""
WARM = 30 * MINUTE
"""Live orders have been coming for so long when the backfill is asked for."""
LIVE_EVERY = 90.0
LOST = 0.1
"""Share of the live orders whose notification never comes: only the live search finds them."""
TO_SHIP = 0.03
"""Share of the orders of the past that are still to be shipped."""
PERIOD = 300.0
"""Between two live searches beside a backfill."""
LATEST = 7 * DAY


class Desk(Deployment):
    """The operator's machine, in the simulated world's time."""

    hub: Hub

    @property
    def clock(self) -> Any:
        return WorkerClock(self.hub)


class Backfilling:
    """`count` orders when the backfill is asked for, more that come meanwhile, and whoever asks how it goes."""

    def __init__(self, count: int, seed: int = 1, to_ship: float = TO_SHIP) -> None:
        self.count = count
        self.to_ship = to_ship
        self.scene = Scene(seed=seed)
        self.rng = Random(seed)  # noqa: S311 - chance from a seed is the point
        self.world = self.scene.world
        self.live_searches: list[float] = []
        self.pages: list[float] = []
        self.live: list[Order] = []
        self.past: list[Order] = []
        self.desk = self._desk()
        self._watch()
        self.hub.run(0.0)
        self._place_live(until=LATEST)
        self.hub.run(WARM)
        self._place_past()

    @property
    def hub(self) -> Hub:
        return self.world.hub

    def _desk(self) -> Deployment:
        told = json.dumps(settings().environment())
        desk = Desk("simulated", {"CliSettings": told}, lambda _: None)
        desk.__dict__["table"], desk.__dict__["hub"] = self.world.outside.table, self.hub
        return desk

    def _watch(self) -> None:
        search = self.world.amazon.search

        def searched(seller: Any, after: str, token: str | None, before: str = "") -> Any:
            if before:
                self.pages.append(self.hub.now)
            elif token is None:
                self.live_searches.append(self.hub.now)
            return search(seller, after, token, before)

        self.world.amazon.search = searched  # type: ignore[method-assign]

    def _place_live(self, until: float) -> None:
        def come(number: int) -> None:
            now, amazon = self.hub.now, self.world.amazon
            order = Order(SELLER, f"306-{number:07d}-0000001", now, {"1": 1}, by_merchant=True, status=UNSHIPPED)
            order.paid = now
            self.live.append(order)
            amazon.deaf = self.rng.random() < LOST
            amazon.commit(order)
            amazon.deaf = False
            if now + LIVE_EVERY < until:
                self.hub.after(LIVE_EVERY, lambda: come(number + 1))

        self.hub.after(1.0, lambda: come(0))

    def _place_past(self) -> None:
        """Most are closed; the seller was not live then, but is told to take over what is still to be shipped."""
        known = Sellers(self.world.outside.table, WorkerClock(self.hub))
        record = known.get(SELLER)
        assert record is not None
        known.put(replace(record, go_live=moment(-SINCE)))
        amazon = self.world.amazon
        within = sum(1 for order in self.live if order.updated <= self.hub.now - BEFORE.total_seconds())
        changes = sorted(self.rng.uniform(-SINCE, -HOUR) for _ in range(self.count - within))
        for number, changed in enumerate(changes):
            status = UNSHIPPED if self.rng.random() < self.to_ship else self.rng.choice((SHIPPED, SHIPPED, CANCELLED))
            order = Order(
                SELLER, f"305-{number:07d}-0000001", changed - HOUR, {"1": 1},
                by_merchant=status != CANCELLED, status=status, updated=round(changed, 3),
                packages={"1": Package("T", {"1": 1})} if status == SHIPPED else {}, deadline=self.hub.now + 2 * DAY,
            )  # fmt: skip
            text = stamp(order.updated).replace("Z", "000Z")
            order.history.append((changed + MINUTE, order.updated, order.shown(), text))
            amazon.orders[SELLER, order.order_id] = order
            amazon.of_seller.setdefault(SELLER, []).append(order)
            self.past.append(order)

    def bridge(self, *arguments: str) -> Any:
        """What `bridge backfill …` answers."""
        asked = cli._parser().parse_args(["backfill", SELLER.seller_id, *arguments, "--json"])
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            asked.run(self.desk, asked)
        return json.loads(said.getvalue())

    def ask(self) -> float:
        """The seconds that it is said to take."""
        since = datetime.isoformat(moment(-SINCE).astimezone(UTC) - timedelta(hours=1))
        said = self.bridge("--since", since, "--orders", str(self.count))
        return float(said["seconds_left"])

    @property
    def done(self) -> bool:
        found = self.desk.backfills.get(SELLER)
        return bool(found and found.outcome)

    def run_until_done(self) -> float:
        """The second of its last page."""
        self.scene.run_until(lambda: self.done, LATEST)
        if not self.done:
            msg = f"the backfill was not done after {LATEST:.0f} s"
            raise RuntimeError(msg)
        return self.pages[-1]

    def outage(self, seconds: float) -> None:
        """Nothing of ours runs, and no worker remembers anything afterwards."""
        self.world.stop(self.hub.now, self.hub.now + seconds)
        self.hub.run(self.hub.now + seconds)
        functions = [*self.world.sweeps.values(), *(queue.function for queue in self.world.queues.values())]
        for function in functions:
            function._warm.clear()  # type: ignore[union-attr]

    def live_delay(self, since: float, until: float) -> float:
        """Seconds that a live search came later than its period, at most."""
        searches = [at for at in self.live_searches if since - PERIOD <= at <= until]
        return max(later - one - PERIOD for one, later in pairwise(searches))

    def missing(self) -> list[str]:
        """Orders that the bridge does not know although it should."""
        known = [*self.past, *(order for order in self.live if order.updated < self.hub.now - 2 * PERIOD)]
        return [order.order_id for order in known if order.partition not in self.scene.stored]


def through(count: int, to_ship: float = TO_SHIP) -> tuple[Backfilling, float, float]:
    """Predicted and actual seconds of one that nothing interrupts."""
    one = Backfilling(count, to_ship=to_ship)
    asked, predicted = one.hub.now, one.ask()
    return one, predicted, one.run_until_done() - asked


def interrupted(count: int, outage: float) -> tuple[Backfilling, float, float]:
    """Predicted and actual seconds of what is left after an outage, a third on the way."""
    one = Backfilling(count)
    one.hub.run(one.hub.now + one.ask() / 3)
    one.outage(outage)
    back, predicted = one.hub.now, float(one.bridge()["seconds_left"])
    return one, predicted, one.run_until_done() - back


def share(predicted: float, actual: float) -> float:
    return abs(predicted - actual) / actual


def figures(count: int = 5_000) -> dict[str, float]:
    """Seconds, calls and shares."""
    one, predicted, actual = through(count)
    began = one.hub.now - actual
    two, again, rest = interrupted(count, outage=HOUR)
    missing = [*one.missing(), *two.missing()]
    if missing:
        msg = f"orders that were never read: {missing[:5]}"
        raise RuntimeError(msg)
    return {
        f"backfill_{count}_predicted_s": predicted,
        f"backfill_{count}_actual_s": actual,
        f"backfill_{count}_resumed_predicted_s": again,
        f"backfill_{count}_resumed_actual_s": rest,
        f"backfill_{count}_error_share": max(share(predicted, actual), share(again, rest)),
        "backfill_http_429": float(one.scene.counted.refused + two.scene.counted.refused),
        "backfill_live_search_delay_max_s": one.live_delay(began, one.hub.now),
    }


if __name__ == "__main__":
    import sys

    for name, figure in figures(*map(int, sys.argv[1:2])).items():
        sys.stdout.write(f"{name:40}{figure:>12.3f}\n")
    for to_ship in map(float, sys.argv[2:]):
        _, predicted, actual = through(int(sys.argv[1]), to_ship)
        sys.stdout.write(f"{to_ship:.0%} to be shipped: predicted {predicted:.0f} s, actual {actual:.0f} s\n")
