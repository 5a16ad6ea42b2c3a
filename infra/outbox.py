"""Outbox: one lane per target, with a queue, a function and a role of its own, so that none holds up another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_kms as kms
from constructs import Construct

from bridge.effects import EFFECTS
from infra.function import ITEMS, BridgeFunction, Entry
from infra.queue import Purpose, WorkQueue
from infra.site import Site
from infra.watch import Watch

SWEEP_TIMEOUT_S = 55
"""Below the period of one minute."""
TIMEOUT_S = 30
"""An effect is leased for 60 s: the function is gone 21 s before that (requests in flight, clock skew)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """What one lane carries and how many messages its function takes at once."""

    carries: str
    batch: int
    erp: bool = False


# Small batches: a record is begun only while there is time for its worst case, and what is not begun waits out the
# queue's visibility timeout. The ERP lane takes one at a time, because an ERP may need seconds for a single order and
# the next in the batch would only wait behind it; Amazon gives one order in two seconds anyway.
LANES: Mapping[str, Lane] = {
    "orders": Lane(carries="Orders to be read from Amazon", batch=5),
    "erp": Lane(carries="Orders for the ERP", batch=1, erp=True),
    "shipments": Lane(carries="Shipments to be confirmed at Amazon", batch=5),
}


class Lanes(Construct):
    """The work queues, before there are functions: every function is told all of them."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.Key, watch: Watch) -> None:
        super().__init__(scope, construct_id)
        self.queues = {
            name: WorkQueue(self, name.title(), key=key, watch=watch, purpose=Purpose(lane.carries, TIMEOUT_S))
            for name, lane in LANES.items()
        }
        turns = Purpose("Turns of waiting lines", SWEEP_TIMEOUT_S)
        self.lines = WorkQueue(self, "Lines", key=key, watch=watch, purpose=turns)


class Outbox(Construct):
    """The functions that bring Amazon and the ERP to what is wanted."""

    def __init__(self, scope: Construct, construct_id: str, *, site: Site) -> None:
        super().__init__(scope, construct_id)
        for name, lane in LANES.items():
            kinds = tuple(kind for kind, effect in EFFECTS.items() if effect.lane == name)
            entry = Entry(module="outbox", kinds=kinds, timeout_s=TIMEOUT_S)
            function = BridgeFunction(self, name.title(), site=site, entry=entry)
            function.consumes(
                site.lanes[name], batch=lane.batch, at_once=site.deployment.erp_concurrency if lane.erp else 2
            )
            function.uses_table(*ITEMS, "BatchGetItem")
            function.sends_to(site.queues)
            function.asks_amazon()
            if lane.erp:
                function.asks_erp()
                function.tells_erp()
