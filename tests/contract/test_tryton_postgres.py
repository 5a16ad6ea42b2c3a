"""The Tryton connector against Tryton on PostgreSQL, where writers do not queue up: the kit, and several at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from bridge.domain.documents import ErpOrder
from bridge.domain.errors import Unavailable
from local.erp import server
from local.erp.postgres import Cluster
from tests.contract.callers import alone, at_once, at_rest, begin, create, insisting, waits
from tests.contract.erp_kit.cases import Interrupted, contents, item, news, order
from tests.contract.postgres_session import await_waiting, session, waiting
from tests.contract.tryton_kit import People, TrytonKit


@pytest.fixture
def running(erp_on_postgres: server.Running) -> server.Running:
    return erp_on_postgres


@pytest.mark.emulator
class TestTrytonOnPostgres(TrytonKit):
    def test_sixteen_functions_at_once_make_one_document(self, running: server.Running, people: People) -> None:
        document = order()
        answers = at_once(running, [create(document)] * 16)
        numbers = {answer.number for answer in answers if isinstance(answer, ErpOrder)}
        assert len(numbers | {alone(running, create(document)).number}) == 1
        sale = at_rest(people, document)
        assert (sale.state, sale.total, len(sale.shipments)) == ("processing", document.total, 1)
        people.ship(document.key, "UPS", "1Z-ONE")
        (told,) = alone(running, lambda erp: news(erp, document))
        assert contents(told) == {"1Z-ONE": (("item-1", 2), ("item-2", 1))}

    def test_eight_orders_of_one_product_at_once_all_come_through(
        self, running: server.Running, people: People
    ) -> None:
        documents = [order(item(1, "SKU-0003", 1, "5.00")) for _ in range(8)]
        answers = at_once(running, [insisting(create(document)) for document in documents])
        assert all(isinstance(answer, ErpOrder) for answer in answers), answers
        for document in documents:
            sale = at_rest(people, document)
            assert (sale.state, sale.total, len(sale.shipments)) == ("processing", document.total, 1)
            assert waits(people, document)

    @pytest.mark.parametrize(("conflicts", "expected"), [(5, ErpOrder), (6, Unavailable)])
    def test_five_conflicts_are_borne_and_the_sixth_is_unavailable(
        self,
        running: server.Running,
        cluster: Cluster,
        interrupted: Interrupted,
        people: People,
        conflicts: int,
        expected: type,
    ) -> None:
        """Two sessions change the sale in turn: each waits behind the caller before the other one commits."""
        document = order()
        begin(interrupted, document, 3)
        change = f"begin; update sale_sale set comment = comment where web_id = '{document.key.order_id}'"
        with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
            this, other = [(name, stack.enter_context(session(cluster, name))) for name in ("one", "two")]
            this[1].run(change)
            caller = pool.submit(at_once, running, [create(document)])
            for _ in range(conflicts):
                await_waiting(cluster)
                other[1].send(change)
                await_waiting(cluster, other[0])
                this[1].run("commit")
                other[1].await_end()
                this, other = other, this
            this[1].run("commit")
            (answer,) = caller.result()
        assert isinstance(answer, expected), answer
        assert alone(running, create(document)).total == document.total
        assert len(at_rest(people, document).shipments) == 1

    def test_a_call_that_loses_its_database_is_unavailable(
        self, running: server.Running, cluster: Cluster, interrupted: Interrupted, people: People
    ) -> None:
        document = order()
        begin(interrupted, document, 3)
        with ThreadPoolExecutor(1) as pool, session(cluster) as holder:
            holder.run(f"begin; select 1 from sale_sale where web_id = '{document.key.order_id}' for no key update")
            caller = pool.submit(at_once, running, [create(document)])
            while not caller.done():
                for number in waiting(cluster):
                    cluster.sql(f"select pg_terminate_backend({number})")
            (answer,) = caller.result()
        assert isinstance(answer, Unavailable), answer
        assert alone(running, create(document)).total == document.total
        assert len(at_rest(people, document).shipments) == 1
