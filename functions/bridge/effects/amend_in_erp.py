"""Amazon changed the quantities of an order that the ERP holds: a human changes the document, and says so."""

from __future__ import annotations

from dataclasses import replace

from bridge.domain.errors import Refused
from bridge.domain.lifecycle import AMEND_IN_ERP, Change, Ending, Head, wanted
from bridge.domain.work import Turn
from bridge.ports import Ports


def run(turn: Turn, ports: Ports) -> Ending | None:  # noqa: ARG001 - as every effect
    """No connector changes a confirmed document by itself, so this always raises Refused, until it is retried."""
    known = turn.head
    if AMEND_IN_ERP not in wanted(known):
        return None
    if not turn.accepted:
        changed = {item_id for item_id, _ in known.erp_items.items() ^ known.ordered.items()}
        units = ", ".join(f"{i}: {known.erp_items.get(i, 0)} → {known.ordered.get(i, 0)}" for i in sorted(changed))
        msg = f"Amazon changed the order ({units}): change {known.erp_number} in the ERP, then `bridge parked retry`"
        raise Refused(msg)

    def decide(head: Head) -> Change | None:
        # What came in meanwhile is not what the human changed the document to.
        after = replace(head, erp_items=known.ordered)
        return Change(after, milestone="amended")

    return Ending(known, decide)
