"""Some time after a parcel was confirmed: does Amazon show it? A search of orders has usually answered that already."""

from __future__ import annotations

from bridge.domain.errors import Refused
from bridge.domain.lifecycle import Change, Head
from bridge.domain.work import Turn
from bridge.ports import Ports


def run(turn: Turn, ports: Ports) -> None:
    """Raises Refused when a confirmed parcel is missing at Amazon: the customer sees no tracking."""
    key = turn.work.key
    head = ports.orders.get(key)
    if _missing(head, ports):
        order = ports.amazon.get_order(key, slot=turn.slot_of("getOrder")).order
        head, works = ports.orders.fold(key, order, known=head)
        ports.send(works)
        missing = _missing(head, ports)
        if missing:
            msg = f"Amazon took package {', '.join(missing)}, but does not show it; `bridge parked retry` looks again"
            raise Refused(msg)
    _shown(head, ports)


def _missing(head: Head, ports: Ports) -> list[str]:
    return [
        str(parcel.reference)
        for parcel, accepted in ports.parcels.all(head.key)
        if accepted and head.shown.get(str(parcel.reference)) != parcel.tracking
    ]


def _shown(known: Head, ports: Ports) -> None:
    def decide(head: Head) -> Change | None:
        return None if "shown" in head.times else Change(head, milestone="shown")

    ports.orders.change(known.key, decide, known=known)
