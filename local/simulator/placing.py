"""What customers, buyers' remorse, Amazon's warehouses and chance do to orders."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from local.simulator import order_change
from local.simulator.amounts import Bought, proceeds, rounded
from local.simulator.deliveries import Disturbance
from local.simulator.people import person
from local.simulator.places import PLACES, Place
from local.simulator.records import AMAZON, MERCHANT, SHIPPABLE, Item, Order, Part, Status
from local.simulator.world import World


class Impossible(ValueError):
    """What was asked for does not exist or cannot happen in this state."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An order as a customer places it. `pending_s` None: pending until released."""

    seller_id: str
    marketplace_id: str
    basket: tuple[Bought, ...]
    fulfilled_by: str = MERCHANT
    shipping: Decimal = Decimal(0)
    service_level: str = "STANDARD"
    ship_by_hours: float = 48.0
    name: str | None = None
    pending_s: float | None = 0.0
    disturbance: Disturbance | None = None


def read_wish(world: World, raw: Mapping[str, Any]) -> Wish:
    """The admin API's JSON as a wish; Impossible when it makes none."""
    seller = world.consents.sellers.get(str(raw.get("seller_id")))
    place = PLACES.get(str(raw.get("marketplace_id")))
    if seller is None or place is None or place.marketplace_id not in seller.marketplace_ids:
        msg = "no such seller, or the seller does not sell in this marketplace"
        raise Impossible(msg)
    lines = raw.get("items") or []
    fulfilled_by = raw.get("fulfilled_by", MERCHANT)
    if not lines or fulfilled_by not in {MERCHANT, AMAZON}:
        msg = "an order has items and is fulfilled by MERCHANT or AMAZON"
        raise Impossible(msg)
    pending = raw.get("pending_s", 0)
    return Wish(
        seller_id=seller.seller_id,
        marketplace_id=place.marketplace_id,
        basket=tuple(_bought(world, place, line) for line in lines),
        fulfilled_by=fulfilled_by,
        shipping=_amount(raw.get("shipping", "0")),
        service_level=raw.get("service_level", "STANDARD"),
        ship_by_hours=float(raw.get("ship_by_hours", 48)),
        name=raw.get("name"),
        pending_s=None if pending is None else float(pending),
        disturbance=read_disturbance(raw.get("delivery")),
    )


def read_disturbance(raw: object) -> Disturbance | None:
    """The admin API's `delivery`; Impossible for a field that does not exist."""
    if not raw:
        return None
    try:
        return Disturbance(**raw)  # type: ignore[arg-type]
    except TypeError as error:
        msg = "delivery has the fields duplicate, delay_s, lose, reorder, notifications"
        raise Impossible(msg) from error


def _amount(raw: object) -> Decimal:
    try:
        amount = Decimal(str(raw))
    except InvalidOperation as error:
        msg = "an amount that is not a number"
        raise Impossible(msg) from error
    if not amount.is_finite() or amount < 0:
        msg = "an amount is finite and not negative"
        raise Impossible(msg)
    return amount


def _bought(world: World, place: Place, raw: Mapping[str, Any]) -> Bought:
    sku, quantity = raw.get("sku"), raw.get("quantity", 1)
    if not isinstance(sku, str) or isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        msg = "an item has a SKU and a quantity of at least 1"
        raise Impossible(msg)
    drawn = Decimal(world.draws.named("price", sku).randint(999, 8999)) / 100
    price = drawn if raw.get("unit_price") is None else _amount(raw["unit_price"])
    return Bought(sku, quantity, rounded(price, place), bool(raw.get("gift_wrap")), _amount(raw.get("discount") or "0"))


def place_order(world: World, wish: Wish) -> Order:
    """The order exists from now on; an immediately payable one starts as UNSHIPPED."""
    place = PLACES[wish.marketplace_id]
    order_id = _order_id(world, place)
    now = world.now()
    number = len(world.orders) + 1
    parts = proceeds(place, wish.basket, wish.shipping)
    order = Order(
        order_id=order_id,
        seller_id=wish.seller_id,
        marketplace_id=wish.marketplace_id,
        fulfilled_by=wish.fulfilled_by,
        status=Status.UNSHIPPED if wish.pending_s == 0 else Status.PENDING,
        created=now,
        updated=now,
        service_level=wish.service_level,
        ship_by=now + timedelta(hours=wish.ship_by_hours),
        items=[_item(world, line, share) for line, share in zip(wish.basket, parts, strict=True)],
        person=person(world.draws.named("person", number), place, number=number, canary=world.canary, name=wish.name),
    )
    if wish.disturbance is not None:
        world.deliveries.disturb(order_id, wish.disturbance)
    world.commit(order)
    if wish.pending_s:
        world.agenda.at(now + timedelta(seconds=wish.pending_s), lambda: _payment_arrived(world, order_id))
    return order


def _order_id(world: World, place: Place) -> str:
    while True:
        digits = world.draws.digits("order", 14)
        order_id = f"{place.order_prefix}-{digits[:7]}-{digits[7:]}"
        if order_id not in world.orders:
            return order_id


def _item(world: World, line: Bought, parts: tuple[Part, ...]) -> Item:
    product: random.Random = world.draws.named("product", line.sku)
    return Item(
        item_id=world.draws.digits("item", 13).rjust(14, "7"),
        sku=line.sku,
        asin="B0" + "".join(product.choices("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", k=8)),
        title=f"Product {line.sku}",
        quantity=line.quantity,
        unit_price=line.unit_price,
        gift_wrap=line.gift_wrap,
        promotion=f"PROMO-{line.sku}" if line.discount else "",
        proceeds=parts,
    )


def _payment_arrived(world: World, order_id: str) -> None:
    with world.lock:
        order = world.orders.get(order_id)
        if order is not None and order.status is Status.PENDING:
            release(world, order)


def release(world: World, order: Order) -> None:
    """The payment is there: the order can be shipped."""
    if order.status not in {Status.PENDING, Status.PENDING_AVAILABILITY}:
        msg = f"the order is {order.status}, not pending"
        raise Impossible(msg)
    order.status = Status.UNSHIPPED
    world.commit(order)


def cancel(world: World, order: Order, by: str) -> None:
    """`by`: BUYER, MERCHANT or AMAZON."""
    if order.status in {Status.SHIPPED, Status.CANCELLED} or order.packages:
        msg = f"the order is {order.status} or has packages: too late to cancel"
        raise Impossible(msg)
    order.status, order.cancelled_by = Status.CANCELLED, by
    world.commit(order)


def request_cancel(world: World, order: Order, reason: str) -> None:
    """The buyer asks the seller to cancel; nothing else changes."""
    if order.status not in SHIPPABLE:
        msg = f"the order is {order.status}: there is nothing to ask for"
        raise Impossible(msg)
    for item in order.items:
        item.cancel_reason = reason
    world.commit(order, order_change.BUYER_REQUEST)


def ship(world: World, order: Order) -> None:
    """Amazon's own warehouse ships everything."""
    if order.fulfilled_by != AMAZON or order.status not in SHIPPABLE:
        msg = "only an unshipped order that Amazon fulfils can be shipped by Amazon"
        raise Impossible(msg)
    order.status = Status.SHIPPED
    world.commit(order)


def touch(world: World, order: Order, shown: Mapping[str, Any]) -> None:
    """From now on the API shows these values instead of the true ones; None takes a field away."""
    fields = dict(shown)
    if "fulfillmentStatus" in fields:
        status = fields.pop("fulfillmentStatus")
        fields["fulfillment"] = {**fields.get("fulfillment", {}), "fulfillmentStatus": status}
    order.touched.update(fields)
    world.commit(order)
