"""Everything the simulated Amazon knows at this moment, behind one lock."""

from __future__ import annotations

import copy
import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.simulator import order_change
from local.simulator.agenda import Agenda
from local.simulator.buckets import Buckets
from local.simulator.consents import Consents
from local.simulator.deliveries import Deliveries, Post
from local.simulator.draws import Draws
from local.simulator.faults import Faults
from local.simulator.moments import Clock, to_millis, utc_now
from local.simulator.records import Order
from local.simulator.scale import SCALES, Scale
from local.simulator.subscriptions import Subscriptions
from local.simulator.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Page:
    """What a pagination token stands for: the query, and the last order already given."""

    seller_id: str
    query: dict[str, list[str]]
    last: tuple[datetime, str]
    expires: datetime


class World:
    """Same seed and same requests, same ids, people and amounts. Hold `lock` around every use."""

    def __init__(
        self,
        *,
        seed: int = 1,
        scale: Scale = SCALES["amazon"],
        clock: Clock = utc_now,
        canary: str = "",
        post: Post | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.scale = scale
        self.agenda = Agenda(clock)
        self.faults = Faults()
        self._seed, self._canary, self._post = seed, canary, post
        self.reset()

    def reset(self, seed: int | None = None) -> None:
        """Forget everything and start again, with the same seed if no other is given."""
        self._seed = self._seed if seed is None else seed
        self.canary = self._canary or f"cnry{hashlib.sha256(str(self._seed).encode()).hexdigest()[:10]}"
        self.agenda.clear()
        self.faults.clear()
        self.draws = Draws(self._seed)
        self.consents = Consents(self.draws, self.canary)
        self.subscriptions = Subscriptions()
        self.buckets = Buckets()
        self.transcript = Transcript()
        self.deliveries = Deliveries(
            self.agenda, self.draws, self.clock, post=self._post, hold_s=self.scale.reorder_hold_s
        )
        self.orders: dict[str, Order] = {}
        self.pages: dict[str, Page] = {}
        self.confirmations: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        """Accepted confirmShipment calls per order and package reference."""
        self._history: dict[str, list[Order]] = defaultdict(list)

    def now(self) -> datetime:
        """In the precision that Amazon tells."""
        return to_millis(self.clock())

    def commit(self, order: Order, change: str = order_change.STATUS_CHANGE) -> None:
        """The order has changed: a later lastUpdatedTime, a version for the search, a notification."""
        known = order.order_id in self.orders
        order.updated = max(self.now(), order.updated + timedelta(milliseconds=1)) if known else order.created
        self.orders[order.order_id] = order
        self._history[order.order_id].append(copy.deepcopy(order))
        self._notify(order, change)

    def searchable(self, seller_id: str) -> Iterator[Order]:
        """The seller's orders as the search sees them: without the changes of the last moments."""
        until = self.now() - timedelta(seconds=self.scale.search_lag_s)
        for order in self.orders.values():
            if order.seller_id == seller_id:
                seen = [version for version in self._history[order.order_id] if version.updated <= until]
                if seen:
                    yield seen[-1]

    def order_of(self, seller_id: str, order_id: str) -> Order | None:
        order = self.orders.get(order_id)
        return order if order is not None and order.seller_id == seller_id else None

    def _notify(self, order: Order, change: str) -> None:
        subscribed = list(self.subscriptions.of("", order.seller_id, "ORDER_CHANGE"))
        if not subscribed:
            self.deliveries.unsent["unsubscribed"] += 1
        for subscription in subscribed:
            destination = self.subscriptions.destinations.get(subscription.destination_id)
            if destination is None or not subscription.wants(order.marketplace_id, change):
                self.deliveries.unsent["filtered"] += 1
                continue
            notification_id = self.draws.identity("notification")
            metadata = {
                "ApplicationId": self.consents.applications[subscription.client_id].application_id,
                "SubscriptionId": subscription.subscription_id,
                "NotificationId": notification_id,
            }
            body: dict[str, Any] = order_change.envelope(order, change, metadata, self.clock())
            text = json.dumps(body, ensure_ascii=False)
            self.deliveries.send(order.order_id, notification_id=notification_id, arn=destination.arn, body=text)
