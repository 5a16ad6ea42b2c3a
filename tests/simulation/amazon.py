"""Amazon: orders and their changes, the search that lags, confirmations, token buckets, and a book of it all."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bridge.domain.ids import Seller
from tests.simulation.clock import START, Hub, moment
from tests.simulation.orders import CANCELLED, PARTIAL, PENDING, SHIPPED, UNSHIPPED, Order, Package, notification, stamp
from tests.simulation.weather import Weather

APPLICATION = "amzn1.sp.solution.simulated"
LAG_S = 120.0
SEARCHED_UNTIL_S = 120.0
"""An upper bound of a search must lie at least so far in the past."""
LIMITS = {"getOrder": (0.5, 30), "searchOrders": (0.0056, 20), "confirmShipment": (2.0, 10)}


@dataclass
class Book:
    """What happened, for the checker: kind of trouble and what it was about."""

    troubles: list[tuple[str, str]] = field(default_factory=list)
    confirmed: list[tuple[float, Seller, str, str, str]] = field(default_factory=list)
    """Second, seller, order, package reference, tracking: as Amazon accepted them."""
    refused_logins: Counter[Seller] = field(default_factory=Counter)
    """Of sellers who took their consent back."""


class Amazon:
    """`publish` puts a notification on its way, with all times if `exact`; `whole_seconds` rounds lastUpdatedTime."""

    def __init__(self, hub: Hub, weather: Weather, publish: Callable[[str], None]) -> None:
        self.orders: dict[tuple[Seller, str], Order] = {}
        self.of_seller: dict[Seller, list[Order]] = {}
        self.unseen: dict[tuple[Seller, str], Order] = {}
        """Orders whose newest state may be news to whoever searches."""
        self.book = Book()
        self.whole_seconds = False
        self.page = 100
        self.deaf = False
        self.exact = self.prompt = False
        self.limits = dict(LIMITS)
        self.subscriptions: dict[Seller, str] = {}
        self.watch: Callable[[Order], None] | None = None
        self.on_confirm: Callable[[str], None] | None = None
        """Hears the tracking number of every confirmation that is on its way."""
        self._hub = hub
        self._weather = weather
        self.publish = publish
        self._levels: dict[tuple[Seller, str], tuple[float, float]] = {}
        self._numbers = 0

    @property
    def second(self) -> float:
        return self._hub.now

    # What happens at Amazon.

    def commit(self, order: Order, change: str = "OrderStatusChange") -> None:
        """The order changed: lastUpdatedTime, a version for the search, a notification."""
        now = int(self._hub.now * 1000) / 1000
        if order.updated < 0:
            self.orders[order.seller, order.order_id] = order
            self.of_seller.setdefault(order.seller, []).append(order)
        order.updated = (
            max(float(int(now)), order.updated) if self.whole_seconds else max(now, round(order.updated + 0.001, 3))
        )
        order.wanted_ever |= order.by_merchant and order.status in {UNSHIPPED, PARTIAL}
        visible = now + LAG_S * self._weather.within(0, 1)
        if order.history:
            visible = max(visible, order.history[-1][0])
        text = moment(order.updated).isoformat(timespec="microseconds").replace("+00:00", "Z")
        self.unseen[order.seller, order.order_id] = order
        order.history.append((visible, order.updated, order.shown(), text))
        self.notify(order, change)
        if self.watch:
            self.watch(order)

    def notify(self, order: Order, change: str) -> None:
        """Put a notification of the order as it is now on its way."""
        weather, rates = self._weather, self._weather.rates
        self._numbers += 1
        body = json.dumps(
            notification(
                order,
                number=self._numbers,
                change=change,
                application=APPLICATION,
                subscription=self.subscriptions[order.seller],
                exact=self.exact,
            )
        )
        if self.deaf or weather.happens(rates.notification_lost):
            return
        copies = 2 if weather.happens(rates.notification_doubled) else 1
        for _ in range(copies):
            usual = weather.happens(0.7)
            delay = weather.within(0.05, 0.2) if self.prompt else weather.within(*((0.5, 3) if usual else (1, 60)))
            self._hub.after(delay, lambda: self.publish(body))

    # What the bridge asks.

    def granted(self, seller: Seller, operation: str) -> bool:
        """Takes one call out of the bucket; a call without one goes into the book."""
        rate, burst = self.limits[operation]
        now = self._hub.now
        level, since = self._levels.get((seller, operation), (float(burst), now))
        level = min(float(burst), level + (now - since) * rate)
        enough = level >= 1 - 1e-9
        self._levels[seller, operation] = (level - 1 if enough else level, now)
        if not enough:
            self.book.troubles.append(("call_above_quota", f"{operation} of {seller} at {now:.1f}"))
        return enough

    def get_order(self, seller: Seller, order_id: str, *, personal: bool) -> tuple[int, dict[str, Any]]:
        order = self.orders.get((seller, order_id))
        if order is None:
            self.book.troubles.append(("cross_tenant", f"{seller} asks for {order_id}"))
            return 404, _errors("NotFound")
        raw = order.history[-1][2]
        return 200, {"order": {**raw, "recipient": order.recipient()} if personal and order.status != PENDING else raw}

    def search(self, seller: Seller, after: str, token: str | None, before: str = "") -> tuple[int, dict[str, Any]]:
        now = self._hub.now
        since, until = _second(after), _second(before) if before else math.inf
        if before and until > now - SEARCHED_UNTIL_S:
            return 400, _errors("InvalidInput")
        found: list[tuple[float, str, dict[str, Any]]] = []
        for order in self.of_seller.get(seller, ()):
            for visible, updated, raw, _ in reversed(order.history):
                if visible <= now:
                    if since <= updated <= until:
                        found.append((updated, order.order_id, raw))
                    break
        found.sort(key=lambda entry: entry[:2])
        if token:
            at, order_id = token.split("|")
            found = [entry for entry in found if entry[:2] > (float(at), order_id)]
        page = found[: self.page]
        body: dict[str, Any] = {"orders": [raw for _, _, raw in page]}
        if len(found) > self.page:
            body["pagination"] = {"nextToken": f"{page[-1][0]!r}|{page[-1][1]}"}
        return 200, body

    def confirm(self, seller: Seller, order_id: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        order = self.orders.get((seller, order_id))
        if order is None:
            self.book.troubles.append(("cross_tenant", f"{seller} confirms {order_id}"))
            return 404, _errors("NotFound")
        detail = body["packageDetail"]
        ref, tracking = detail["packageReferenceId"], detail["trackingNumber"]
        lines = {line["orderItemId"]: line["quantity"] for line in detail["orderItems"]}
        if order.status not in {UNSHIPPED, PARTIAL, SHIPPED} or body["marketplaceId"] != order.marketplace:
            return 400, _errors("InvalidInput")
        if detail["shipDate"] > stamp(self._hub.now + 5) or detail["shipDate"] < stamp(order.created):
            return 400, _errors("InvalidInput")
        if order.status == SHIPPED and ref not in order.packages:
            return 400, _errors("PackageToUpdateNotFound")
        for item, units in lines.items():
            if units > order.items.get(item, 0) and not order.reduced:
                self.book.troubles.append(("quantity_above_ordered", f"{order.name}: {units} of {item}"))
            if units > order.items.get(item, 0) - order.shipped(item, without=ref):
                return 400, _errors("InvalidInput")
        self._accept(order, ref, Package(tracking, lines))
        return 204, {}

    def _accept(self, order: Order, ref: str, package: Package) -> None:
        self.book.confirmed.append((self._hub.now, order.seller, order.order_id, ref, package.tracking))
        old = order.packages.get(ref)
        if old and (old.tracking, old.lines) == (package.tracking, package.lines):
            old.times += 1
            return
        package.times += old.times if old else 0
        order.packages[ref] = package
        complete = all(order.shipped(item) >= units for item, units in order.items.items())
        order.status = SHIPPED if complete else PARTIAL
        self.commit(order)

    def cancel(self, order: Order) -> bool:
        """By buyer or seller; too late once anything was shipped."""
        if order.status not in {PENDING, UNSHIPPED}:
            return False
        order.status = CANCELLED
        self.commit(order)
        return True


def _second(text: str) -> float:
    return (datetime.fromisoformat(text) - START).total_seconds()


def _errors(code: str) -> dict[str, Any]:
    return {"errors": [{"code": code, "message": "…"}]}
