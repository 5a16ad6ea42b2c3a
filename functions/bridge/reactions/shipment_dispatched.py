"""The ERP says that it shipped, through our HTTP API or the sweep: store the parcels, and ask to tell Amazon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.domain.documents import Package, Shipment, ShipmentState
from bridge.domain.errors import Unreadable
from bridge.domain.ids import ORDER_ID, OrderId, OrderItemId, OrderKey, Region, Seller, SellerId
from bridge.domain.lifecycle import Change, Head
from bridge.domain.times import read_time
from bridge.ports import Ports

LONGEST = 100


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
    body = _object(raw, "body")
    packages = body.get("packages")
    if not isinstance(packages, list) or not packages:
        msg = "`packages` must be a list with at least one package"
        raise Unreadable(msg)
    seller = Seller(Region(_text(body, "region")), SellerId(_text(body, "seller_id")))
    read = tuple(_package(_object(entry, "package")) for entry in packages)
    return Shipment(
        shipment_id=_text(body, "shipment_id"),
        key=OrderKey(*seller, _order_id(body)),
        state=ShipmentState.SHIPPED,
        changed_at=max(package.shipped_at for package in read),
        packages=read,
    )


def _package(raw: Mapping[str, Any]) -> Package:
    lines = raw.get("lines")
    if not isinstance(lines, list) or not lines:
        msg = "`lines` of a package must be a list with at least one line"
        raise Unreadable(msg)
    return Package(
        package_id=_text(raw, "package_id"),
        carrier=_text(raw, "carrier"),
        tracking=_text(raw, "tracking"),
        shipped_at=_moment(raw),
        lines=tuple(_line(_object(line, "line")) for line in lines),
        shipping_method=str(raw.get("shipping_method") or ""),
    )


def _line(raw: Mapping[str, Any]) -> tuple[OrderItemId, int]:
    quantity = raw.get("quantity")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        msg = "`quantity` must be a whole number of at least 1"
        raise Unreadable(msg)
    return OrderItemId(_text(raw, "order_item_id")), quantity


def _moment(raw: Mapping[str, Any]) -> datetime:
    try:
        return read_time(raw.get("shipped_at"))
    except Unreadable as error:
        msg = "`shipped_at` must be ISO 8601 with a zone, like 2026-11-24T09:00:00Z"
        raise Unreadable(msg) from error


def _object(raw: object, name: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        msg = f"the {name} must be a JSON object"
        raise Unreadable(msg)
    return raw


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= LONGEST or "#" in value:
        msg = f"`{name}` must be a printable text of 1 to {LONGEST} characters, without #"
        raise Unreadable(msg)
    return value


def _order_id(raw: Mapping[str, Any]) -> OrderId:
    value = _text(raw, "order_id")
    if not ORDER_ID.fullmatch(value):
        msg = "`order_id` must be Amazon's order id, like 305-1234567-1234567"
        raise Unreadable(msg)
    return OrderId(value)
