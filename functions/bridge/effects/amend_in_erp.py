"""Amazon changed the quantities of an order that the ERP holds: a human changes the document, and says so."""

from __future__ import annotations

from dataclasses import replace

from bridge.domain.errors import Refused
from bridge.domain.lifecycle import AMEND_IN_ERP, Change, Head, wanted
from bridge.domain.work import Turn
from bridge.ports import Ports


def run(turn: Turn, ports: Ports) -> None:
    """No connector changes a confirmed document by itself, so this always raises Refused, until it is retried."""
    key = turn.work.key
    head = ports.orders.get(key)
    if AMEND_IN_ERP not in wanted(head):
        return
    if not turn.accepted:
        changed = {item_id for item_id, _ in head.erp_items.items() ^ head.ordered.items()}
        units = ", ".join(f"{i}: {head.erp_items.get(i, 0)} → {head.ordered.get(i, 0)}" for i in sorted(changed))
        msg = f"Amazon changed the order ({units}): change {head.erp_number} in the ERP, then `bridge parked retry`"
        raise Refused(msg)

    def decide(head: Head) -> Change | None:
        return Change(replace(head, erp_items=head.ordered), milestone="amended")

    ports.orders.change(key, decide, known=head)
