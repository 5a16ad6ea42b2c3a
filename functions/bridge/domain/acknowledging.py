"""What the ERP's own words about a document make of an order's facts. Pure: no clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.domain.documents import CancelAnswer
from bridge.domain.ids import OrderKey, Seller
from bridge.domain.lifecycle import CANCEL_IN_ERP, HAND_TO_ERP, Change, Head, Told, cancel_answered, handed, wanted
from bridge.domain.money import Money
from bridge.domain.orders import MERCHANT, Status

UNKNOWN = "no order of this id has been read from Amazon yet; if it should be there, say it again later"
FOREIGN = "this order is not the seller's to ship: nothing was handed over"
OUTDATED = (
    "the order has changed since that version; the newest one is handed over again at once: acknowledge that one, "
    "with the number of the document that you have"
)
SHIPPED = "Amazon shows the order as shipped"
NOT_ASKED = "Amazon has not cancelled this order, so nobody asked"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The ERP holds `version` of the order as document `number`, over `total` if it tells."""

    key: OrderKey
    number: str
    version: str
    total: Money | None = None

    @property
    def seller(self) -> Seller:
        return self.key.seller


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is stored (nothing, when it was known already), why it was not taken, and whether a human has to know."""

    change: Change | None = None
    refusal: str = ""
    problem: bool = False


def acknowledged(head: Head, said: Acknowledgement) -> Verdict:
    """Taken once, for the version that is known now; whatever became wanted meanwhile is called for in the same write.

    Of an order that is not to be shipped any more every version is taken: what counts is that there is a document.
    """
    if head.erp_number:
        return _known(head, said)
    if not head.version:
        return Verdict(refusal=UNKNOWN)
    if head.fulfilled_by != MERCHANT:
        return Verdict(refusal=FOREIGN)
    if head.actionable:
        if said.version != head.version:
            return _outdated(head)
        # An order that an older release has stored has no total: then there is nothing to compare with.
        if head.total and said.total and said.total != head.total:
            return _another_total(head, said, said.total)
    after = handed(head, said.number, said.version, head.ordered)
    if head.actionable:  # what the ERP asked for before this word arrived still stands
        after = replace(after, erp_problem=head.erp_problem)
    # The hand-over still waits for this word; called for once more, it ends at once.
    return Verdict(Change(after, (*wanted(after), HAND_TO_ERP), milestone="handed"))


def _known(head: Head, said: Acknowledgement) -> Verdict:
    """The same document again is no news; another one is one too many."""
    if head.erp_number == said.number:
        return Verdict()
    problem = f"the ERP names a second document of the order: {said.number} beside {head.erp_number}"
    if head.erp_problem == problem:
        return Verdict(refusal=problem)
    return Verdict(Change(replace(head, erp_problem=problem)), problem, problem=True)


def _outdated(head: Head) -> Verdict:
    """The newest version is called for once: some receivers would say the same whatever they are told, for ever."""
    if head.erp_outdated == head.version:
        return Verdict(refusal=OUTDATED)
    return Verdict(Change(replace(head, erp_outdated=head.version), (HAND_TO_ERP,)), OUTDATED)


def _another_total(head: Head, said: Acknowledgement, total: Money) -> Verdict:
    """Kept for the hand-over, which parks it for a human, and takes it if the human does."""
    refusal = f"the document is over {total}, Amazon's order over {head.total}; a human is asked (`bridge parked list`)"
    told = Told(said.number, total, said.version)
    if head.erp_told == told:
        return Verdict(refusal=refusal)
    return Verdict(Change(replace(head, erp_told=told), (HAND_TO_ERP,)), refusal)


_RANK = {"": -1, CancelAnswer.NEEDS_HUMAN: 0, CancelAnswer.DONE: 1, CancelAnswer.REFUSED_SHIPPED: 2}
"""Answers may come twice and in any order: a human's decision follows the call for one, and a parcel is a fact."""


def cancellation_answered(head: Head, answer: CancelAnswer) -> Verdict:
    """Taken when it says more than what is known; the cancellation that waits for it ends at once."""
    if not head.version:
        return Verdict(refusal=UNKNOWN)
    if head.status != Status.CANCELLED:
        return Verdict(refusal=NOT_ASKED)
    if _RANK[answer] <= _RANK[head.erp_cancelled]:
        return Verdict()
    change = Change(cancel_answered(head, answer), (CANCEL_IN_ERP,), milestone="cancelled")
    return Verdict(change, problem=answer is not CancelAnswer.DONE)


def cancellation_wanted(head: Head, reason: str) -> Verdict:
    """The ERP wants the order cancelled: only a human can do that at Amazon, which then tells us."""
    if not head.version:
        return Verdict(refusal=UNKNOWN)
    if head.status == Status.CANCELLED:
        return Verdict()
    if head.closed:
        return Verdict(refusal=SHIPPED)
    if head.fulfilled_by != MERCHANT:
        return Verdict(refusal=FOREIGN)
    problem = f"the ERP wants the order cancelled ({reason}): cancel it in Seller Central"
    if head.erp_problem == problem:
        return Verdict()
    return Verdict(Change(replace(head, erp_problem=problem), milestone="refused"), problem=True)
