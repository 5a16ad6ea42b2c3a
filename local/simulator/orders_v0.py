"""Orders API v0: confirmShipment, the one call of it that has no successor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local.simulator.exchange import ApiError, Response, invalid, not_found
from local.simulator.moments import read_stamp, to_millis
from local.simulator.operation import Call, Operation
from local.simulator.records import MERCHANT, Order, Package, Status
from local.simulator.world import World

_REFERENCE = re.compile(r"0*[1-9]\d*")
_CONFIRMABLE = frozenset({Status.UNSHIPPED, Status.PARTIALLY_SHIPPED, Status.SHIPPED})


def confirm_shipment(call: Call) -> Response:
    """204; the same package reference again is an edit of that package."""
    body = call.request.json()
    order = call.world.order_of(call.seller.seller_id, call.parameters["orderId"])
    if order is None:
        raise not_found("The requested order does not exist.")
    if body.get("marketplaceId") != order.marketplace_id:
        raise invalid("Invalid Input", "marketplaceId is not the order's.")
    package = _read_package(call.world, order, body.get("packageDetail"))
    _check_state(order, package)
    _check_quantities(order, package)
    _put(call.world, order, package)
    return Response(204)


def _read_package(world: World, order: Order, raw: object) -> Package:
    if not isinstance(raw, dict):
        raise invalid("Invalid Input", "packageDetail is missing.")
    reference = raw.get("packageReferenceId")
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        raise invalid("Invalid Input", "packageReferenceId is a string with a positive number.")
    code = _text(raw, "carrierCode")
    name = _text(raw, "carrierName") if code == "Other" else str(raw.get("carrierName") or "")
    return Package(
        reference=reference,
        carrier_code=code,
        carrier_name=name,
        method=str(raw.get("shippingMethod") or ""),
        tracking=_text(raw, "trackingNumber"),
        shipped=_ship_date(world, order, raw),
        created=world.now(),
        quantities=_quantities(raw.get("orderItems")),
    )


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value.strip():
        raise invalid("Invalid Input", f"{name} is missing.")
    return value


def _ship_date(world: World, order: Order, raw: Mapping[str, Any]) -> datetime:
    try:
        shipped = read_stamp(_text(raw, "shipDate"))
    except ValueError as error:
        raise invalid("Invalid Input", "shipDate is not an ISO 8601 time with a zone.") from error
    if shipped > world.clock():
        raise invalid("Invalid Input", "shipDate is in the future.")
    # The purchase is told in milliseconds, so a ship date cut to them is not before it.
    if to_millis(shipped) < order.created:
        raise invalid("Invalid Input", "shipDate is before the purchase.")
    return to_millis(shipped)


def _quantities(raw: object) -> dict[str, int]:
    if not isinstance(raw, list) or not raw:
        raise invalid("Invalid Input", "orderItems is missing.")
    quantities: dict[str, int] = {}
    for entry in raw:
        item_id, quantity = (
            (entry.get("orderItemId"), entry.get("quantity")) if isinstance(entry, dict) else (None, None)
        )
        if not isinstance(item_id, str) or isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
            raise invalid("Invalid Input", "An order item has an orderItemId and a positive quantity.")
        quantities[item_id] = quantities.get(item_id, 0) + quantity
    return quantities


def _check_state(order: Order, package: Package) -> None:
    if order.fulfilled_by != MERCHANT:
        raise invalid("Invalid Input", "Amazon ships this order.")
    if order.status not in _CONFIRMABLE:
        raise invalid("Invalid Input", f"The order cannot be shipped: it is {order.status}.")
    if order.status is Status.SHIPPED and package.reference not in order.packages:
        message = "Package to update not found, or the order is already fulfilled."
        raise ApiError(400, "PackageToUpdateNotFound", message)


def _check_quantities(order: Order, package: Package) -> None:
    for item_id, quantity in package.quantities.items():
        item = order.item(item_id)
        if item is None:
            raise invalid("Invalid Input", "An orderItemId is not of this order.")
        if quantity > item.quantity - order.shipped_of(item, without=package.reference):
            raise invalid("Invalid Input", "A quantity is larger than what is left to ship.")


def _put(world: World, order: Order, package: Package) -> None:
    world.confirmations[order.order_id][package.reference] += 1
    earlier = order.packages.get(package.reference)
    if earlier is not None:
        package.created = earlier.created
    if earlier == package:
        return
    order.packages[package.reference] = package
    shipped = all(order.shipped_of(item) == item.quantity for item in order.items)
    order.status = Status.SHIPPED if shipped else Status.PARTIALLY_SHIPPED
    world.commit(order)


OPERATIONS = (
    Operation("confirmShipment", "POST", "/orders/v0/orders/{orderId}/shipmentConfirmation", confirm_shipment),
)
