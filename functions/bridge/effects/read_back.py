"""Some time after a parcel was confirmed: does Amazon show it? A search of orders has usually answered that already."""

from __future__ import annotations

from bridge.domain.errors import Refused
from bridge.domain.lifecycle import Change, Ending, Head
from bridge.domain.work import Turn
from bridge.ports import Ports


def run(turn: Turn, ports: Ports) -> Ending:
    """Raises Refused when a confirmed parcel is missing at Amazon: the customer sees no tracking."""
    key, known = turn.work.key, turn.head
    if _missing(known, ports):
        order = ports.amazon.get_order(key, slot=turn.slot_of("getOrder")).order
        known, works = ports.orders.fold(key, order, known=known)
        ports.send(works)
        missing = _missing(known, ports)
        if missing:
            msg = f"Amazon took package {', '.join(missing)}, but does not show it; `bridge parked retry` looks again"
            raise Refused(msg)

    def decide(head: Head) -> Change | None:
        return None if "shown" in head.times else Change(head, milestone="shown")

    return Ending(known, decide)


def _missing(head: Head, ports: Ports) -> list[str]:
    return [
        str(parcel.reference)
        for parcel, accepted in ports.parcels.all(head.key)
        if accepted and head.shown.get(str(parcel.reference)) != parcel.tracking
    ]
