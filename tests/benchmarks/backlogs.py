"""What a backlog, a busy neighbour and an outage cost, beside the usual ways, in virtual seconds."""

from __future__ import annotations

from unittest.mock import patch

from bridge.domain import pacing
from bridge.domain.backfill import PAGE
from bridge.domain.ids import EU, Seller, SellerId
from bridge.spapi.orders_2026_01_01 import GET_ORDER, SEARCH_ORDERS
from tests.benchmarks.scene import SELLER, Scene, backlog, percentile
from tests.benchmarks.usual import retrying

OLD_S = 180.0
"""Older than the lag of Amazon's search."""
USUAL = {"retry_in_lambda": 1000, "max_concurrency_2": 2}
"""Peer → its functions at once."""
LONG = 200_000.0


def optimum_s(count: int) -> float:
    """Reading one by one and by pages at once, as fast as the documented quota allows, both bursts used up."""
    at_once = GET_ORDER.burst + SEARCH_ORDERS.burst * PAGE
    return max(count - at_once, 0) / (GET_ORDER.rate + SEARCH_ORDERS.rate * PAGE)


def old_backlog(count: int = 1000) -> dict[str, float]:
    scene = backlog(count, age=OLD_S)
    scene.run_until(lambda: len(scene.handed) == count, LONG)
    stored = scene.stored_s()
    name = f"backlog_{count}"
    figures = {
        f"{name}_makespan_s": stored,
        f"{name}_calls": float(scene.counted.until(stored)),
        f"{name}_handed_s": scene.handed_s(),
        f"{name}_handed_out_of_turn_share": scene.out_of_turn(after=pacing.HORIZON.total_seconds() + 30),
        f"{name}_http_429": float(scene.counted.refused),
    }
    for peer, at_once in USUAL.items():
        usual = retrying(count, at_once=at_once, age=OLD_S)
        usual.world.hub.run(LONG)
        figures |= {
            f"{name}_makespan_s_{peer}": usual.stored_s(),
            f"{name}_calls_{peer}": float(len(usual.counted.calls)),
            f"{name}_http_429_{peer}": float(usual.counted.refused),
            f"{name}_lost_{peer}": float(count - len(usual.stored)),
        }
    return figures | {f"{name}_lost": float(count - len(scene.handed))}


def fresh_burst(count: int = 1000) -> dict[str, float]:
    scene = backlog(count, age=0.0)
    scene.run_until(lambda: len(scene.stored) == count, LONG)
    return {f"burst_{count}_makespan_s": scene.stored_s(), f"burst_{count}_http_429": float(scene.counted.refused)}


def large_backlog(count: int = 10_000) -> dict[str, float]:
    """Orders that need no hand-over: their state is all there is to bring up to date."""
    scene = backlog(count, age=OLD_S, by_merchant=False)
    scene.run_until(lambda: len(scene.stored) == count, LONG)
    best = optimum_s(count)
    return {
        f"backlog_{count}_makespan_s": scene.stored_s(),
        f"backlog_{count}_optimum_s": best,
        f"backlog_{count}_vs_optimum": scene.stored_s() / best,
        f"backlog_{count}_http_429": float(scene.counted.refused),
    }


def busy_neighbour(sellers: int = 200, behind: int = 2000, each: int = 10) -> dict[str, float]:
    """One seller with a backlog; the others have some orders each within the hour. Seconds from notice to the ERP."""
    others = [Seller(EU, SellerId(f"A3OTHER{n}")) for n in range(sellers - 1)]
    scene = Scene((SELLER, *others), erp_at_once=10)
    for number in range(behind):
        scene.tell(scene.place(number, changed=-OLD_S), at=60.0)
    came: dict[str, float] = {}
    scene.world.amazon.prompt = True
    for number, seller in enumerate(others * each, start=behind):
        at = scene.rng.uniform(0, 3600)
        order = scene.place(number, changed=at, seller=seller)
        came[order.partition] = at
        scene.tell(order, at=at)
    scene.run_until(lambda: came.keys() <= scene.handed.keys(), LONG)
    waits = [scene.handed[name] - at for name, at in came.items()]
    stored = [scene.stored[name] - at for name, at in came.items()]
    return {
        "other_sellers_p50_s": percentile(stored, 0.5),
        "other_sellers_p99_s": percentile(stored, 0.99),
        "other_sellers_handed_p99_s": percentile(waits, 0.99),
        "other_sellers_http_429": float(scene.counted.refused),
    }


def live_beside_backlog() -> dict[str, float]:
    """Live orders of a seller whose 2,000 wait in line, with the horizon of 60 s, and with one of a day."""
    found = {}
    for peer, horizon in (("", pacing.HORIZON), ("_no_horizon", pacing.HORIZON * 1440)):
        with patch.object(pacing, "HORIZON", horizon), patch.object(pacing, "HALF", horizon / 2):
            scene = backlog(2000, age=OLD_S)
            scene.world.amazon.prompt = True
            live = [scene.place(5000 + n, changed=300 + 17.0 * n) for n in range(100)]
            for order in live:
                scene.tell(order, at=order.paid)
            scene.world.hub.run(live[-1].paid + 3600)
        waits = [scene.handed[order.partition] - order.paid for order in live if order.partition in scene.handed]
        found[f"live_beside_backlog_p99_s{peer}"] = percentile(waits, 0.99) if len(waits) > 1 else 0.0
        found[f"live_beside_backlog_unserved{peer}"] = float(len(live) - len(waits))
        found[f"live_beside_backlog_http_429{peer}"] = float(scene.counted.refused)
    return found


def figures() -> dict[str, float]:
    found: dict[str, float] = {}
    for measure in (old_backlog, fresh_burst, large_backlog, busy_neighbour, live_beside_backlog):
        found |= measure()
    return found
