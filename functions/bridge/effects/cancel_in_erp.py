"""Amazon cancelled an order that the ERP holds: stop it there, and note the ERP's answer."""

from __future__ import annotations

from bridge.domain.documents import CancelAnswer
from bridge.domain.lifecycle import Change, Ending, Head, await_findable, cancel_answered
from bridge.domain.orders import Status
from bridge.domain.work import Turn
from bridge.ports import Ports


def run(turn: Turn, ports: Ports) -> Ending | None:
    """`cancel` is idempotent, and no document is an answer too, so a doubtful earlier try needs no look-up."""
    key, known = turn.work.key, turn.head
    if known.erp_cancelled or known.status != Status.CANCELLED:
        return None
    if not known.erp_number and turn.seller and known.created and known.created < turn.seller.go_live:
        return None  # the old system's order
    await_findable(known, ports.erp.lookup_lag, ports.clock.now())
    ports.circuit.admit()
    answer = ports.erp.cancel(key)
    ports.signals.note("cancelled in the ERP", order=key.order_id, answer=str(answer))
    if answer is not CancelAnswer.DONE:
        ports.signals.count("ErpCannotFulfil")

    def decide(head: Head) -> Change | None:
        # A document that became known meanwhile may be younger than the answer, and has called for another one.
        if head.erp_cancelled or head.erp_number != known.erp_number:
            return None
        return Change(cancel_answered(head, answer), milestone="cancelled")

    return Ending(known, decide)
