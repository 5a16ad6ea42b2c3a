"""What a reader of Tryton's shipments sees while others write: a change becomes visible later than it says it was made.

Tryton stamps a change with the time at which its transaction began, so a reader who only went on from the newest change
that he saw would miss whoever began before and ended after him.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from bridge.domain.documents import Document, Shipment
from bridge.domain.ids import Seller
from bridge.domain.sellers import Mode, SellerRecord
from bridge.erp.tryton import Tryton, connect
from bridge.sweeps import shipments
from infra.deployment import SCALES
from local.erp import server
from local.erp.postgres import Cluster
from local.erp.warehouse import Warehouse
from tests.contract.callers import alone, at_rest, create, insisting
from tests.contract.erp_kit.cases import DE, SELLER, UK, news, order
from tests.contract.postgres_session import await_waiting, session
from tests.contract.tryton_kit import People, TrytonSide
from tests.fakes.world import World

OVERLAPS = {scale: timedelta(seconds=float(chosen["shipments_overlap_s"])) for scale, chosen in SCALES.items()}
NO_OVERLAP = timedelta(0)


@pytest.fixture
def running(erp_on_postgres: server.Running) -> server.Running:
    return erp_on_postgres


class Reader:
    """The bridge's own sweep of shipments, minute by minute, with a memory of its own."""

    def __init__(self, erp: Tryton, overlap: timedelta) -> None:
        self._erp, self._world = erp, World()
        self.reads: list[Sequence[Shipment]] = []
        since = datetime.now(UTC) - timedelta(seconds=5)
        self._world.sellers.put(SellerRecord(SELLER, (DE, UK), Mode.LIVE, since))
        rhythm = replace(self._world.ports.rhythm, shipments_overlap=overlap)
        self._ports = replace(self._world.ports, erp=self, rhythm=rhythm)  # type: ignore[arg-type]

    def list_shipments(self, seller: Seller, since: datetime) -> Sequence[Shipment]:
        """What the sweep asks the ERP for; kept, to be compared later."""
        told = self._erp.list_shipments(seller, since)
        if seller == SELLER:
            self.reads.append(told)
        return told

    def look(self) -> None:
        self._world.clock.sleep(60)
        shipments.run(self._ports, lambda: 60.0)

    @property
    def cursor(self) -> datetime | None:
        return self._world.sellers.cursor(SELLER, shipments.NAME).at

    def parcels(self, document: Document) -> list[str]:
        """The tracking numbers that Amazon is going to be told."""
        return [parcel.tracking for parcel, _ in self._ports.parcels.all(document.key)]


@contextmanager
def reading(running: server.Running, overlap: timedelta) -> Iterator[Reader]:
    with closing(connect(running.config)) as erp:
        yield Reader(erp, overlap)


def needed(reads: Sequence[Sequence[Shipment]]) -> timedelta:
    """How far behind the newest change that a read showed was what it did not show yet, at most."""
    last = {shipment.shipment_id: shipment for shipment in reads[-1]}
    behind = timedelta(0)
    for read in reads:
        newest = max((shipment.changed_at for shipment in read), default=None)
        shown = {(shipment.shipment_id, shipment.changed_at) for shipment in read}
        for shipment in last.values():
            if newest and (shipment.shipment_id, shipment.changed_at) not in shown:
                behind = max(behind, newest - shipment.changed_at)
    return behind


def ready(running: server.Running, people: People, count: int) -> list[Document]:
    """Orders that wait for the warehouse."""
    documents = [order() for _ in range(count)]
    for document in documents:
        alone(running, create(document))
        at_rest(people, document)
    return documents


def tracking(document: Document) -> str:
    return f"1Z-{document.key.order_id}"


def box(warehouse: Warehouse, document: Document, number: str) -> None:
    """From the shelf into a closed box."""
    name = document.key.order_id
    for button in ("assign_try", "pick"):
        insisting(warehouse.press)(name, button)
    warehouse.box(name, number)


def leave(running: server.Running, document: Document) -> None:
    """The box leaves."""
    with closing(Warehouse(running.url, running.warehouse_key)) as warehouse:
        warehouse.press(document.key.order_id, "do")


def ship_all(running: server.Running, documents: Sequence[Document]) -> None:
    """One after the other; every second one gets its right tracking number only afterwards."""
    with closing(Warehouse(running.url, running.warehouse_key)) as warehouse:
        for count, document in enumerate(documents):
            wrong = "1Z-WRONG"
            box(warehouse, document, wrong if count % 2 else tracking(document))
            insisting(warehouse.press)(document.key.order_id, "do")
            if count % 2:
                insisting(warehouse.correct_tracking)(document.key.order_id, wrong, tracking(document))


def look_while(reader: Reader, writing: Sequence[Future[None]]) -> None:
    """Again and again while anybody writes."""
    while not all(future.done() for future in writing):
        reader.look()


@pytest.mark.emulator
class TestNewsOnPostgres(TrytonSide):
    def test_what_becomes_visible_late_is_missed_without_an_overlap_only(
        self, running: server.Running, cluster: Cluster, people: People
    ) -> None:
        early, late = ready(running, people, 2)
        box(people.tryton, early, "1Z-EARLY")
        ((number, _),) = at_rest(people, early).shipments
        with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
            readers = [stack.enter_context(reading(running, overlap)) for overlap in (*OVERLAPS.values(), NO_OVERLAP)]
            with session(cluster) as holder:
                holder.run(f"begin; select 1 from stock_shipment_out where number = '{number}' for no key update")
                leaving = pool.submit(leave, running, early)
                await_waiting(cluster)
                people.ship(late.key, "UPS", "1Z-LATE")
                for reader in readers:
                    reader.look()
                    assert (reader.parcels(early), reader.parcels(late)) == ([], ["1Z-LATE"])
            leaving.result()
            (told,) = alone(running, partial(news, document=early))
            for reader in readers:
                assert reader.cursor
                assert told.changed_at < reader.cursor, "it began before what had been seen already"
                reader.look()
            *found, missed = [reader.parcels(early) for reader in readers]
        assert found == [["1Z-EARLY"]] * len(OVERLAPS)
        assert missed == []

    def test_readers_beside_writers_miss_nothing(self, running: server.Running, people: People) -> None:
        documents = ready(running, people, 6)
        with ExitStack() as stack, ThreadPoolExecutor(6) as pool:
            readers = [stack.enter_context(reading(running, OVERLAPS["amazon"])) for _ in range(3)]
            writing = [pool.submit(ship_all, running, documents[n::3]) for n in range(3)]
            looking = [pool.submit(look_while, reader, writing) for reader in readers]
            for future in [*writing, *looking]:
                future.result()
            for reader in readers:
                reader.look()
                assert [reader.parcels(one) for one in documents] == [[tracking(one)] for one in documents]
                assert needed(reader.reads) < min(OVERLAPS.values())
