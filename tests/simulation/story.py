"""What buyers, Amazon and the people at the ERP do in one schedule; drawn from the seed, timed to get in the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from bridge.domain.ids import OrderKey
from tests.simulation.erp import PROCESSING, Delivery, Doc
from tests.simulation.orders import CANCELLED, PENDING, SHIPPED, UNSHIPPED, Order
from tests.simulation.strand import Strand
from tests.simulation.world import World

HOUR = 3600.0
_SPANS = (60.0, 300.0, 900.0)
FATES = {
    "plain": 60,
    "fba": 6,
    "cancelled while pending": 5,
    "cancelled soon": 7,
    "cancelled at hand-over": 8,
    "cancelled later": 3,
    "buyer asks": 7,
    "reduced": 4,
}
_WAVE = 600.0
"""Every ten minutes the warehouse ships much at once."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Shares: of the orders that stay unpaid, and of the documents that the warehouse gets to, within the schedule."""

    unpaid: float
    shipped: float


QUIET, BUSY = Pace(unpaid=0.9, shipped=0.2), Pace(unpaid=0.0, shipped=1.0)

_MANY = 12
"""How often people look again whether they can go on."""


class Story:
    """`pending` counts what people have still to do."""

    def __init__(self, world: World, seed: int, pace: Pace = BUSY) -> None:
        self.world = world
        self.pending = 0
        self.fates: dict[tuple[str, str, str], str] = {}
        self.gaps: list[float] = []
        """Seconds from the moment an order could be handed over until the ERP had its document."""
        self.known: dict[str, float] = {}
        """Order → seconds from that moment until the bridge knew."""
        self._rng = Random(seed * 2 + 1)
        self._hub = world.hub
        self._trackings = 0
        self._pace = pace
        world.erp.watch = self._made
        world.items.on_head = self._known if world.thorough else None
        world.erp.on_create = self._being_made
        world.amazon.on_confirm = self._being_confirmed

    def begin(self, orders: int, span_s: float = 0.0) -> None:
        """Orders with the same ids for all sellers, in a rush or one by one; and some noise in the inbox."""
        drawn = self._rng.choice(_SPANS)
        span = span_s or drawn
        sellers = self.world.sellers
        for n in range(orders):
            seller = sellers[n % len(sellers)]
            order_id = f"305-{n // len(sellers):07d}-0000001"
            self._later(self._within(0, span), lambda seller=seller, order_id=order_id: self._place(seller, order_id))
        for body in ("{", json.dumps({"NotificationType": "ORDER_CHANGE"}), "[]"):
            if self._rng.random() < 0.15:
                self._later(self._within(0, HOUR), lambda body=body: self.world.queues["inbox"].send(body))

    def _within(self, low: float, high: float) -> float:
        return low + (high - low) * self._rng.random()

    def _later(self, seconds: float, act: Callable[[], Any]) -> None:
        self.pending += 1

        def acting() -> None:
            self.pending -= 1
            act()

        self._hub.after(seconds, acting)

    # At Amazon.

    def _place(self, seller: Any, order_id: str) -> None:
        rng = self._rng
        fate = rng.choices(list(FATES), list(FATES.values()))[0]
        items = {f"{order_id[4:11]}{n}": rng.randint(1, 3) for n in range(rng.randint(1, 2))}
        order = Order(seller, order_id, self._hub.now, items, by_merchant=fate != "fba")
        self.fates[seller.region, seller.seller_id, order_id] = fate
        self.place(order, fate)

    def place(self, order: Order, fate: str) -> None:
        pending = fate == "cancelled while pending" or self._rng.random() < 0.2
        if pending or self._rng.random() < self._pace.unpaid:
            self.world.amazon.commit(order)
            if not pending:
                return
            paid = self._within(0, 900) if self._rng.random() < 0.7 else self._within(0, 5)
            act = self._cancel if fate == "cancelled while pending" else self._pay
            self._later(paid, lambda: act(order))
        else:
            self._pay(order)

    def _pay(self, order: Order) -> None:
        order.status, order.paid = UNSHIPPED, self._hub.now
        self.world.amazon.commit(order)
        fate = self.fates[order.seller.region, order.seller.seller_id, order.order_id]
        if fate == "fba":
            self._later(self._within(60, 1500), lambda: self._amazon_ships(order))
        if fate == "cancelled soon":
            at_once = self._rng.random() < 0.4
            self._later(self._within(0, 0.3) if at_once else self._soon(), lambda: self._cancel(order))

    def _soon(self) -> float:
        """Moments, or a minute or two."""
        return self._within(0, 5) if self._rng.random() < 0.5 else self._within(0, 120)

    def _cancel(self, order: Order) -> None:
        self.world.amazon.cancel(order)

    def _amazon_ships(self, order: Order) -> None:
        order.status = SHIPPED
        self.world.amazon.commit(order)

    def _ask(self, order: Order) -> None:
        if order.status == UNSHIPPED:
            order.cancel_requested = True
            self.world.amazon.commit(order, "BuyerRequestedChange")
            self._later(self._within(300, 1500), lambda: self._decide(order, 0))

    def _reduce(self, order: Order) -> None:
        item = max(order.items, key=lambda item: order.items[item])
        if order.status == UNSHIPPED and order.items[item] > 1:
            order.items[item] -= 1
            order.reduced = True
            self.world.amazon.commit(order)

    # At the ERP.

    def _order_of(self, key: OrderKey) -> Order:
        return self.world.amazon.orders[key.seller, key.order_id]

    def _being_made(self, key: OrderKey) -> None:
        """A document is on its way: the worst moment for anything else to happen."""
        order = self._order_of(key)
        fate = self.fates.get((key.region, key.seller_id, key.order_id), "")
        act = {"cancelled at hand-over": self._cancel, "buyer asks": self._ask, "reduced": self._reduce}.get(fate)
        if act is not None:
            self.fates[key.region, key.seller_id, key.order_id] = "acted"
            self._later(self._soon() if self._rng.random() < 0.7 else self._within(60, 900), lambda: act(order))

    def _made(self, doc: Doc) -> None:
        if len(self.world.erp.docs[doc.key]) > 1:
            return
        self.gaps.append(self._hub.now - self._order_of(doc.key).paid)
        if self.fates.get((doc.key.region, doc.key.seller_id, doc.key.order_id)) == "cancelled later":
            self._later(self._within(30, 900), lambda: self._cancel(self._order_of(doc.key)))
        if self._rng.random() >= self._pace.shipped:
            return
        wait = self._within(1, 30) if self._rng.random() < 0.2 else self._within(60, 900)
        if self._rng.random() < 0.6:
            wait += _WAVE - (self._hub.now + wait) % _WAVE + self._within(0, 30)
        self._later(wait, lambda: self._ship(doc, 0))

    def _known(self, head: Any) -> None:
        if head["status"] == UNSHIPPED and head["pk"] not in self.known:
            order = next(one for one in self.world.amazon.orders.values() if one.partition == head["pk"])
            self.known[head["pk"]] = self._hub.now - order.paid

    def _decide(self, order: Order, times: int) -> None:
        """Cancel at Amazon, or ship all the same; not before the bridge has held the document."""
        docs = self.world.erp.docs.get(OrderKey(*order.seller, order.order_id), [])  # type: ignore[arg-type]
        if order.status == CANCELLED or not docs or docs[0].state != PROCESSING:
            return
        if not docs[0].held:
            if times < _MANY:
                self._later(300, lambda: self._decide(order, times + 1))
        elif self._rng.random() < 0.5:
            self._cancel(order)
        else:
            docs[0].held = False

    def _ship(self, doc: Doc, times: int) -> None:
        if doc.state != PROCESSING:
            return
        if doc.held:
            if times < _MANY:
                self._later(300, lambda: self._ship(doc, times + 1))
            return
        left = {item: units - doc.shipped.get(item, 0) for item, units in doc.goods.items()}
        left = {item: units for item, units in left.items() if units > 0}
        if not left:
            return
        way = self._rng.random()
        parcels = [left]
        if way < 0.3 and sum(left.values()) > 1:
            first = {next(iter(left)): 1}
            rest = {item: units - first.get(item, 0) for item, units in left.items() if units > first.get(item, 0)}
            parcels = [first, rest] if way < 0.2 else [first]
            if way >= 0.2:
                self._later(self._within(20, 600), lambda: self._ship(doc, times))
        self._shipped(doc, parcels, untracked=way > 0.92)

    def _shipped(self, doc: Doc, parcels: list[Any], *, untracked: bool) -> None:
        if self._rng.random() < 0.03:
            item = next(iter(parcels[-1]))
            parcels = [*parcels[:-1], {**parcels[-1], item: doc.goods[item] + 1}]
            self._order_of(doc.key).overpacked = True
        trackings = ["" if untracked else self._tracking() for _ in parcels]
        seen = self._within(0, 85) if self._rng.random() < 0.4 else 0.0
        delivery = self.world.erp.ship(doc, parcels, trackings, seen=seen)
        if not untracked and self._rng.random() < 0.5:
            self._later(self._within(0, 5), lambda: self._tell(delivery, 0))
        if untracked or self._rng.random() < 0.2:
            self._later(
                self._soon() if self._rng.random() < 0.6 else self._within(1, 1500), lambda: self._correct(delivery)
            )

    def _tracking(self) -> str:
        self._trackings += 1
        return f"T{self._trackings}"

    def _correct(self, delivery: Delivery) -> None:
        for package in delivery.shipment.packages:
            if not package.tracking or self._rng.random() < 0.7:
                self.world.erp.correct(delivery, package.package_id, self._tracking())

    def _being_confirmed(self, tracking: str) -> None:
        """Just now somebody finds that the tracking number is wrong."""
        if self._rng.random() > 0.1:
            return
        shipped = (d for d in self.world.erp.deliveries.values() if any(tracking in ts for ts in d.trackings.values()))
        delivery = next(shipped)
        self._later(self._within(0, 0.5), lambda: self._correct(delivery))
        self._later(self._within(0, 1), lambda: self._tell(delivery, 0))

    def _tell(self, delivery: Delivery, times: int) -> None:
        """The ERP calls the bridge's HTTP API, and calls again when it is told to."""
        shipment = delivery.shipment
        packages = [
            {
                "package_id": package.package_id,
                "carrier": package.carrier,
                "tracking": package.tracking,
                "shipped_at": package.shipped_at.isoformat(),
                "lines": [{"order_item_id": item, "quantity": units} for item, units in package.lines],
            }
            for package in shipment.packages
        ]
        body = {"region": shipment.key.region, "seller_id": shipment.key.seller_id, "order_id": shipment.key.order_id}
        event = {
            "routeKey": "POST /v1/shipments",
            "body": json.dumps({**body, "shipment_id": shipment.shipment_id, "packages": packages}),
        }

        def done(strand: Strand) -> None:
            if (strand.result or {}).get("statusCode") != 202 and times < 3:
                self._later(self._within(1, 60), lambda: self._tell(delivery, times + 1))

        self.world.api.invoke(event, done)


def unpaid(order: Order) -> bool:
    return order.status == PENDING
