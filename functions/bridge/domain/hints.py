"""What a notification says may have happened to an order, and whether anybody waits for it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.domain.lifecycle import FETCH_ORDER, HAND_TO_ERP, Head
from bridge.domain.orders import ACTIONABLE, Status
from bridge.domain.times import to_text

KEPT_HINTS = 40
_UNPAID = frozenset({Status.PENDING, Status.PENDING_AVAILABILITY})
NOT_THE_SAME_CLOCK = timedelta(seconds=5)
"""Between what tells of a change and what stamps the order."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What an ORDER_CHANGE says may have happened. Only ever a reason to look."""

    notification_id: str
    status: str
    """In the words of Orders 2026-01-01; as sent when unknown."""
    merchant: bool
    buyer_requested: bool
    changed: datetime
    """When the order changed, as the notification tells it; when it came, where it does not."""
    ship_by: datetime | None = None


def hinted(head: Head, hint: Hint) -> tuple[Head, str | None] | None:
    """The facts with the hint noted, and the kind of work it calls for; None for a duplicate.

    A change that the next search of orders brings anyway, and that nobody waits for, calls for nothing:
    a pending order, or one that was cancelled as such; a parcel that we confirmed ourselves, or Amazon sent. An order
    that a hand-over has read is not unpaid any more before anything of it reaches the ERP.
    """
    if hint.notification_id in head.hints:
        return None
    noted = replace(
        head,
        hints=(*head.hints, hint.notification_id)[-KEPT_HINTS:],
        told=max(head.told, to_text(hint.changed - NOT_THE_SAME_CLOCK)),
        ship_by=head.ship_by or hint.ship_by,
    )
    return noted, _called_for(head, hint)


def _called_for(head: Head, hint: Hint) -> str | None:
    if hint.merchant and hint.status in ACTIONABLE and not head.erp_number:
        return HAND_TO_ERP if not head.closed else None
    if hint.buyer_requested and not head.closed and hint.status not in _UNPAID:
        return FETCH_ORDER
    return FETCH_ORDER if hint.status != head.status and not _can_wait(head, hint) else None


def _can_wait(head: Head, hint: Hint) -> bool:
    if hint.merchant and head.erp_number:
        return hint.status in {*ACTIONABLE, Status.SHIPPED, *_UNPAID}
    never_in_erp = hint.status == Status.CANCELLED and head.status in {"", *_UNPAID} and not head.erp_number
    return hint.status in _UNPAID or never_in_erp or (hint.status == Status.SHIPPED and not hint.merchant)
