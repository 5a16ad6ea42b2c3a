"""Stopping an order in Tryton on PostgreSQL at the very moment at which somebody else goes on with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from bridge.domain.documents import CancelAnswer, Document, ShipmentState
from bridge.domain.errors import Refused, Unavailable
from bridge.erp.tryton import Tryton
from local.erp import server
from local.erp.postgres import Cluster
from tests.contract.callers import alone, at_once, at_rest, begin, collide, create, insisting, waits
from tests.contract.erp_kit.cases import Interrupted, news, order
from tests.contract.tryton_kit import People, TrytonSide

REASON = "the buyer asked to cancel"
HALF_MADE = pytest.mark.parametrize("write", [3, 4], ids=["draft", "quotation"])
WHO_COMES_FIRST = pytest.mark.parametrize("turn", [1, -1], ids=["we first", "they first"])
STOPS: dict[str, Callable[..., object]] = {
    "cancel": lambda erp, key: erp.cancel(key),
    "hold": lambda erp, key: erp.hold(key, REASON),
}
ROUNDS = range(2)


@pytest.fixture
def running(erp_on_postgres: server.Running) -> server.Running:
    return erp_on_postgres


def stopping(running: server.Running, document: Document, how: str) -> Callable[[], object]:
    return lambda: alone(running, partial(STOPS[how], key=document.key))


def pressing(people: People, document: Document, button: str) -> Callable[[], object]:
    """The state that it led to, or the refusal; also that there is nothing to press any more."""

    def press() -> object:
        try:
            return people.tryton.press(document.key.order_id, button)
        except (Refused, RuntimeError) as refusal:
            return refusal

    return insisting(press)


def shipping(people: People, document: Document) -> Callable[[Tryton], object]:
    """Until it is shipped, or until somebody stopped it."""

    def ship(_: Tryton) -> None:
        with suppress(Refused, Unavailable, RuntimeError):
            people.ship(document.key, "UPS", "1Z")

    return ship


def shipment_of(people: People, document: Document) -> str:
    ((number, _),) = at_rest(people, document).shipments
    return f"select 1 from stock_shipment_out where number = '{number}'"


@pytest.mark.emulator
class TestOnPostgres(TrytonSide):
    @HALF_MADE
    @WHO_COMES_FIRST
    def test_a_cancellation_that_collides_with_the_creation_cancels(
        self,
        running: server.Running,
        cluster: Cluster,
        interrupted: Interrupted,
        people: People,
        write: int,
        turn: int,
    ) -> None:
        document = order()
        begin(interrupted, document, write)
        row = f"select 1 from sale_sale where web_id = '{document.key.order_id}'"
        calls = [stopping(running, document, "cancel"), lambda: alone(running, create(document))]
        assert CancelAnswer.DONE in collide(cluster, row, calls[::turn])
        at_rest(people, document)
        assert not waits(people, document)
        assert alone(running, lambda erp: news(erp, document)) == []

    @WHO_COMES_FIRST
    def test_a_cancellation_that_collides_with_packing_is_done_or_needs_a_human(
        self, running: server.Running, cluster: Cluster, people: People, turn: int
    ) -> None:
        document = order()
        alone(running, create(document))
        row = shipment_of(people, document)
        people.tryton.press(document.key.order_id, "assign_try")
        people.tryton.press(document.key.order_id, "pick")
        calls = [stopping(running, document, "cancel"), pressing(people, document, "pack")]
        answer, packed = collide(cluster, row, calls[::turn])[::turn]
        ((_, state),) = at_rest(people, document).shipments
        # Tryton also cancels a box that was closed while the cancellation was on its way, and then never ships it.
        assert (answer, state) in {(CancelAnswer.DONE, "cancelled"), (CancelAnswer.NEEDS_HUMAN, "packed")}
        assert packed == "packed" or state == "cancelled"
        assert waits(people, document) == (state == "packed")

    @WHO_COMES_FIRST
    def test_a_hold_that_collides_with_picking_holds(
        self, running: server.Running, cluster: Cluster, people: People, turn: int
    ) -> None:
        document = order()
        alone(running, create(document))
        row = shipment_of(people, document)
        calls = [stopping(running, document, "hold"), pressing(people, document, "assign_try")]
        collide(cluster, row, calls[::turn])
        assert not waits(people, document)
        assert [state for _, state in at_rest(people, document).shipments] == ["draft"]

    @pytest.mark.parametrize("write", [1, 3, 4], ids=["nothing", "draft", "quotation"])
    def test_creating_and_cancelling_at_once(
        self, running: server.Running, interrupted: Interrupted, people: People, write: int
    ) -> None:
        for _ in ROUNDS:
            document = order()
            begin(interrupted, document, write)
            cancel = insisting(partial(STOPS["cancel"], key=document.key))
            _, answer = at_once(running, [insisting(create(document)), cancel])
            assert answer is CancelAnswer.DONE
            assert at_rest(people, document).total == document.total
            assert write == 1 or not waits(people, document), "there was something to cancel"
            assert alone(running, cancel) is CancelAnswer.DONE
            assert not waits(people, document)

    @HALF_MADE
    def test_creating_and_holding_at_once(
        self, running: server.Running, interrupted: Interrupted, people: People, write: int
    ) -> None:
        for _ in ROUNDS:
            document = order()
            begin(interrupted, document, write)
            hold = insisting(partial(STOPS["hold"], key=document.key))
            at_once(running, [insisting(create(document)), hold])
            assert at_rest(people, document).total == document.total
            assert not waits(people, document)

    @pytest.mark.parametrize("stop", ["cancel", "hold"])
    def test_shipping_and_stopping_at_once(self, running: server.Running, people: People, stop: str) -> None:
        for _ in ROUNDS:
            document = order()
            alone(running, create(document))
            at_rest(people, document)
            call = insisting(partial(STOPS[stop], key=document.key))
            _, answer = at_once(running, [shipping(people, document), call])
            ((_, state),) = at_rest(people, document).shipments
            told = alone(running, partial(news, document=document))
            assert [shipment.state for shipment in told] == [ShipmentState.SHIPPED] * (state == "done")
            if stop == "cancel":
                assert (answer is CancelAnswer.DONE) == (state == "cancelled")
            else:
                assert state in {"draft", "picked", "packed", "done"}, "a box that is picked only gets a note"
