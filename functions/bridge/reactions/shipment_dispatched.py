"""The ERP says that it shipped, through our HTTP API or the sweep: store the parcels, and ask to tell Amazon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge.domain.documents import Package, Shipment, ShipmentState
from bridge.domain.ids import OrderItemId
from bridge.domain.lifecycle import Change, Head
from bridge.domain.reported import read_count, read_key, read_list, read_moment, read_object, read_text
from bridge.ports import Ports


def react(shipment: Shipment, ports: Ports) -> int:
    """How many parcels were new or corrected."""
    if shipment.state is ShipmentState.CANNOT_FULFIL:
        _cannot_fulfil(shipment, ports)
        return 0
    works = ports.parcels.report(shipment)
    ports.send(works)
    if works:
        ports.signals.note("shipment", order=shipment.key.order_id, shipment=shipment.shipment_id, parcels=len(works))
    return len(works)


def _cannot_fulfil(shipment: Shipment, ports: Ports) -> None:
    """The customer still waits for what the ERP will not send: that is for a human, today."""

    def decide(head: Head) -> Change | None:
        if head.closed or head.erp_problem or not head.revision:
            return None
        return Change(
            replace(head, erp_problem=shipment.reason or "the ERP cannot fulfil the order"), milestone="refused"
        )

    before = ports.orders.get(shipment.key).revision
    head, _ = ports.orders.change(shipment.key, decide)
    if head.revision != before:
        ports.signals.count("ErpCannotFulfil")
        ports.signals.note("erp cannot fulfil", order=shipment.key.order_id, reason=head.erp_problem)


def read_shipment(raw: object) -> Shipment:
    """The body of `POST /v1/shipments` (docs/http-api.md). Raises Unreadable, naming the field."""
    body = read_object(raw, "body")
    read = tuple(_package(read_object(entry, "package")) for entry in read_list(body, "packages", "package"))
    return Shipment(
        shipment_id=read_text(body, "shipment_id"),
        key=read_key(body),
        state=ShipmentState.SHIPPED,
        changed_at=max(package.shipped_at for package in read),
        packages=read,
    )


def _package(raw: Mapping[str, Any]) -> Package:
    return Package(
        package_id=read_text(raw, "package_id"),
        carrier=read_text(raw, "carrier"),
        tracking=read_text(raw, "tracking"),
        shipped_at=read_moment(raw, "shipped_at"),
        lines=tuple(_line(read_object(line, "line")) for line in read_list(raw, "lines", "line")),
        shipping_method=str(raw.get("shipping_method") or ""),
    )


def _line(raw: Mapping[str, Any]) -> tuple[OrderItemId, int]:
    quantity = read_count(raw, "quantity", least=1)
    return OrderItemId(read_text(raw, "order_item_id")), quantity
