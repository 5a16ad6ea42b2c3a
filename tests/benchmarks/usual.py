"""The usual ways to call SP-API from Lambda, in the same world: retries with back-off inside the function.

As in client libraries and samples: 5 s, then 1.3 times as long, ten tries; a failed message comes back after its
visibility time-out and is dead after five receives.
"""

from __future__ import annotations

import json
from typing import Any

from tests.benchmarks.scene import SELLER, Scene, backlog
from tests.simulation.lambdas import Function
from tests.simulation.queue import Queue

TIMEOUT_S, TRIES, FIRST_S, GROWTH = 900.0, 10, 5.0, 1.3


def retrying(count: int, *, at_once: int, age: float) -> Scene:
    """The backlog of `count` notifications with a function that calls getOrder until it is answered."""
    scene = backlog(count, age=age)
    hub, world = scene.world.hub, scene.world

    def handle(event: Any, _context: Any) -> Any:
        for record in event["Records"]:
            change = json.loads(record["body"])["Payload"]["OrderChangeNotification"]
            _read(scene, change["AmazonOrderId"])
        return {"batchItemFailures": []}

    queue = Queue(hub, world.weather, batch=1, name="usual")
    queue.concurrency, queue.visibility_s = at_once, TIMEOUT_S * 6
    queue.function = Function(world.outside, "usual", lambda: handle, TIMEOUT_S)
    world.amazon.publish = queue.send
    world.silence()
    return scene


def _read(scene: Scene, order_id: str) -> None:
    strand, amazon = scene.world.hub.strand, scene.world.amazon
    assert strand is not None
    wait = FIRST_S
    for _ in range(TRIES):
        granted = amazon.granted(SELLER, "getOrder")
        strand.wait(scene.rng.uniform(0.05, 0.4))
        if granted:
            scene.stored.setdefault(amazon.orders[SELLER, order_id].partition, scene.world.hub.now)
            return
        strand.wait(wait)
        wait *= GROWTH
    raise TimeoutError
