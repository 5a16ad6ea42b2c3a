"""The ERP in its weakest admissible shape: `create` makes a document each time it is carried out, however late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bridge.domain.documents import (
    CancelAnswer,
    Document,
    ErpOrder,
    LineKind,
    Package,
    Recipient,
    Shipment,
    ShipmentState,
)
from bridge.domain.errors import Unavailable
from bridge.domain.ids import OrderItemId, OrderKey, Seller
from tests.simulation.calls import Calls, Port
from tests.simulation.clock import Hub, moment

PROCESSING, CANCELLED, SHIPPED = "processing", "cancelled", "shipped"


def _unavailable(what: str) -> None:
    raise Unavailable("erp: " + what)


_USUAL = {"fail": _unavailable, "timeout": 10.0, "latency": (0.1, 0.8)}
FIND, LIST = (Port(f"erp.{name}", **_USUAL) for name in ("find", "list_shipments"))  # type: ignore[arg-type]
CREATE, CANCEL, HOLD = (
    Port(f"erp.{name}", remote=True, **_USUAL)  # type: ignore[arg-type]
    for name in ("create", "cancel", "hold")
)


@dataclass
class Doc:
    """One sales order of the ERP; `held` while people are to decide, `held_ever` for the checker."""

    key: OrderKey
    number: str
    recipient: str
    goods: dict[OrderItemId, int]
    made: Document
    second: float
    state: str = PROCESSING
    held: bool = False
    reasons: set[str] = field(default_factory=set)
    shipped: dict[OrderItemId, int] = field(default_factory=dict)


@dataclass
class Delivery:
    """A shipment as it is now; `visible` from this second on, although it says it changed earlier."""

    shipment: Shipment
    visible: float
    trackings: dict[str, list[str]] = field(default_factory=dict)
    """Package → every tracking number that it ever had."""


class Erp:
    """The truth, and what people do in it. `watch` hears of every new document."""

    def __init__(self, hub: Hub) -> None:
        self.docs: dict[OrderKey, list[Doc]] = {}
        self.deliveries: dict[str, Delivery] = {}
        self.watch: Callable[[Doc], None] | None = None
        self.on_create: Callable[[OrderKey], None] | None = None
        self.find_lag = 0.0
        self.stopped: dict[OrderKey, float] = {}
        """Order → when the ERP was last asked to stop it."""
        self.down = False
        self.takes: tuple[float, float] | None = None
        """Seconds for a new document, where it is not the usual time."""
        self.newest: dict[str, Delivery] = {}
        """Deliveries that may be news to whoever lists them."""
        self._hub = hub

    def create(self, document: Document, recipient: Recipient) -> ErpOrder:
        docs = self.docs.setdefault(document.key, [])
        goods: dict[OrderItemId, int] = {}
        for line in document.lines:
            if line.kind is LineKind.ITEM and line.order_item_id:
                goods[line.order_item_id] = goods.get(line.order_item_id, 0) + line.quantity
        number = f"S{sum(map(len, self.docs.values())) + 1}"
        doc = Doc(document.key, number, recipient.name, goods, document, self._hub.now)
        docs.append(doc)
        if self.watch:
            self.watch(doc)
        return ErpOrder(number, doc.state, document.total)

    def find(self, key: OrderKey) -> ErpOrder | None:
        for doc in self._found(key):
            return ErpOrder(doc.number, doc.state, doc.made.total)
        return None

    def _found(self, key: OrderKey) -> list[Doc]:
        """Whatever is asked of an order looks for its documents first."""
        return [doc for doc in self.docs.get(key, ()) if doc.second + self.find_lag <= self._hub.now]

    def cancel(self, key: OrderKey) -> CancelAnswer:
        self.stopped[key] = self._hub.now
        answer = CancelAnswer.DONE
        for doc in self._found(key):
            if doc.shipped:
                answer = CancelAnswer.REFUSED_SHIPPED if doc.state == SHIPPED else CancelAnswer.NEEDS_HUMAN
            else:
                doc.state = CANCELLED
        return answer

    def hold(self, key: OrderKey, reason: str) -> None:
        for doc in self._found(key):
            if doc.state == PROCESSING and reason not in doc.reasons:
                doc.reasons.add(reason)
                doc.held = True

    def list_shipments(self, seller: Seller, since: datetime) -> list[Shipment]:
        found = [
            delivery.shipment
            for delivery in self.deliveries.values()
            if delivery.shipment.key.seller == seller
            and delivery.shipment.changed_at >= since
            and delivery.visible <= self._hub.now
        ]
        return sorted(found, key=lambda shipment: shipment.changed_at)

    # What people do.

    def ship(self, doc: Doc, parcels: list[dict[OrderItemId, int]], trackings: list[str], *, seen: float) -> Delivery:
        """Everything in one shipment; it can be listed `seen` seconds later than it says."""
        now, number = self._hub.now, str(len(self.deliveries) + 1)
        packages = tuple(
            Package(f"P{n}", "DHL", tracking, moment(now), tuple(sorted(lines.items())))
            for n, (lines, tracking) in enumerate(zip(parcels, trackings, strict=True))
        )
        for lines in parcels:
            for item, units in lines.items():
                doc.shipped[item] = doc.shipped.get(item, 0) + units
        if doc.shipped == doc.goods:
            doc.state = SHIPPED
        shipment = Shipment(number, doc.key, ShipmentState.SHIPPED, moment(now), packages)
        delivery = Delivery(shipment, now + seen, {package.package_id: [package.tracking] for package in packages})
        self.deliveries[number] = delivery
        self.newest[delivery.shipment.shipment_id] = delivery
        return delivery

    def correct(self, delivery: Delivery, package_id: str, tracking: str) -> None:
        packages = tuple(
            replace(package, tracking=tracking) if package.package_id == package_id else package
            for package in delivery.shipment.packages
        )
        delivery.trackings[package_id].append(tracking)
        delivery.shipment = replace(delivery.shipment, packages=packages, changed_at=moment(self._hub.now))
        self.newest[delivery.shipment.shipment_id] = delivery


class Connector:
    """See ports.Erp."""

    def __init__(self, erp: Erp, calls: Calls) -> None:
        self._erp = erp
        self._calls = calls

    @property
    def lookup_lag(self) -> timedelta:
        return timedelta(seconds=self._erp.find_lag)

    def _reach(self, port: Port, effect: Callable[[], object], key: object) -> object:
        if self._erp.down:
            port = replace(port, latency=(0.1, 0.8), remote=False)
            return self._calls(port, lambda: _unavailable("down"), key)
        return self._calls(port, effect, key)

    def find(self, key: OrderKey) -> ErpOrder | None:
        return self._reach(FIND, lambda: self._erp.find(key), key)  # type: ignore[return-value]

    def create(self, document: Document, recipient: Recipient) -> ErpOrder:
        if self._erp.on_create and not self._erp.down:
            self._erp.on_create(document.key)
        port = replace(CREATE, latency=self._erp.takes) if self._erp.takes else CREATE
        return self._reach(port, lambda: self._erp.create(document, recipient), document.key)  # type: ignore[return-value]

    def cancel(self, key: OrderKey) -> CancelAnswer:
        return self._reach(CANCEL, lambda: self._erp.cancel(key), key)  # type: ignore[return-value]

    def hold(self, key: OrderKey, reason: str) -> None:
        self._reach(HOLD, lambda: self._erp.hold(key, reason), key)

    def list_shipments(self, seller: Seller, since: datetime) -> list[Shipment]:
        return self._reach(LIST, lambda: self._erp.list_shipments(seller, since), seller)  # type: ignore[return-value]
