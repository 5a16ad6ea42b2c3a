"""Amazon's quota under load: the product's own functions and two usual ways, in the same world, on a virtual clock.

The world is the simulation's, in still weather: latencies as measured, Amazon's buckets as documented, an index that
lags, queues with their concurrency.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from bridge.domain.ids import EU, Seller, SellerId
from tests.simulation.orders import UNSHIPPED, Order, stamp
from tests.simulation.weather import STILL, Rates, Weather
from tests.simulation.world import World

DAY = 86_400.0
SELLER = Seller(EU, SellerId("A1ONE"))
MORE_AT_ONCE = {"inbox": 10, "lines": 5}
"""Queue → how many invocations at once, where it is more than two, as in infra."""


@dataclass
class Counted:
    """What Amazon was asked, and what it answered 429."""

    calls: list[tuple[float, str]] = field(default_factory=list)
    refused: int = 0

    def until(self, second: float) -> int:
        return sum(1 for at, _ in self.calls if at <= second)

    def of(self, operation: str) -> int:
        return sum(1 for _, name in self.calls if name == operation)


class Scene:
    """A world of sellers, in which orders were placed before anything of ours heard of them."""

    def __init__(self, sellers: Sequence[Seller] = (SELLER,), seed: int = 1, erp_at_once: int = 2) -> None:
        self.rng = Random(seed)
        self.world = World(
            Weather(seed, Rates(**{**STILL.__dict__, "index_lag": 1.0}) if False else STILL), sellers, thorough=True
        )
        for name, queue in self.world.queues.items():
            queue.concurrency = {**MORE_AT_ONCE, "erp": erp_at_once}.get(name, 2)
        self.counted = Counted()
        self.stored: dict[str, float] = {}
        self.handed: dict[str, float] = {}
        self.orders: dict[str, Order] = {}
        self._watch()

    def _watch(self) -> None:
        amazon, hub = self.world.amazon, self.world.hub
        granted = amazon.granted
        amazon.exact = True

        def counting(seller: Seller, operation: str) -> bool:
            answer = granted(seller, operation)
            self.counted.calls.append((hub.now, operation))
            self.counted.refused += not answer
            return answer

        amazon.granted = counting  # type: ignore[method-assign]
        self.world.items.on_head = self._on_head
        get = amazon.get_order
        self.wasted = []

        def getting(seller, order_id, **k):
            if f"T#eu#A1ONE#O#{order_id}" in self.stored:
                self.wasted.append((round(hub.now), order_id))
            return get(seller, order_id, **k)

        amazon.get_order = getting
        self.world.erp.watch = lambda doc: self.handed.setdefault(f"{doc.key}", hub.now)

    def _on_head(self, head: dict[str, Any]) -> None:
        if head["v"] and head["pk"] not in self.stored:
            self.stored[head["pk"]] = self.world.hub.now

    def place(self, number: int, *, changed: float, by_merchant: bool, seller: Seller = SELLER) -> Order:
        """An order that changed at that second; Amazon's search shows it two minutes later."""
        deadline = self.rng.uniform(0.5, 3) * DAY
        order = Order(
            seller, f"305-{number:07d}-0000001", changed - 60, {f"{number}": 1}, by_merchant,
            status=UNSHIPPED, paid=changed, deadline=deadline,
        )  # fmt: skip
        order.updated = round(changed + number * 1e-3, 3)
        amazon = self.world.amazon
        amazon.orders[seller, order.order_id] = order
        amazon.of_seller.setdefault(seller, []).append(order)
        text = stamp(order.updated).replace("Z", "000Z")
        order.history.append((order.updated + 120, order.updated, order.shown(), text))
        self.orders[order.partition] = order
        return order

    def notify(self, order: Order, at: float) -> None:
        self.world.hub.at(at, lambda: self.world.amazon._notify(order, "OrderStatusChange"))

    def run_until(self, over: Callable[[], bool], latest: float, step: float = 10.0) -> None:
        hub = self.world.hub
        while hub.now < latest and not over():
            hub.run(hub.now + step)

    @property
    def stored_last(self) -> float:
        return max(self.stored.values())


def backlog(count: int, *, age: float, by_merchant: bool = True, seed: int = 1) -> Scene:
    """So many notifications at once, of orders that changed `age` seconds ago."""
    scene = Scene(seed=seed)
    for number in range(count):
        scene.notify(scene.place(number, changed=-age, by_merchant=by_merchant), at=0.0)
    return scene


if __name__ == "__main__":
    import sys
    import time

    which = sys.argv[1]
    began = time.time()
    if which == "backlog":
        n = int(sys.argv[2])
        age = float(sys.argv[3])
        merchant = sys.argv[4] == "m"
        scene = backlog(n, age=age, by_merchant=merchant)
        scene.run_until(lambda: len(scene.stored) == n, 30_000)
        print(
            "stored",
            len(scene.stored),
            scene.stored_last,
            "calls",
            scene.counted.until(scene.stored_last),
            Counter(name for _, name in scene.counted.calls),
            "429",
            scene.counted.refused,
        )
        print(
            [
                sum(1 for v in scene.stored.values() if v <= t)
                for t in (5, 10, 20, 30, 40, 60, 90, 120, 150, 200, 1000, 2000, 4000, 6000)
            ]
        )
        if merchant:
            scene.run_until(lambda: len(scene.handed) == n, 30_000)
            print("handed", len(scene.handed), max(scene.handed.values()), "429", scene.counted.refused)
            seq = [
                scene.orders["T#eu#A1ONE#O#" + k.split()[-1].split("/")[-1]].deadline if False else k
                for k, _ in sorted(scene.handed.items(), key=lambda e: e[1])
            ]
            print(seq[:2])
        print("signals", scene.world.signals.counts, "failed", scene.world.strands_failed[:3])
        print([round(at) for at, n in scene.counted.calls if n == "searchOrders"][:25])
        print("wasted", len(scene.wasted), scene.wasted[:: max(1, len(scene.wasted) // 40)])
        print("took", time.time() - began)
