"""Tell Amazon of one parcel, or of its correction; the reference is the key under which a repetition is an edit."""

from __future__ import annotations

from dataclasses import replace

from bridge.domain.errors import NotNow, Refused
from bridge.domain.lifecycle import READ_BACK, Change, Ending, Head
from bridge.domain.orders import Status
from bridge.domain.parcels import Parcel, confirmation, too_many, units
from bridge.domain.work import LEASE, Turn
from bridge.ports import Ports

NO_TRACKING = "the ERP has no tracking number for this parcel yet; goes on by itself once it has one"


def run(turn: Turn, ports: Ports) -> Ending:
    """Raises Refused when parcels hold more than was ordered, or Amazon refuses and does not show the parcel."""
    parcel, head = ports.parcels.claimed(turn), turn.head
    if not head.version:
        msg = "the parcel came before its order was read"
        raise NotNow(msg, ports.clock.now() + LEASE)
    if head.status == Status.CANCELLED:
        msg = (
            "the parcel was shipped although Amazon cancelled the order; call the carrier back, or speak with the buyer"
        )
        raise Refused(msg)
    if not parcel.tracking:
        raise Refused(NO_TRACKING)
    if parcel.surplus and not turn.accepted:
        raise Refused(parcel.surplus)
    # A slot for confirming says that the try which reserved it has looked: both in turn would end nowhere.
    looked = turn.slot_of("confirmShipment") is not None
    if looked or not turn.doubt:
        _send(turn, parcel, ports)
    elif not _shown(turn, parcel, ports):
        _send(turn, parcel, ports, just_looked=True)
    return _confirmed(parcel, head, ports)


def _confirmed(parcel: Parcel, known: Head, ports: Ports) -> Ending:
    """Units that Amazon accepted, over all parcels; and a look, later, whether Amazon shows them.

    What was corrected meanwhile is told as well: it raised the work again.
    """

    def decide(head: Head) -> Change | None:
        accepted = [other for other, taken in ports.parcels.all(head.key) if taken and other.part != parcel.part]
        counted = replace(head, confirmed=units(parcel, *accepted))
        return Change(counted, (READ_BACK,), delay=ports.rhythm.readback, milestone="confirmed")

    ports.signals.note("shipment confirmed", order=known.key.order_id, units=sum(units(parcel).values()))
    return Ending(known, decide, told=parcel.digest)


def _send(turn: Turn, parcel: Parcel, ports: Ports, *, just_looked: bool = False) -> None:
    head = turn.head
    surplus = too_many({item_id: item.ordered for item_id, item in head.items.items()}, dict(parcel.lines))
    if surplus:
        raise Refused(surplus)
    now = ports.clock.now()
    message = confirmation(parcel, head.marketplace, ordered_at=head.created or now, now=now)
    try:
        ports.amazon.confirm_shipment(parcel.key, message, slot=turn.slot_of("confirmShipment"))
    except Refused:
        # Also the answer to a repetition after the order was complete: look before calling it a failure. Not twice in
        # one try: where Amazon's quota has one call to give at a time, no try would ever get to its end.
        if just_looked or not _shown(turn, parcel, ports):
            raise


def _shown(turn: Turn, parcel: Parcel, ports: Ports) -> bool:
    """Whether Amazon shows the parcel. Of a correction that proves nothing: it may be the earlier version."""
    if parcel.told:
        return False
    reference = str(parcel.reference)
    if turn.head.shown.get(reference) == parcel.tracking:
        return True
    reading = ports.amazon.get_order(parcel.key, slot=turn.slot_of("getOrder"))
    return reading.order.packages.get(reference) == parcel.tracking
