"""The ERP's word for a document it holds, and for a cancellation: taken once, never for something else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge import api
from bridge.domain.documents import Document, ErpOrder, Recipient
from bridge.domain.errors import NotNow
from bridge.domain.ids import OrderItemId, OrderKey
from bridge.domain.lifecycle import AMEND_IN_ERP, CANCEL_IN_ERP, HAND_TO_ERP, Head
from bridge.domain.money import Money
from bridge.domain.orders import Line, Order, Status
from bridge.domain.sellers import Mode
from bridge.domain.times import to_text
from bridge.domain.work import Work
from bridge.outbox import carry_out
from bridge.sweeps import due
from tests.fakes.world import ANNA, SELLER, START, World, an_order
from tests.unit.test_order_flow import deliver, notification

ORDER = an_order()
ACK: dict[str, Any] = {
    "region": "eu",
    "seller_id": SELLER.seller_id,
    "order_id": ORDER.order_id,
    "number": "SO-1",
    "version": ORDER.version,
}
EUR_20 = {"amount": "20.00", "currency": "EUR"}
ANSWER = {name: ACK[name] for name in ("region", "seller_id", "order_id")}


def post(world: World, route: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = api.consumer(world.ports)({"routeKey": f"POST /v1/{route}", "body": json.dumps(body)}, None)
    return answer["statusCode"], json.loads(answer["body"])


def acknowledge(world: World, **changes: Any) -> tuple[int, dict[str, Any]]:
    return post(world, "acknowledgements", **{**ACK, **changes})


def answer(world: World, word: Any, **changes: Any) -> tuple[int, dict[str, Any]]:
    return post(world, "cancellation-answers", **{**ANSWER, "answer": word, **changes})


class Publishing(World):
    """A world whose ERP takes orders and cancellations and answers later, or never."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.delivered: list[Document] = []
        self.at_delivery: Callable[[], object] = lambda: None
        self.erp.create = self._create  # type: ignore[method-assign]
        self.erp.cancel = self._cancel  # type: ignore[method-assign]

    def _create(self, document: Document, _recipient: Recipient) -> ErpOrder:
        self.delivered.append(document)
        self.at_delivery()
        raise NotNow("delivered, not acknowledged yet", self.clock.now() + timedelta(minutes=15))

    def _cancel(self, key: OrderKey) -> Any:
        self.erp.cancelled.append(key)
        raise NotNow("delivered, not answered yet", self.clock.now() + timedelta(minutes=15))

    @property
    def head(self) -> Head:
        return self.ports.orders.get(self.key())

    def open(self, kind: str) -> str:
        """The shelf of a piece of work, `due` or `done`."""
        item = self.ports.desk.state(Work(kind, self.key())) or {}  # type: ignore[attr-defined]
        return str(item.get("shelf", "due" if "due" in item else "done"))

    def minutes(self, count: int) -> None:
        for _ in range(count):
            self.clock.sleep(60)
            due.run(self.ports, lambda: 55.0)
            self.work_off()

    def change(self, **changes: Any) -> Order:
        """Amazon's order changes, and the bridge reads it."""
        self.clock.sleep(1)
        order = replace(
            self.amazon.orders[ORDER.order_id], version=to_text(self.clock.now()), digest=str(changes), **changes
        )
        _, works = self.ports.orders.fold(self.place(order), order)
        self.ports.send(works)
        return order


@pytest.fixture
def world() -> Publishing:
    """The order was delivered, and nobody has acknowledged it."""
    made = Publishing()
    made.place(ORDER)
    deliver(made, notification())
    made.work_off()
    assert (len(made.delivered), made.open(HAND_TO_ERP)) == (1, "due")
    return made


@pytest.mark.parametrize("total", [None, EUR_20, {"amount": "20", "currency": "EUR"}])
def test_an_acknowledgement_ends_the_hand_over(world: Publishing, total: Any) -> None:
    assert acknowledge(world, total=total) == (202, {"result": "taken"})
    head = world.head
    assert (head.erp_number, head.erp_version, head.erp_items) == ("SO-1", ORDER.version, {"item-1": 2})
    assert "handed" in head.times
    world.minutes(2)
    assert world.open(HAND_TO_ERP) == "done"
    assert (len(world.delivered), world.amazon.reads.total()) == (1, 1)


def test_without_one_the_order_is_delivered_again(world: Publishing) -> None:
    world.minutes(20)
    assert len(world.delivered) == 2
    assert world.delivered[0] == world.delivered[1]


def test_twice_is_once_and_late_is_in_time(world: Publishing) -> None:
    world.minutes(20)
    acknowledge(world)
    revision = world.head.revision
    assert acknowledge(world) == (202, {"result": "known already"})
    assert acknowledge(world, total={"amount": "1.00", "currency": "EUR"}) == (202, {"result": "known already"})
    assert world.head.revision == revision
    world.minutes(60)
    assert len(world.delivered) == 2


def test_it_may_come_before_the_delivery_has_returned() -> None:
    world = Publishing()
    world.place(ORDER)
    world.at_delivery = lambda: acknowledge(world)
    deliver(world, notification())
    world.work_off()
    world.minutes(20)
    assert (world.head.erp_number, world.open(HAND_TO_ERP), len(world.delivered)) == ("SO-1", "done", 1)


@pytest.mark.parametrize("total", [{"amount": "20.01", "currency": "EUR"}, {"amount": "20.00", "currency": "USD"}])
def test_another_total_waits_for_a_human_who_may_take_it(world: Publishing, total: Any) -> None:
    status, body = acknowledge(world, total=total)
    assert status == 409
    assert "Amazon's order over 20.00 EUR" in body["error"]
    world.minutes(1)
    assert (world.open(HAND_TO_ERP), world.head.erp_number) == ("parked", "")
    item = world.ports.desk.state(Work(HAND_TO_ERP, world.key()))  # type: ignore[attr-defined]
    assert "the ERP's document SO-1 is over" in item["reason"]
    assert acknowledge(world, total=total)[0] == 409
    assert world.open(HAND_TO_ERP) == "parked"
    assert world.ports.desk.retry(Work(HAND_TO_ERP, world.key()))  # type: ignore[attr-defined]
    carry_out(Work(HAND_TO_ERP, world.key()), None, world.ports)
    assert (world.head.erp_number, world.head.erp_told, len(world.delivered)) == ("SO-1", None, 1)


def test_the_right_total_heals_the_wrong_one(world: Publishing) -> None:
    acknowledge(world, total={"amount": "19.00", "currency": "EUR"})
    world.minutes(1)
    assert acknowledge(world, total=EUR_20) == (202, {"result": "taken"})
    world.minutes(1)
    assert (world.head.erp_number, world.head.erp_told, world.open(HAND_TO_ERP)) == ("SO-1", None, "done")


def test_a_wrong_total_of_an_old_version_does_not_keep_the_new_one(world: Publishing) -> None:
    acknowledge(world, total={"amount": "19.00", "currency": "EUR"})
    world.minutes(1)
    world.change(ship_by=START + timedelta(days=3))
    world.minutes(1)
    assert len(world.delivered) == 2


def test_a_second_document_is_told_to_a_human(world: Publishing) -> None:
    acknowledge(world)
    for _ in range(2):
        assert acknowledge(world, number="SO-2")[0] == 409
    head = world.head
    assert head.erp_number == "SO-1"
    assert head.erp_problem == "the ERP names a second document of the order: SO-2 beside SO-1"
    assert world.signals.counts["ErpCannotFulfil"] == 1


def fewer(order: Order) -> tuple[Line, ...]:
    return tuple(replace(line, quantity=1) for line in order.lines)


def test_an_old_version_is_not_taken_for_the_new_one(world: Publishing) -> None:
    """Else a document of two pieces would pass for one of one."""
    order = world.change(lines=fewer(ORDER), total=Money(Decimal("10.00"), "EUR"))
    assert acknowledge(world)[0] == 409
    assert world.head.erp_number == ""
    assert acknowledge(world, version=order.version, total={"amount": "10.00", "currency": "EUR"})[0] == 202
    assert world.head.erp_items == {OrderItemId("item-1"): 1}


def test_an_old_version_has_the_new_one_delivered_at_once(world: Publishing) -> None:
    world.clock.sleep(60)
    world.change(ship_by=START + timedelta(days=3))
    world.work_off()
    delivered = len(world.delivered)
    world.clock.sleep(60)
    acknowledge(world)
    world.work_off()
    assert len(world.delivered) == delivered + 1


def test_a_receiver_that_always_names_the_old_version_does_not_go_round_for_ever(world: Publishing) -> None:
    world.clock.sleep(60)
    world.change(ship_by=START + timedelta(days=3))
    world.at_delivery = lambda: acknowledge(world)
    world.minutes(10)
    assert len(world.delivered) <= 3
    world.minutes(50)
    assert len(world.delivered) <= 7


def test_what_amazon_changes_afterwards_is_amended(world: Publishing) -> None:
    acknowledge(world)
    world.change(lines=fewer(ORDER), total=Money(Decimal("10.00"), "EUR"))
    world.minutes(1)
    assert world.open(AMEND_IN_ERP) == "parked"


def test_an_order_that_was_cancelled_meanwhile_is_acknowledged_and_stopped(world: Publishing) -> None:
    world.change(status=Status.CANCELLED)
    assert acknowledge(world, total={"amount": "1.00", "currency": "EUR"})[0] == 202
    world.minutes(1)
    assert world.head.erp_number == "SO-1"
    assert world.erp.cancelled


def test_a_cancellation_that_was_answered_before_the_document_was_known_is_asked_again(world: Publishing) -> None:
    world.change(status=Status.CANCELLED)
    world.minutes(1)
    answer(world, "done")
    world.minutes(2)
    assert (world.open(CANCEL_IN_ERP), len(world.erp.cancelled)) == ("done", 1)
    acknowledge(world)
    world.minutes(1)
    assert len(world.erp.cancelled) == 2


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"order_id": "305-9999999-9999999"}, "no order of this id has been read"),
        ({"seller_id": "AOTHER0000000"}, "no such seller is connected"),
        ({"region": "na"}, "no such seller is connected"),
    ],
)
def test_what_is_not_there_is_not_made(world: Publishing, changes: Any, complaint: str) -> None:
    before = len(world.table)
    for status, body in (acknowledge(world, **changes), answer(world, "done", **changes)):
        assert status == 409
        assert body["error"].startswith(complaint)
    assert len(world.table) == before


def test_another_seller_of_the_same_deployment_cannot_speak_for_this_one(world: Publishing) -> None:
    other = SELLER._replace(seller_id="AOTHER0000000")  # type: ignore[arg-type]
    world.connect(other)
    assert acknowledge(world, seller_id=other.seller_id)[0] == 409
    assert world.head.erp_number == ""


def test_an_order_that_amazon_ships_itself(world: Publishing) -> None:
    world.change(fulfilled_by="AMAZON")
    assert acknowledge(world)[0] == 409


@pytest.mark.parametrize("mode", [Mode.DRY_RUN, Mode.NEEDS_CONSENT])
def test_a_fact_is_taken_while_the_seller_waits(world: Publishing, mode: Mode) -> None:
    world.connect(mode=mode)
    assert acknowledge(world)[0] == 202


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[(name, value) for name in ACK for value in (None, "", 7, "a#b", "a\nb", "x" * 101, [])],
        *[("total", value) for value in ("20.00", 20, [], {"amount": 20.0, "currency": "EUR"}, {"amount": "20"})],
        *[("total", {"amount": value, "currency": "EUR"}) for value in ("NaN", "1_0", "", "1e99", None)],
    ],
)
def test_what_is_wrong_in_an_acknowledgement_is_named(world: Publishing, field: str, value: Any) -> None:
    status, body = acknowledge(world, **{field: value})
    assert (status, f"`{field}`" in body["error"]) == (400, True)
    assert world.head.erp_number == ""


# Cancellations.


@pytest.fixture
def asked(world: Publishing) -> Publishing:
    """The ERP holds the order, and was asked to cancel it."""
    acknowledge(world)
    world.work_off()
    world.change(status=Status.CANCELLED)
    world.minutes(1)
    assert (len(world.erp.cancelled), world.open(CANCEL_IN_ERP)) == (1, "due")
    return world


@pytest.mark.parametrize("word", ["done", "refused_shipped", "needs_human"])
def test_an_answer_ends_the_cancellation(asked: Publishing, word: str) -> None:
    assert answer(asked, word) == (202, {"result": "taken"})
    assert answer(asked, word) == (202, {"result": "known already"})
    asked.minutes(30)
    assert (asked.open(CANCEL_IN_ERP), asked.head.erp_cancelled, len(asked.erp.cancelled)) == ("done", word, 1)
    assert bool(asked.head.erp_problem) == (word != "done")
    assert asked.signals.counts["ErpCannotFulfil"] == (word != "done")


def test_without_an_answer_it_is_asked_again(asked: Publishing) -> None:
    asked.minutes(20)
    assert len(asked.erp.cancelled) == 2


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (("needs_human", "done"), "done"),
        (("done", "needs_human"), "done"),
        (("needs_human", "refused_shipped"), "refused_shipped"),
        (("refused_shipped", "needs_human", "done"), "refused_shipped"),
        (("done", "refused_shipped"), "refused_shipped"),
    ],
)
def test_answers_end_the_same_in_any_order(asked: Publishing, words: tuple[str, ...], last: str) -> None:
    for word in words:
        assert answer(asked, word)[0] == 202
    assert asked.head.erp_cancelled == last


def test_nobody_asked(world: Publishing) -> None:
    acknowledge(world)
    assert answer(world, "done") == (409, {"error": "Amazon has not cancelled this order, so nobody asked"})
    assert world.head.erp_cancelled == ""


@pytest.mark.parametrize("word", [None, "", "DONE", "maybe", 1, [], {}, True])
def test_an_answer_is_one_of_three(asked: Publishing, word: Any) -> None:
    status, body = answer(asked, word)
    assert (status, body["error"]) == (400, "`answer` must be one of done, refused_shipped, needs_human")


def test_nothing_of_the_recipient_is_kept_or_said(world: Publishing) -> None:
    acknowledge(world, total={"amount": "19.00", "currency": "EUR"})
    world.minutes(1)
    acknowledge(world)
    said = repr((world.signals.notes, world.table.items))
    assert not [word for word in (ANNA.name, ANNA.street[0], ANNA.city, ANNA.postal_code) if word in said]
