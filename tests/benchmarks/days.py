"""A day in virtual time: what an order costs Amazon's quota, and what an ERP that is down for a day leaves behind."""

from __future__ import annotations

from unittest.mock import patch

from bridge.domain import pacing
from tests.benchmarks.scene import DAY, SELLER, Scene, percentile
from tests.simulation import story
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


def figures() -> dict[str, float]:
    return usual_day() | erp_down()
