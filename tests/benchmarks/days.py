"""A day in virtual time: what an order costs Amazon's quota, and what an ERP that is down for a day leaves behind."""

from __future__ import annotations

from unittest.mock import patch

from bridge.domain import lines, pacing
from tests.benchmarks.scene import DAY, SELLER, Scene, percentile
from tests.simulation import story
from tests.simulation.orders import Order
from tests.simulation.story import BUSY, Story

USUAL = {
    "plain": 88,
    "fba": 4,
    "cancelled while pending": 2,
    "cancelled soon": 2,
    "cancelled at hand-over": 1,
    "cancelled later": 1,
    "buyer asks": 2,
}
"""Our guess at a usual day, in percent; `…_harsh` is the simulation's own mix, 40 % of it trouble."""


SLOW = (7.0, 9.0)
_AT_ONCE = 2


class Spread(Story):
    """Orders over the whole day, each with a life of its own: unpaid at first, cancelled, shipped in parcels."""

    def begin(self, orders: int) -> None:
        for number in range(orders):
            order_id = f"305-{number:07d}-0000001"
            self._later(self._within(0, DAY), lambda order_id=order_id: self._place(SELLER, order_id))


def usual_day(orders: int = 3000) -> dict[str, float]:
    harsh = _day(orders // 3)
    with patch.dict(story.FATES, USUAL, clear=True):
        return _day(orders) | {"order_reads_per_order_harsh": harsh["order_reads_per_order"]}


def _day(orders: int) -> dict[str, float]:
    scene = Scene()
    lives = Spread(scene.world, seed=1, pace=BUSY)
    scene.world.items.on_head = None
    lives.begin(orders)
    scene.world.hub.run(DAY + 7200)
    reads = scene.counted.of("getOrder")
    return {
        "day_orders": float(orders),
        "order_reads_per_order": reads / orders,
        "day_searches": float(scene.counted.of("searchOrders")),
        "day_handed_p50_s": percentile(lives.gaps, 0.5),
        "day_handed_p99_s": percentile(lives.gaps, 0.99),
        "day_http_429": float(scene.counted.refused),
    }


def erp_down(orders: int = 3000, down: float = DAY) -> dict[str, float]:
    """Orders keep coming while the ERP is down for a day."""
    scene = Scene(erp_at_once=10)
    erp, hub = scene.world.erp, scene.world.hub
    erp.down = True
    hub.at(down, lambda: setattr(erp, "down", False))
    for number in range(orders):
        at = scene.rng.uniform(0, down - 600)
        scene.tell(scene.place(number, changed=at), at=at)
    hub.run(down)
    reads, kept = scene.counted.of("getOrder"), len(scene.world.unfinished())
    scene.run_until(lambda: len(scene.handed) == orders, down + 6 * 3600)
    documents = sum(len(found) for found in erp.docs.values())
    dead = sum(len(queue.dead) for queue in scene.world.queues.values())
    return {
        "erp_down_24h_orders": float(orders),
        "erp_down_24h_kept_in_table": float(kept),
        "erp_down_24h_reads_meanwhile": float(reads),
        "erp_down_24h_lost": float(orders - len(scene.handed)),
        "erp_down_24h_duplicates": float(documents - len(scene.handed)),
        "erp_down_24h_dead_letters": float(dead),
        "erp_down_24h_first_handed_after_s": min(scene.handed.values()) - down,
        "erp_down_24h_all_handed_after_s": scene.handed_s() - down,
        "erp_down_24h_handed_out_of_turn_share": scene.out_of_turn(after=down + pacing.HORIZON.total_seconds()),
        "erp_down_24h_http_429": float(scene.counted.refused),
    }


def slow_erp(orders: int = 600, down: float = 3600.0, live: int = 150) -> dict[str, float]:
    """An ERP that was down and comes back with half the speed that the quota grants; orders that need only a read come
    in beside. With fewer seats for hand-overs while their lane is late, and without.
    """
    found = {}
    for peer, pace in (("", lines.pace), ("_all_seats", lambda before, _: before)):
        with patch.object(lines, "pace", pace):
            scene, reads = _slow_scene(orders, down, live)
            scene.run_until(lambda scene=scene: len(scene.handed) == orders, DAY)
            scene.world.hub.run(max(scene.world.hub.now, reads[-1].paid) + 600)
        waits = [scene.stored[order.partition] - order.paid for order in reads]
        figures = {
            "handed_vs_optimum": (scene.handed_s() - down) * _AT_ONCE / (orders * sum(SLOW) / 2),
            "handed_out_of_turn_share": scene.out_of_turn(after=down + pacing.HORIZON.total_seconds()),
            "read_p50_s": percentile(waits, 0.5),
            "read_p99_s": percentile(waits, 0.99),
            "http_429": float(scene.counted.refused),
        }
        found |= {f"slow_erp_{name}{peer}": figure for name, figure in figures.items()}
    return found


def _slow_scene(orders: int, down: float, live: int) -> tuple[Scene, list[Order]]:
    scene = Scene(erp_at_once=_AT_ONCE)
    erp, scene.world.amazon.prompt = scene.world.erp, True
    erp.down, erp.takes = True, SLOW
    scene.world.hub.at(down, lambda: setattr(erp, "down", False))
    for number in range(orders):
        at = scene.rng.uniform(0, down - 300)
        scene.tell(scene.place(number, changed=at), at=at)
    reads = [scene.place(orders + n, changed=down + 300 + 7.0 * n, by_merchant=False) for n in range(live)]
    for order in reads:
        scene.tell(order, at=order.paid)
    return scene, reads


def figures() -> dict[str, float]:
    return usual_day() | erp_down() | slow_erp()
