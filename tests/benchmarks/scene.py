"""A world for measuring: the product's own functions on a virtual clock, nothing failing, everything counted.

It is the world of the simulation in still weather: latencies as measured, Amazon's buckets as documented, a search
that lags by two minutes, queues with their concurrency.
"""

from __future__ import annotations

import statistics
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from bridge.domain.ids import EU, Seller, SellerId
from tests.simulation.orders import UNSHIPPED, Order, stamp
from tests.simulation.weather import STILL, Weather
from tests.simulation.world import World

DAY = 86_400.0
SELLER = Seller(EU, SellerId("A1ONE"))
AT_ONCE = {"inbox": 10, "lines": 5}
"""Queue → how many invocations at once, where it is more than two, as in infra (a test compares them)."""


@dataclass
class Counted:
    """What Amazon was asked, and how often it answered 429."""

    calls: list[tuple[float, str]] = field(default_factory=list)
    refused: int = 0

    def until(self, second: float) -> int:
        return sum(1 for at, _ in self.calls if at <= second)

    def of(self, operation: str) -> int:
        return sum(1 for _, name in self.calls if name == operation)


class Scene:
    """`stored` and `handed`: partition of an order → second."""

    def __init__(self, sellers: Sequence[Seller] = (SELLER,), *, seed: int = 1, erp_at_once: int = 2) -> None:
        self.rng = Random(seed)  # noqa: S311 - a world, no secret
        self.world = World(Weather(seed, STILL), sellers, thorough=True)
        for name, queue in self.world.queues.items():
            queue.concurrency = {**AT_ONCE, "erp": erp_at_once}.get(name, queue.concurrency)
        self.counted = Counted()
        self.stored: dict[str, float] = {}
        self.handed: dict[str, float] = {}
        self.orders: dict[str, Order] = {}
        self._watch()

    def _watch(self) -> None:
        amazon, hub = self.world.amazon, self.world.hub
        granted, amazon.exact = amazon.granted, True

        def counting(seller: Seller, operation: str) -> bool:
            answer = granted(seller, operation)
            self.counted.calls.append((hub.now, operation))
            self.counted.refused += not answer
            return answer

        def made(doc: Any) -> None:
            key = doc.key
            self.handed.setdefault(f"T#{key.region}#{key.seller_id}#O#{key.order_id}", hub.now)

        amazon.granted = counting  # type: ignore[method-assign]
        self.world.items.on_head = self._on_head
        self.world.erp.watch = made

    def _on_head(self, head: dict[str, Any]) -> None:
        if head["v"]:
            self.stored.setdefault(head["pk"], self.world.hub.now)

    def place(self, number: int, *, changed: float, by_merchant: bool = True, seller: Seller = SELLER) -> Order:
        """An order that changed at that second; Amazon's search shows it two minutes later."""
        order = Order(seller, f"305-{number:07d}-0000001", changed - 60, {f"{number}": 1}, by_merchant)
        order.status, order.paid, order.deadline = UNSHIPPED, changed, self.rng.uniform(0.5, 3) * DAY
        order.updated = round(changed + number * 1e-3, 3)
        amazon = self.world.amazon
        amazon.orders[seller, order.order_id] = order
        amazon.of_seller.setdefault(seller, []).append(order)
        text = stamp(order.updated).replace("Z", "000Z")
        order.history.append((order.updated + 120, order.updated, order.shown(), text))
        self.orders[order.partition] = order
        return order

    def tell(self, order: Order, at: float) -> None:
        """Amazon notifies of the order, and the queue has it within a minute."""
        self.world.hub.at(at, lambda: self.world.amazon.notify(order, "OrderStatusChange"))

    def run_until(self, over: Callable[[], bool], latest: float, step: float = 10.0) -> None:
        hub = self.world.hub
        while hub.now < latest and not over():
            hub.run(hub.now + step)
        assert over(), f"not over by second {latest:.0f}"

    def stored_s(self) -> float:
        """When the last order's state was known."""
        return max(self.stored.values())

    def handed_s(self) -> float:
        return max(self.handed.values())

    def out_of_turn(self, after: float = 0.0) -> float:
        """Share of all pairs of hand-overs after that second whose later ship-by date went first; 0.5 is chance."""
        seen: list[float] = []
        wrong = 0
        for name, at in sorted(self.handed.items(), key=_when):
            if at > after:
                deadline = self.orders[name].deadline
                wrong += len(seen) - bisect_right(seen, deadline)
                insort(seen, deadline)
        return wrong / max(len(seen) * (len(seen) - 1) / 2, 1)


def _when(entry: tuple[str, float]) -> float:
    return entry[1]


def backlog(count: int, *, age: float, by_merchant: bool = True) -> Scene:
    """So many notifications at once, of orders that changed `age` seconds ago."""
    scene = Scene()
    for number in range(count):
        scene.tell(scene.place(number, changed=-age, by_merchant=by_merchant), at=0.0)
    return scene


def percentile(values: Iterable[float], share: float) -> float:
    return statistics.quantiles(list(values), n=1000, method="inclusive")[round(share * 1000) - 1]
