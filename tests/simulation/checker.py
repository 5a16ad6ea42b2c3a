"""The judge: what Amazon and the ERP hold in the end, and what was said on the way. Knows nothing of handlers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from tests.simulation.clock import START
from tests.simulation.erp import CANCELLED as ERP_CANCELLED
from tests.simulation.erp import PROCESSING, Delivery, Doc
from tests.simulation.orders import CANCELLED, SHIPPED, Order
from tests.simulation.world import World

KINDS = (
    "lost",
    "stale",
    "duplicate_erp_document",
    "parcel_confirmed_twice",
    "lost_tracking",
    "quantity_above_ordered",
    "cross_tenant",
    "call_above_quota",
    "never_finished",
)
LOGINS = 24
"""In half an hour without consent, with every function dying now and then: more is a storm."""
Violation = tuple[str, str]
"""Kind, and what it is about."""


def violations(world: World) -> list[Violation]:
    found = list(world.amazon.book.troubles)
    for order in world.amazon.orders.values():
        docs = world.erp.docs.get((*order.seller, order.order_id), [])  # type: ignore[arg-type]
        found += _documents(world, order, docs)
        found += _facts(world, order)
        found += _parcels(world, order)
    found += _foreign(world)
    storms = {seller: count for seller, count in world.amazon.book.refused_logins.items() if count > LOGINS}
    found += [
        ("call_above_quota", f"{count} logins of {seller}, whose consent is gone") for seller, count in storms.items()
    ]
    found += [("never_finished", text) for text in world.unfinished()]
    found += [("never_finished", f"message in {q.name}") for q in world.queues.values() if q.unfinished]
    found += [("never_finished", text) for text in _parked(world)]
    found += [("never_finished", f"bug: {text}") for text in world.strands_failed]
    if world.signals.counts["Bug"]:
        found.append(("never_finished", f"{world.signals.counts['Bug']} bugs"))
    return found


def _documents(world: World, order: Order, docs: list[Doc]) -> Iterator[Violation]:
    if len(docs) > 1:
        yield "duplicate_erp_document", f"{order.name}: {len(docs)} documents"
    if not docs:
        if order.wanted_ever and order.status != CANCELLED:
            yield "lost", f"{order.name}: {order.status}, no document"
        return
    doc = docs[0]
    if not order.wanted_ever:
        yield "stale", f"{order.name}: a document of an order that was never to be shipped"
    asked = order.cancel_requested and order.status not in {CANCELLED, SHIPPED}
    if asked and doc.state == PROCESSING and not doc.shipped and not doc.reasons:
        yield "stale", f"{order.name}: the buyer asked to cancel, the document was never held"
    if doc.goods != order.items and not order.reduced:
        yield "stale", f"{order.name}: other quantities in the ERP"
    yield from _changes(world, order, doc)


def _changes(world: World, order: Order, doc: Doc) -> Iterator[Violation]:
    """Amazon cancelled or reduced the order after the document was made."""
    if order.status == CANCELLED and world.erp.stopped.get(doc.key, -1.0) < doc.second:
        yield "stale", f"{order.name}: cancelled at Amazon, and the ERP was not asked to stop its document"
    if order.status == CANCELLED and not doc.shipped and doc.state != ERP_CANCELLED:
        yield "stale", f"{order.name}: cancelled at Amazon, {doc.state} in the ERP"
    if order.status not in {CANCELLED, SHIPPED} and doc.state == ERP_CANCELLED:
        yield "stale", f"{order.name}: cancelled in the ERP only"
    if order.reduced and order.status not in {CANCELLED, SHIPPED} and doc.goods != order.items:
        work = world.items.partitions.get(order.partition, {}).items()
        if not any(item.get("shelf") == "parked" for sk, item in work if sk.startswith("FX#")):
            yield "stale", f"{order.name}: quantities were reduced, and no human was asked"


def _facts(world: World, order: Order) -> Iterator[Violation]:
    item = world.items.partitions.get(order.partition, {}).get("HEAD")
    if item is None:
        yield "lost", f"{order.name}: never seen"
        return
    told = (START + timedelta(microseconds=round(order.updated * 1000) * 1000)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    seen = item.get("v"), item.get("status")
    if seen != (told, order.status):
        yield "stale", f"{order.name}: known as {seen}, is {(told, order.status)}"


def _parcels(world: World, order: Order) -> Iterator[Violation]:
    of_order = [d for d in world.erp.deliveries.values() if _same(d, order)]
    trackings = {
        tracking: (d.shipment.shipment_id, p) for d in of_order for p, ts in d.trackings.items() for tracking in ts
    }
    references: dict[tuple[str, str], set[str]] = {}
    for _, seller, order_id, reference, tracking in world.amazon.book.confirmed:
        if (seller, order_id) != (order.seller, order.order_id):
            continue
        if tracking not in trackings:
            yield "cross_tenant", f"{order.name}: tracking {tracking} of somebody else"
            continue
        references.setdefault(trackings[tracking], set()).add(reference)
    for parcel, used in references.items():
        if len(used) > 1:
            yield "parcel_confirmed_twice", f"{order.name}: {parcel} as {sorted(used)}"
    if len(order.packages) > len(trackings.values() and set(trackings.values())):
        yield "parcel_confirmed_twice", f"{order.name}: {len(order.packages)} packages at Amazon"
    if order.status == CANCELLED:
        return
    yield from _tracked(order, of_order)


def _tracked(order: Order, deliveries: list[Delivery]) -> Iterator[Violation]:
    packed = Counter[str]()
    for delivery in deliveries:
        for package in delivery.shipment.packages:
            packed.update({str(item): units for item, units in package.lines})
    if any(units > order.items[item] for item, units in packed.items()):
        return
    shown = {package.tracking: package.lines for package in order.packages.values()}
    for delivery in deliveries:
        for package in delivery.shipment.packages:
            lines = {str(item): units for item, units in package.lines}
            if package.tracking and shown.get(package.tracking) != lines:
                yield "lost_tracking", f"{order.name}: Amazon does not show {package.tracking}"


def _same(delivery: Delivery, order: Order) -> bool:
    key = delivery.shipment.key
    return (key.seller, key.order_id) == (order.seller, order.order_id)


def _foreign(world: World) -> Iterator[Violation]:
    for docs in world.erp.docs.values():
        for doc in docs:
            if doc.recipient != f"{doc.key.region}/{doc.key.seller_id}/{doc.key.order_id}":
                yield "cross_tenant", f"{doc.key}: goes to {doc.recipient}"


def _parked(world: World) -> Iterator[str]:
    """Laid aside for a human, although nothing but weather happened to the order."""
    for pk, partition in world.items.partitions.items():
        if "#O#" not in pk:
            continue
        _, region, seller_id, _, order_id = pk.split("#", 4)
        order = next((o for o in world.amazon.orders.values() if o.partition == pk), None)
        for sk, item in partition.items():
            if "shelf" in item and not (order and (order.reduced or order.overpacked or order.status == CANCELLED)):
                yield f"{region}/{seller_id}/{order_id} {sk} is {item['shelf']}: {item.get('reason')}"
