"""An ERP in memory that keeps the promises of the `Erp` port, with its warehouse and switches for bad days."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

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
from bridge.domain.errors import BridgeError, Refused, Unavailable
from bridge.domain.ids import OrderItemId, OrderKey, Seller

SKUS = frozenset(f"SKU-{number:04d}" for number in range(1, 21))


@dataclass
class FakeSale:
    """A document and what became of it."""

    document: Document
    recipient: Recipient
    number: str
    state: str = "processing"
    held: set[str] = field(default_factory=set)
    waits: bool = True
    shipped: Counter[OrderItemId] = field(default_factory=Counter)

    def goods(self) -> Counter[OrderItemId]:
        goods: Counter[OrderItemId] = Counter()
        for line in self.document.lines:
            if line.kind is LineKind.ITEM and line.order_item_id:
                goods[line.order_item_id] += line.quantity
        return goods

    def item(self, sku: str) -> OrderItemId:
        return next(line.order_item_id for line in self.document.lines if line.sku == sku and line.order_item_id)


class FakeErp:
    """`down`: every call fails before it does anything; `fail_after_effect`: every write lands, its answer is lost;
    `turns_away`: every call is answered so, and does nothing.
    """

    lookup_lag = timedelta(0)

    def __init__(self, skus: frozenset[str] = SKUS, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.down = self.fail_after_effect = False
        self.turns_away: BridgeError | None = None
        self.skus, self._now, self._lock = skus, now, threading.RLock()
        self.sales: dict[OrderKey, FakeSale] = {}
        self.shipments: dict[str, Shipment] = {}
        self.calls: list[str] = []

    def __contains__(self, key: OrderKey) -> bool:
        return key in self.sales

    def __len__(self) -> int:
        return len(self.sales)

    def find(self, key: OrderKey) -> ErpOrder | None:
        with self._call("find"):
            return self._answer(self.sales[key]) if key in self.sales else None

    def create(self, document: Document, recipient: Recipient) -> ErpOrder:
        with self._call("create", writes=True):
            if document.key not in self.sales:
                unknown = {line.sku for line in document.lines if line.kind is LineKind.ITEM} - self.skus
                if unknown:
                    msg = f"the ERP has no product {', '.join(sorted(map(str, unknown)))}"
                    raise Refused(msg)
                if sum((line.amount for line in document.lines), Decimal(0)) != document.total.amount:
                    msg = "the lines do not add up to the total"
                    raise Refused(msg)
                self.sales[document.key] = FakeSale(document, recipient, number=f"S{len(self.sales) + 1}")
            return self._answer(self.sales[document.key])

    def cancel(self, key: OrderKey) -> CancelAnswer:
        with self._call("cancel", writes=True):
            sale = self.sales.get(key)
            if sale and sale.shipped:
                return CancelAnswer.REFUSED_SHIPPED if sale.shipped == sale.goods() else CancelAnswer.NEEDS_HUMAN
            if sale:
                sale.state = "cancelled"
            return CancelAnswer.DONE

    def hold(self, key: OrderKey, reason: str) -> None:
        with self._call("hold", writes=True):
            sale = self.sales.get(key)
            if sale and reason not in sale.held and sale.state == "processing":
                sale.held.add(reason)
                sale.waits = False

    def list_shipments(self, seller: Seller, since: datetime) -> list[Shipment]:
        with self._call("list_shipments"):
            news = [s for s in self.shipments.values() if s.key.seller == seller and s.changed_at >= since]
            return sorted(news, key=lambda shipment: shipment.changed_at)

    # What people do.

    def ship(
        self,
        key: OrderKey,
        carrier: str,
        parcels: str | Mapping[str, Sequence[str]],
        *,
        only: Mapping[str, int] | None = None,
    ) -> None:
        sale, now = self.sales[key], self._now()
        if sale.state != "processing" or not sale.waits:
            msg = "nothing waits for the warehouse"
            raise RuntimeError(msg)
        left = sale.goods() - sale.shipped
        goods = left if only is None else Counter({sale.item(sku): quantity for sku, quantity in only.items()})
        inside = {parcels: None} if isinstance(parcels, str) else parcels
        number = str(len(self.shipments) + 1)
        packages = []
        for n, (tracking, skus) in enumerate(inside.items()):
            items = set(goods) if skus is None else {sale.item(sku) for sku in skus}
            lines = tuple(sorted((item, quantity) for item, quantity in goods.items() if item in items))
            packages.append(Package(f"{number}.{n}", carrier, tracking, now, lines))
        sale.shipped += goods
        self.shipments[number] = Shipment(number, key, ShipmentState.SHIPPED, now, tuple(packages))

    def correct_tracking(self, key: OrderKey, old: str, new: str) -> None:
        for number, shipment in self.shipments.items():
            if shipment.key == key:
                parcels = tuple(replace(p, tracking=new) if p.tracking == old else p for p in shipment.packages)
                self.shipments[number] = replace(shipment, packages=parcels, changed_at=self._now())

    def cannot_fulfil(self, key: OrderKey) -> None:
        self.sales[key].state = "cancelled"
        number = f"sale {self.sales[key].number}"
        reason = "the sale was cancelled in the ERP"
        self.shipments[number] = Shipment(number, key, ShipmentState.CANNOT_FULFIL, self._now(), reason=reason)

    def release(self, key: OrderKey) -> None:
        self.sales[key].waits = True

    @contextmanager
    def _call(self, name: str, *, writes: bool = False) -> Iterator[None]:
        with self._lock:
            self.calls.append(name)
            if self.down:
                msg = "the ERP did not answer"
                raise Unavailable(msg)
            if self.turns_away:
                raise self.turns_away
            yield
            if writes and self.fail_after_effect:
                msg = "the ERP's answer was lost"
                raise Unavailable(msg)

    def _answer(self, sale: FakeSale) -> ErpOrder:
        return ErpOrder(sale.number, sale.state, sale.document.total)
