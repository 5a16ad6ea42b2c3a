"""What a sweep would find, told by a world that sees everything: a sweep that would find nothing need not be run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.domain.documents import Shipment
from bridge.domain.ids import Seller
from bridge.domain.lines import OPERATIONS, Line
from bridge.domain.times import to_text
from bridge.stores import keys
from bridge.stores.table import Key
from bridge.sweeps.due import OVERDUE
from tests.simulation.clock import moment

if TYPE_CHECKING:
    from tests.simulation.orders import Order
    from tests.simulation.world import World

LARGEST_SKEW_S = 2.5
"""Of one clock against the right time."""
_OVERDUE_S = OVERDUE.total_seconds() - LARGEST_SKEW_S
_EARLY_S = 5 + 2 * LARGEST_SKEW_S


class Foresight:
    """`promising`: may this sweep find anything now? In doubt it may."""

    def __init__(self, world: World) -> None:
        self._items, self._amazon, self._erp, self._hub = world.items, world.amazon, world.erp, world.hub
        self._cursors = [keys.cursor(seller, "orders") for seller in world.sellers]
        self._sellers = [(keys.paused(seller), keys.seller(seller)) for seller in world.sellers]
        self._lines = [keys.line(Line(seller, name)) for seller in world.sellers for name in OPERATIONS]
        self.promising = {"due": self._due, "orders": self._orders, "shipments": self._shipments}

    def _due(self) -> bool:
        items = self._items
        items.catch_up()
        if self._line_is_due():
            return True
        return items.earliest <= self._hub.now - _OVERDUE_S or any(
            items.index.get(shard) and (items.item(row) or {}).get("mode") == "live" for shard, row in self._sellers
        )

    def _line_is_due(self) -> bool:
        now = to_text(moment(self._hub.now - _OVERDUE_S))
        return any((items or {}).get("next", "~") <= now for items in map(self._items.item, self._lines))

    def _orders(self) -> bool:
        unseen = self._amazon.unseen
        if not unseen or not self._search_is_due():
            return False
        now = self._hub.now
        for order in tuple(unseen.values()):
            known, shown = self._known(order), order.updated_shown(now)
            if known == order.history[-1][3]:
                del unseen[order.seller, order.order_id]
            elif shown is not None and shown != known:
                return True
        return False

    def _search_is_due(self) -> bool:
        soon = to_text(moment(self._hub.now + _EARLY_S))
        for place in self._cursors:
            cursor = self._items.item(place) or {}
            if "token" in cursor or cursor.get("next", "") <= soon:
                return True
        return False

    def _known(self, order: Order) -> str:
        seller: Seller = order.seller
        head = self._items.item(Key(f"T#{seller.region}#{seller.seller_id}#O#{order.order_id}", "HEAD"))
        return str(head["v"]) if head else ""

    def _shipments(self) -> bool:
        now, newest = self._hub.now, self._erp.newest
        return bool(newest) and any(
            delivery.visible <= now and not self._taken_in(delivery.shipment) for delivery in tuple(newest.values())
        )

    def _taken_in(self, shipment: Shipment) -> bool:
        """Asked until it is true: nothing is ever forgotten."""
        for package in shipment.packages:
            item = self._items.item(keys.parcel(shipment.key, f"{shipment.shipment_id}#{package.package_id}"))
            if item is None or item["tracking"] != package.tracking:
                return False
        del self._erp.newest[shipment.shipment_id]
        return True
