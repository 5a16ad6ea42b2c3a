"""Amazon cancelled an order that the ERP holds: stop it there, and note the ERP's answer."""

from __future__ import annotations

from bridge.domain.documents import CancelAnswer
from bridge.domain.lifecycle import Change, Ending, Head, cancel_answered
from bridge.domain.work import Turn
from bridge.ports import Ports


def run(turn: Turn, ports: Ports) -> Ending | None:
    """`cancel` is idempotent, so a doubtful earlier try needs no look-up."""
    key = turn.work.key
    if turn.head.erp_cancelled or not turn.head.erp_number:
        return None
    answer = ports.erp.cancel(key)
    ports.signals.note("cancelled in the ERP", order=key.order_id, answer=str(answer))
    if answer is not CancelAnswer.DONE:
        ports.signals.count("ErpCannotFulfil")

    def decide(head: Head) -> Change | None:
        return None if head.erp_cancelled else Change(cancel_answered(head, answer), milestone="cancelled")

    return Ending(turn.head, decide)
