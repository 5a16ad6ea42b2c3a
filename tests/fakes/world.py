"""The bridge's own code on stand-ins: table, clock, queue, Amazon, ERP. Only what a test makes happen happens."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import cast

from bridge.domain.documents import CancelAnswer, Document, ErpOrder, LineKind, Recipient
from bridge.domain.errors import Throttled
from bridge.domain.ids import EU, MarketplaceId, OrderId, OrderItemId, OrderKey, Seller, SellerId, Sku
from bridge.domain.lines import Line as WaitingLine
from bridge.domain.money import Money
from bridge.domain.orders import Line, Order, Status
from bridge.domain.parcels import Confirmation
from bridge.domain.readings import Page, Reading
from bridge.domain.sellers import Mode, SellerRecord
from bridge.domain.times import to_text
from bridge.domain.work import Work
from bridge.erp.watched import Watched
from bridge.outbox import carry_out
from bridge.ports import Erp, Ports, Rhythm
from bridge.stores.answers import Answers
from bridge.stores.backfills import Backfills
from bridge.stores.circuits import Circuits
from bridge.stores.desk import Desk
from bridge.stores.lines import Lines
from bridge.stores.orders import Orders
from bridge.stores.parcels import Parcels
from bridge.stores.parking import Parking
from bridge.stores.sellers import Sellers
from bridge.stores.stock import Stock
from bridge.sweeps import lines
from tests.fakes.erp import FakeErp
from tests.fakes.table import MemoryTable

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SELLER = Seller(EU, SellerId("A3TH9S8BH6GOGM"))
DE = MarketplaceId("A1PA6795UKMFR9")
ANNA = Recipient(name="Anna Beispiel", street=("Hauptstr. 1",), city="Köln", postal_code="50667", country="DE")


class TestClock:
    """Time stands still until a test moves it."""

    __test__ = False

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class FakeQueue:
    def __init__(self) -> None:
        self.waiting: deque[tuple[Work, datetime | None]] = deque()
        self.lossy = False
        self.called: list[WaitingLine] = []

    def call(self, line: WaitingLine, *, delay: timedelta = timedelta(0)) -> None:
        self.called.append(line)

    def send(self, work: Work, *, delay: timedelta = timedelta(0), slot: datetime | None = None) -> None:
        if not self.lossy:
            self.waiting.append((work, slot))


class FakeSignals:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.notes: list[tuple[str, dict[str, str | float | None]]] = []

    def count(self, metric: str, value: float = 1) -> None:
        self.counts[metric] += int(value)

    def note(self, event: str, **facts: str | float | None) -> None:
        self.notes.append((event, facts))


def an_order(order_id: str = "305-0000001-0000001", **changes: object) -> Order:
    line = Line(
        OrderItemId("item-1"),
        Sku("SKU-0001"),
        2,
        0,
        cancel_requested=False,
        proceeds=((LineKind.ITEM, Money(Decimal("20.00"), "EUR")),),
    )
    order = Order(
        order_id=OrderId(order_id),
        version=to_text(START - timedelta(minutes=1)),
        created=START - timedelta(minutes=2),
        marketplace=DE,
        status=Status.UNSHIPPED,
        fulfilled_by="MERCHANT",
        service_level="STANDARD",
        ship_by=START + timedelta(days=2),
        lines=(line,),
        total=Money(Decimal("20.00"), "EUR"),
        digest="1",
    )
    return replace(order, **changes)  # type: ignore[arg-type]


class FakeAmazon:
    """Orders by id; `errors` are raised by the next calls, one each."""

    def __init__(self, clock: TestClock) -> None:
        self.clock = clock
        self.orders: dict[str, Order] = {}
        self.recipient: Recipient | None = ANNA
        self.reads: Counter[str] = Counter()
        self.recipients = 0
        """Reads that asked for one."""
        self.confirmations: list[Confirmation] = []
        self.errors: deque[Exception] = deque()
        self.lands_before_error = False
        self.seats_asked: list[tuple[WaitingLine, int]] = []
        self.free_seats: list[datetime] = []
        self.starved: list[bool] = []
        self.pages_from = 30
        self.pages_to_spare: int | None = None
        """Pages of a backfill that the quota has; None: all there are."""
        self.past_asked: list[tuple[Seller, tuple[datetime, datetime], str | None]] = []

    def _fail(self) -> None:
        if self.errors:
            raise self.errors.popleft()

    def get_order(self, key: OrderKey, *, recipient: bool = False, slot: datetime | None = None) -> Reading:
        self._fail()
        self.reads[key.order_id] += 1
        self.recipients += recipient
        return Reading(self.orders[key.order_id], self.recipient if recipient else None)

    def search_orders(
        self, seller: Seller, marketplaces: Sequence[MarketplaceId], *, updated_after: datetime, token: str | None
    ) -> Page:
        self._fail()
        found = sorted(order.order_id for order in self.orders.values() if order.version >= to_text(updated_after))
        at = int(token or 0)
        more = str(at + 2) if at + 2 < len(found) else None
        return Page(tuple(self.orders[name] for name in found[at : at + 2]), (), more, self.clock.now())

    def search_past(
        self,
        seller: Seller,
        marketplaces: Sequence[MarketplaceId],
        *,
        updated: tuple[datetime, datetime],
        token: str | None,
    ) -> Page:
        self._fail()
        if self.pages_to_spare is not None:
            if not self.pages_to_spare:
                msg = "what is left of the quota of searchOrders is kept for live work"
                raise Throttled(msg, self.clock.now())
            self.pages_to_spare -= 1
        self.past_asked.append((seller, updated, token))
        first, last = map(to_text, updated)
        found = sorted((order.version, name) for name, order in self.orders.items() if first <= order.version <= last)
        at = int(token or 0)
        more = str(at + 2) if at + 2 < len(found) else None
        return Page(tuple(self.orders[name] for _, name in found[at : at + 2]), (), more, self.clock.now())

    def searches_to_spare(self, seller: Seller) -> bool:
        return True

    def seats(self, line: WaitingLine, count: int, *, starved: bool) -> list[datetime]:
        self.starved.append(starved)
        self.seats_asked.append((line, count))
        return self.free_seats[:count]

    def sooner_by_pages(self, seller: Seller, waiting: int) -> bool:
        return waiting >= self.pages_from

    def confirm_shipment(self, key: OrderKey, confirmation: Confirmation, *, slot: datetime | None = None) -> None:
        if not self.lands_before_error:
            self._fail()
        self.confirmations.append(confirmation)
        order = self.orders[key.order_id]
        self.orders[key.order_id] = replace(
            order,
            version=to_text(self.clock.now()),
            status=Status.SHIPPED,
            packages={**order.packages, str(confirmation.reference): confirmation.tracking},
            digest=f"{order.digest}+",
        )
        self._fail()


class RecordingErp(FakeErp):
    """The ERP, which also tells what it was asked to do to which order."""

    def __init__(self) -> None:
        super().__init__()
        self.created: list[OrderKey] = []
        self.cancelled: list[OrderKey] = []
        self.held: list[OrderKey] = []
        self.adopted: dict[OrderKey, ErpOrder] = {}

    def find(self, key: OrderKey) -> ErpOrder | None:
        return self.adopted.get(key) or super().find(key)

    def create(self, document: Document, recipient: Recipient) -> ErpOrder:
        before = len(self)
        try:
            return super().create(document, recipient)
        finally:
            self.created += [document.key] * (len(self) - before)

    def cancel(self, key: OrderKey) -> CancelAnswer:
        self.cancelled.append(key)
        return super().cancel(key)

    def hold(self, key: OrderKey, reason: str) -> None:
        self.held.append(key)
        super().hold(key, reason)


@dataclass
class World:
    """Everything, wired as in a function that may do all."""

    clock: TestClock = field(default_factory=TestClock)
    table: MemoryTable = field(default_factory=MemoryTable)
    queue: FakeQueue = field(default_factory=FakeQueue)
    signals: FakeSignals = field(default_factory=FakeSignals)
    erp: RecordingErp = field(default_factory=RecordingErp)

    def __post_init__(self) -> None:
        self.amazon = FakeAmazon(self.clock)
        self.sellers = Sellers(self.table, self.clock)
        orders = Orders(self.table, self.clock)
        self.circuit = Circuits(self.table, self.clock, "fake")
        self.ports = Ports(
            clock=self.clock,
            orders=orders,
            lines=Lines(self.table, self.clock),
            desk=Desk(self.table, self.clock, orders),
            parcels=Parcels(self.table, self.clock, orders),
            sellers=self.sellers,
            stock=Stock(self.table, self.clock),
            answers=Answers(self.table, self.clock),
            parking=Parking(self.table, self.clock),
            backfills=Backfills(self.table, self.clock),
            queue=self.queue,
            signals=self.signals,
            amazon=self.amazon,
            erp=cast("Erp", Watched(self.erp, self.circuit, self.signals)),
            circuit=self.circuit,
            rhythm=Rhythm(*(timedelta(seconds=s) for s in (300, 180, 180, 60, 90, 900))),
        )
        self.connect()

    def connect(self, seller: Seller = SELLER, mode: Mode = Mode.LIVE) -> None:
        record = SellerRecord(seller, (DE,), mode, START - timedelta(days=1), {"ORDER_CHANGE": "sub-1"})
        self.sellers.put(record)

    def key(self, order_id: str = "305-0000001-0000001") -> OrderKey:
        return OrderKey(*SELLER, OrderId(order_id))

    def place(self, order: Order) -> OrderKey:
        self.amazon.orders[order.order_id] = order
        return self.key(order.order_id)

    def serve_lines(self) -> None:
        """Every line that was called, with any number of slots free now."""
        called, self.queue.called = self.queue.called, []
        for line in dict.fromkeys(called):
            self.amazon.free_seats = [self.clock.now()] * 80
            lines.serve(line, self.ports, lambda: 55.0)

    def work_off(self) -> None:
        """Carry out what is on the fast path, and what that puts there."""
        while self.queue.waiting:
            work, slot = self.queue.waiting.popleft()
            carry_out(work, slot, self.ports)

    def work_off_once(self) -> None:
        """Carry out what is on the fast path now, not what that puts there."""
        for _ in range(len(self.queue.waiting)):
            work, slot = self.queue.waiting.popleft()
            carry_out(work, slot, self.ports)

    work_off_immediate = work_off_once
