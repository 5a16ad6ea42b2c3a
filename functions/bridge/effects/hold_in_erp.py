"""The buyer asked to cancel an order that the ERP holds: keep it from shipping until the ERP's people decide."""

from __future__ import annotations

from dataclasses import replace

from bridge.domain.lifecycle import Change, Ending, Head, await_findable
from bridge.domain.work import Turn
from bridge.ports import Ports

REASON = "Amazon: the buyer asked to cancel. Cancel it at Amazon, or release it here to ship it all the same."


def run(turn: Turn, ports: Ports) -> Ending | None:
    key, known = turn.work.key, turn.head
    if not known.cancel_requested or known.closed or known.erp_held:
        return None
    await_findable(known, ports.erp.lookup_lag, ports.clock.now())
    ports.circuit.admit()
    ports.erp.hold(key, REASON)
    ports.signals.note("held in the ERP", order=key.order_id)

    def decide(head: Head) -> Change | None:
        return Change(replace(head, erp_held=True), milestone="held") if head.cancel_requested else None

    return Ending(known, decide)
