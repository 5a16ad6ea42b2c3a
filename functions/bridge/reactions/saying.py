"""What the ERP says of an order it holds: decide on the facts, store it, send what follows, or say why not."""

from __future__ import annotations

from collections.abc import Callable

from bridge.domain.acknowledging import Verdict
from bridge.domain.errors import Refused
from bridge.domain.ids import OrderKey
from bridge.domain.lifecycle import Change, Head
from bridge.ports import Ports

TAKEN, KNOWN = "taken", "known already"


def take(key: OrderKey, decide: Callable[[Head], Verdict], ports: Ports) -> str:
    """TAKEN or KNOWN. Raises Refused with the reason when it is not taken, also when that was stored for a human."""
    verdict = Verdict()

    def change(head: Head) -> Change | None:
        nonlocal verdict
        verdict = decide(head)
        return verdict.change

    head, works = ports.orders.change(key, change)
    ports.send(works)
    if verdict.problem:
        ports.signals.count("ErpCannotFulfil")
        ports.signals.note("a human has to know", order=key.order_id, reason=head.erp_problem)
    if verdict.refusal:
        raise Refused(verdict.refusal)
    return TAKEN if verdict.change else KNOWN
