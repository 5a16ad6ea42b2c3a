"""The ERP's shipments: whatever was shipped, corrected or refused since the last look goes the usual way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bridge.domain.sellers import SellerRecord
from bridge.ports import Ports
from bridge.reactions.shipment_dispatched import react
from bridge.sweeps.each_seller import each_seller, lag_s

NAME, LOOKED = "shipments", "shipments_looked"
_EARLY = timedelta(seconds=5)


def run(ports: Ports, seconds_left: Callable[[], float]) -> None:
    each_seller(ports, seconds_left, _look)


def _look(record: SellerRecord, ports: Ports, seconds_left: Callable[[], float]) -> None:
    """The cursor is the ERP's own clock: the newest change that was seen, never ours."""
    now = ports.clock.now()
    looked = ports.sellers.cursor(record.seller, LOOKED).at
    ports.signals.count("SweepLagSeconds", lag_s(record, looked, now))
    if looked and now - looked < ports.rhythm.shipments_period - _EARLY:
        return
    since = (ports.sellers.cursor(record.seller, NAME).at or record.go_live) - ports.rhythm.shipments_overlap
    newest, parcels = None, 0
    for shipment in ports.erp.list_shipments(record.seller, since):
        if seconds_left() < 5:
            break
        parcels += react(shipment, ports)
        newest = shipment.changed_at
    if newest:
        ports.sellers.advance(record.seller, NAME, newest)
    ports.sellers.advance(record.seller, LOOKED, now)
    ports.signals.note("sweep of shipments", seller=str(record.seller), parcels=parcels)
