"""The buyer asked to cancel an order that the ERP holds: keep it from shipping until the ERP's people decide."""

from __future__ import annotations

from dataclasses import replace

from bridge.domain.lifecycle import Change, Head
from bridge.domain.work import Turn
from bridge.ports import Ports

REASON = "Amazon: the buyer asked to cancel. Cancel it at Amazon, or release it here to ship it all the same."


def run(turn: Turn, ports: Ports) -> None:
    key = turn.work.key
    head = ports.orders.get(key)
    if not head.cancel_requested or head.closed or head.erp_held:
        return
    ports.erp.hold(key, REASON)

    def decide(head: Head) -> Change | None:
        return Change(replace(head, erp_held=True), milestone="held")

    ports.orders.change(key, decide, known=head)
    ports.signals.note("held in the ERP", order=key.order_id)
