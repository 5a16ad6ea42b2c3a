"""What the admin API tells of the world: the whole truth, figures, and every value that must not leak."""

from __future__ import annotations

from typing import Any

from local.simulator.moments import stamp
from local.simulator.order_view import money
from local.simulator.people import CANARY_FIELDS
from local.simulator.records import Item, Order
from local.simulator.world import World


def order_truth(world: World, order: Order) -> dict[str, Any]:
    """Everything, personal data included."""
    person = order.person
    return {
        **order_line(order),
        "created": stamp(order.created),
        "updated": stamp(order.updated),
        "service_level": order.service_level,
        "ship_by": stamp(order.ship_by),
        "cancelled_by": order.cancelled_by,
        "items": [_item(order, item) for item in order.items],
        "packages": [
            {
                "reference": package.reference,
                "carrier_code": package.carrier_code,
                "carrier": package.carrier,
                "method": package.method,
                "tracking": package.tracking,
                "shipped": stamp(package.shipped),
                "created": stamp(package.created),
                "quantities": package.quantities,
                "confirmations": world.confirmations[order.order_id][package.reference],
            }
            for package in order.packages.values()
        ],
        "person": {
            field: getattr(person, field) for field in (*CANARY_FIELDS, "city", "region", "postal_code", "country")
        },
    }


def order_line(order: Order) -> dict[str, Any]:
    total = money(order.total, order)
    return {
        "order_id": order.order_id,
        "seller_id": order.seller_id,
        "marketplace_id": order.marketplace_id,
        "fulfilled_by": order.fulfilled_by,
        "status": str(order.status),
        "grand_total": total["amount"],
        "currency": total["currencyCode"],
    }


def _item(order: Order, item: Item) -> dict[str, Any]:
    return {
        "item_id": item.item_id,
        "sku": item.sku,
        "quantity": item.quantity,
        "shipped": order.shipped_of(item),
        "unit_price": money(item.unit_price, order)["amount"],
        "total": money(item.total, order)["amount"],
        "proceeds": {part.kind: money(part.amount, order)["amount"] for part in item.proceeds},
        "cancel_reason": item.cancel_reason,
    }


def figures(world: World) -> dict[str, Any]:
    """Counted from the transcript and the deliveries; `http_429` are Amazon's own refusals and planted ones."""
    return {
        "requests": len(world.transcript),
        "operations": world.transcript.counts(),
        "http_429": world.transcript.with_status(429),
        "not_implemented": world.transcript.with_status(501),
        "notifications": world.deliveries.figures(),
        "confirmations": {order_id: dict(packages) for order_id, packages in world.confirmations.items()},
    }


def canaries(world: World) -> dict[str, Any]:
    """Every planted value by field. Postal codes cannot carry the canary text and are listed on their own."""
    people = [order.person for order in world.orders.values()]
    return {
        "canary": world.canary,
        "fields": {
            **{field: [getattr(person, field) for person in people] for field in CANARY_FIELDS},
            "refresh_token": [seller.refresh_token for seller in world.consents.sellers.values()],
            "access_token": list(world.consents.tokens),
            "client_secret": list(world.consents.secrets()),
        },
        "postal_codes": [person.postal_code for person in people],
    }
