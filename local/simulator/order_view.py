"""An order as Orders 2026-01-01 shows it: only the sections asked for, personal data only with the role."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from local.simulator.amounts import by_kind
from local.simulator.moments import stamp
from local.simulator.records import PII_ROLE, Item, Order, Package, Part, Seller, Status

SECTIONS = frozenset(
    {
        "BUYER",
        "RECIPIENT",
        "PROCEEDS",
        "EXPENSE",
        "PROMOTION",
        "CANCELLATION",
        "FULFILLMENT",
        "PACKAGES",
        "TAX",
        "PAYMENT",
        "FULFILLMENT_ORDERS",
    }
)
# Sections of the order itself that are only there when asked for, by field.
_SECTION_OF = {
    "buyer": "BUYER",
    "recipient": "RECIPIENT",
    "proceeds": "PROCEEDS",
    "payment": "PAYMENT",
    "tax": "TAX",
    "fulfillment": "FULFILLMENT",
    "packages": "PACKAGES",
    "fulfillmentOrders": "FULFILLMENT_ORDERS",
}


def view(order: Order, seller: Seller, sections: Collection[str]) -> dict[str, Any]:
    """The `Order` object; an order that is not paid yet has no amounts."""
    personal = PII_ROLE in seller.roles and order.personal_data_shown
    shown: dict[str, Any] = {
        "orderId": order.order_id,
        "createdTime": stamp(order.created),
        "lastUpdatedTime": stamp(order.updated),
        "programs": [],
        "salesChannel": {
            "channelName": "AMAZON",
            "marketplaceId": order.marketplace_id,
            "marketplaceName": order.place.name,
        },
        "orderItems": [_item(order, item, sections, personal=personal) for item in order.items],
        **(_personal(order) if personal else {}),
        **(_amounts(order) if _paid(order) else {}),
        "fulfillment": _fulfillment(order),
        "packages": [_package(package) for package in order.packages.values()],
    }
    if not order.packages:
        del shown["packages"]
    _touch(shown, order.touched)
    return {name: value for name, value in shown.items() if _SECTION_OF.get(name) in {None, *sections}}


def _touch(shown: dict[str, Any], touched: Mapping[str, Any]) -> None:
    """Lay `touched` over what is shown: objects and lists go deeper, None takes away; personal data stays hidden."""
    for name, value in touched.items():
        if name in {"buyer", "recipient"} and name not in shown:
            continue
        if value is None:
            shown.pop(name, None)
        elif isinstance(value, Mapping):
            deeper = dict(shown.get(name) or {})
            _touch(deeper, value)
            shown[name] = deeper
        elif (
            isinstance(value, list)
            and isinstance(shown.get(name), list)
            and all(isinstance(part, dict) for part in value)
        ):
            for part, below in zip(shown[name], value, strict=False):
                _touch(part, below)
            shown[name].extend(value[len(shown[name]) :])
        else:
            shown[name] = value


def _paid(order: Order) -> bool:
    return order.status not in {Status.PENDING, Status.PENDING_AVAILABILITY}


def money(amount: Decimal, order: Order) -> dict[str, str]:
    return {"amount": str(amount.quantize(order.place.minor_unit)), "currencyCode": order.place.currency}


def _personal(order: Order) -> dict[str, Any]:
    person = order.person
    address = {
        "name": person.name,
        "addressLine1": person.line1,
        "addressLine2": person.line2,
        "city": person.city,
        "stateOrRegion": person.region,
        "postalCode": person.postal_code,
        "countryCode": person.country,
        "phone": person.phone,
        "addressType": "RESIDENTIAL",
    }
    return {
        "buyer": {"buyerName": person.buyer_name, "buyerEmail": person.buyer_email},
        "recipient": {
            "deliveryAddress": {name: value for name, value in address.items() if value},
            "deliveryPreference": {"addressInstruction": person.instruction},
        },
    }


def _amounts(order: Order) -> dict[str, Any]:
    sums = by_kind([part for item in order.items for part in item.proceeds])
    total = money(order.total, order)
    return {
        "proceeds": {
            "grandTotal": total,
            "breakdowns": [{"type": kind, "subtotal": money(amount, order)} for kind, amount in sums.items()],
        },
        "payment": {"paymentExecutions": [{"paymentMethod": "CreditCard", "paymentAmount": total}]},
        "tax": {"taxRegistrations": []},
    }


def _fulfillment(order: Order) -> dict[str, Any]:
    return {
        "fulfillmentStatus": str(order.status),
        "fulfilledBy": order.fulfilled_by,
        "fulfillmentServiceLevel": order.service_level,
        "shipByWindow": {"earliestDateTime": stamp(order.created), "latestDateTime": stamp(order.ship_by)},
        "deliverByWindow": {
            "earliestDateTime": stamp(order.ship_by + timedelta(days=1)),
            "latestDateTime": stamp(order.ship_by + timedelta(days=4)),
        },
    }


def _package(package: Package) -> dict[str, Any]:
    items = [{"orderItemId": item_id, "quantity": quantity} for item_id, quantity in package.quantities.items()]
    return {
        "packageReferenceId": package.reference,
        "createdTime": stamp(package.created),
        "packageStatus": {"status": "SHIPPED"},
        "carrier": package.carrier,
        "shipTime": stamp(package.shipped),
        "shippingService": package.method,
        "trackingNumber": package.tracking,
        "packageItems": items,
    }


def _item(order: Order, item: Item, sections: Collection[str], *, personal: bool) -> dict[str, Any]:
    product: dict[str, Any] = {
        "asin": item.asin,
        "title": item.title,
        "sellerSku": item.sku,
        "condition": {"conditionType": "NEW"},
    }
    shown: dict[str, Any] = {"orderItemId": item.item_id, "quantityOrdered": item.quantity, "product": product}
    if _paid(order):
        product["price"] = {"unitPrice": money(item.unit_price, order)}
    if "PROCEEDS" in sections and _paid(order):
        breakdowns = [_breakdown(order, part) for part in item.proceeds]
        shown["proceeds"] = {"proceedsTotal": money(item.total, order), "breakdowns": breakdowns}
    if "PROMOTION" in sections and item.promotion:
        shown["promotion"] = {"breakdowns": [{"promotionId": item.promotion}]}
    if "CANCELLATION" in sections and (item.cancel_reason or order.cancelled_by):
        shown["cancellation"] = _cancellation(order, item)
    if "FULFILLMENT" in sections:
        shown["fulfillment"] = _item_fulfillment(order, item, personal=personal)
    if "TAX" in sections and order.place.tax_added is not None:
        shown["tax"] = {
            "taxCollections": [{"model": "MARKETPLACE_FACILITATOR", "responsibleParty": "Amazon Services, Inc."}]
        }
    return shown


def _breakdown(order: Order, part: Part) -> dict[str, Any]:
    breakdown: dict[str, Any] = {"type": part.kind, "subtotal": money(part.amount, order)}
    if part.details:
        breakdown["detailedBreakdowns"] = [
            {"subtype": kind, "value": money(amount, order)} for kind, amount in part.details
        ]
    return breakdown


def _cancellation(order: Order, item: Item) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if item.cancel_reason:
        shown["cancellationRequest"] = {"requester": "BUYER", "cancelReason": item.cancel_reason}
    if order.cancelled_by:
        shown["cancellationExecution"] = {"cancelledBy": order.cancelled_by, "cancelReason": "Cancelled"}
    return shown


def _item_fulfillment(order: Order, item: Item, *, personal: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "quantityFulfilled": order.shipped_of(item),
        "quantityUnfulfilled": order.unshipped_of(item),
    }
    if item.gift_wrap:
        message = {"giftMessage": order.person.gift_message} if personal else {}
        shown["packing"] = {"giftOption": {**message, "giftWrapLevel": "Classic"}}
    return shown
