"""The ERP's shipments: whatever was shipped, corrected or refused since the last look goes the usual way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.domain.documents import Shipment
from bridge.domain.errors import BridgeError
from bridge.domain.sellers import Cursor, SellerRecord
from bridge.ports import Ports
from bridge.reactions.shipment_dispatched import react
from bridge.sweeps.each_seller import each_seller, lag_s

NAME = "shipments"
_EARLY = timedelta(seconds=5)


def run(ports: Ports, seconds_left: Callable[[], float]) -> None:
    each_seller(ports, seconds_left, NAME, _look)


def _look(record: SellerRecord, cursor: Cursor, ports: Ports, seconds_left: Callable[[], float]) -> None:
    """The cursor is the ERP's own clock: the newest change that was seen, never ours."""
    now, looked = ports.clock.now(), cursor.looked
    ports.signals.count("SweepLagSeconds", lag_s(record, looked, now))
    if looked and now - looked < ports.rhythm.shipments_period - _EARLY:
        return
    ports.sellers.begin(record.seller, NAME)
    since = (cursor.at or record.go_live) - ports.rhythm.shipments_overlap
    seen, complete = _Seen(), False
    try:
        for shipment in ports.erp.list_shipments(record.seller, since):
            if seconds_left() < 5:
                break
            seen.take(shipment, ports)
        else:
            complete = True
    finally:
        if complete or seen.until:
            ports.sellers.advance(record.seller, NAME, seen.until, looked=now if complete else None)
    if seen.bugs:
        raise seen.bugs[0]
    if complete:
        ports.signals.note("sweep of shipments", seller=str(record.seller), parcels=seen.parcels)


@dataclass(slots=True)
class _Seen:
    """How far the shipments were taken in; the cursor stays before the first that could not be."""

    until: datetime | None = None
    parcels: int = 0
    stuck: bool = False
    bugs: list[Exception] = field(default_factory=list)
    """Raised once the others were taken in."""

    def take(self, shipment: Shipment, ports: Ports) -> None:
        try:
            self.parcels += react(shipment, ports)
        except BridgeError as error:
            self.stuck = True
            ports.signals.note("shipment not taken in", order=shipment.key.order_id, reason=str(error))
        except Exception as error:  # noqa: BLE001 - raised by whoever called, after the others
            self.stuck = True
            self.bugs.append(error)
        if not self.stuck:
            self.until = shipment.changed_at
