"""A message that arrived, and the word for it through the API: made of the message alone, and taken exactly once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge import api
from bridge.domain.documents import CancelAnswer
from bridge.domain.ids import OrderKey
from bridge.domain.lifecycle import CANCEL_IN_ERP, HAND_TO_ERP
from bridge.domain.orders import Order, Status
from bridge.domain.times import to_text
from bridge.domain.work import Work
from bridge.erp.publish import ACKNOWLEDGE_WITHIN
from tests.contract.publish_kit.cases import Receiver, messages
from tests.contract.publish_kit.whole import WholeKit, comes_in, sweep
from tests.fakes.world import World


def say(world: World, route: str, message: dict[str, Any], **words: Any) -> int:
    """What the receiver of a message says about it; everything but its own words it has from the message."""
    named = {name: message[name] for name in ("region", "seller_id", "order_id")}
    event = {"routeKey": f"POST /v1/{route}", "body": json.dumps({**named, **words})}
    return int(api.consumer(world.ports)(event, None)["statusCode"])


def acknowledge(world: World, message: dict[str, Any], **words: Any) -> int:
    told = {"number": "SO-1", "version": message["version"], "total": message["data"].get("total")}
    return say(world, "acknowledgements", message, **{**told, **words})


def later(world: World) -> None:
    """Past the time in which an acknowledgement is expected, and everything that is due by then is carried out."""
    world.clock.sleep((ACKNOWLEDGE_WITHIN + timedelta(minutes=1)).total_seconds())
    sweep(world)


def open_work(world: World, kind: str, key: OrderKey) -> bool:
    state = world.ports.desk.state(Work(kind, key))
    return bool(state and "due" in state)


class AcknowledgingKit(WholeKit):
    """Inherited by `PublishKit`."""

    @pytest.fixture
    def told(self, world: World, sold: Order, receiver: Receiver) -> dict[str, Any]:
        """The message of an order that came in half a minute ago: the claim of its hand-over is over."""
        (message,) = messages(receiver, comes_in(world, sold).order_id)
        world.clock.sleep(30)
        return message

    @pytest.fixture
    def deliveries(self, world: World, sold: Order, receiver: Receiver) -> Callable[[], Counter[str]]:
        """How often the order was told of, by the type of message."""
        return lambda: Counter(message["type"] for message in messages(receiver, sold.order_id))

    def test_the_word_ends_the_hand_over(
        self, world: World, sold: Order, told: dict[str, Any], deliveries: Callable[[], Counter[str]]
    ) -> None:
        key = world.key(sold.order_id)
        assert acknowledge(world, told) == 202
        world.work_off()
        assert not open_work(world, HAND_TO_ERP, key)
        later(world)
        head = world.ports.orders.get(key)
        assert (head.erp_number, head.erp_version, dict(head.erp_items)) == ("SO-1", sold.version, {"item-1": 2})
        assert deliveries() == {"order": 1}
        assert world.signals.counts["Parked"] == 0

    def test_said_twice_and_late_it_changes_nothing(
        self, world: World, sold: Order, told: dict[str, Any], deliveries: Callable[[], Counter[str]]
    ) -> None:
        later(world)
        assert deliveries() == {"order": 2}
        assert acknowledge(world, told) == 202
        revision = world.ports.orders.get(world.key(sold.order_id)).revision
        for _ in range(3):
            assert acknowledge(world, told) == 202
            later(world)
        assert world.ports.orders.get(world.key(sold.order_id)).revision == revision
        assert deliveries() == {"order": 2}

    def test_eight_say_it_at_once(self, world: World, sold: Order, told: dict[str, Any]) -> None:
        with ThreadPoolExecutor(8) as pool:
            statuses = set(pool.map(lambda _: acknowledge(world, told), range(8)))
        assert statuses <= {202, 503}
        assert acknowledge(world, told) == 202
        head = world.ports.orders.get(world.key(sold.order_id))
        assert (head.erp_number, head.erp_problem) == ("SO-1", "")

    def test_another_number_is_one_document_too_many(self, world: World, sold: Order, told: dict[str, Any]) -> None:
        assert acknowledge(world, told) == 202
        assert acknowledge(world, told, number="SO-2") == 409
        head = world.ports.orders.get(world.key(sold.order_id))
        assert head.erp_number == "SO-1"
        assert "SO-2" in head.erp_problem

    def test_a_cent_more_is_for_a_human(
        self, world: World, sold: Order, told: dict[str, Any], deliveries: Callable[[], Counter[str]]
    ) -> None:
        assert acknowledge(world, told, total={"amount": "20.01", "currency": "EUR"}) == 409
        world.work_off()
        assert world.signals.counts["Parked"] == 1
        assert world.ports.orders.get(world.key(sold.order_id)).erp_number == ""
        later(world)
        assert deliveries() == {"order": 1}
        world.ports.desk.retry(Work(HAND_TO_ERP, world.key(sold.order_id)))
        later(world)
        assert world.ports.orders.get(world.key(sold.order_id)).erp_number == "SO-1"
        assert deliveries() == {"order": 1}

    def test_of_an_order_nobody_knows_and_of_another_seller_nothing_is_taken(
        self, world: World, sold: Order, told: dict[str, Any]
    ) -> None:
        assert acknowledge(world, {**told, "order_id": "305-9999999-9999999"}) == 409
        assert acknowledge(world, {**told, "seller_id": "A2SOMEBODYELSE"}) == 409
        assert world.ports.orders.get(world.key(sold.order_id)).erp_number == ""

    def test_the_word_for_an_older_version_brings_the_newer_one(
        self, world: World, sold: Order, told: dict[str, Any], receiver: Receiver
    ) -> None:
        world.clock.sleep(30)
        newer = replace(sold, version=to_text(world.clock.now()), digest="2")
        world.place(newer)
        world.ports.orders.fold(world.key(sold.order_id), newer)
        assert acknowledge(world, told) == 409
        world.work_off()
        found = messages(receiver, sold.order_id)
        newest = max(found, key=lambda message: str(message["version"]))
        assert newest["version"] == newer.version
        assert acknowledge(world, newest) == 202
        assert world.ports.orders.get(world.key(sold.order_id)).erp_version == newer.version

    @pytest.mark.parametrize("answer", list(CancelAnswer))
    def test_the_answer_to_a_cancellation_ends_it(
        self,
        world: World,
        sold: Order,
        told: dict[str, Any],
        deliveries: Callable[[], Counter[str]],
        answer: CancelAnswer,
    ) -> None:
        assert acknowledge(world, told) == 202
        key = world.key(sold.order_id)
        assert say(world, "cancellation-answers", told, answer=answer) == 409
        world.clock.sleep(30)
        comes_in(world, replace(sold, status=Status.CANCELLED, version=to_text(world.clock.now()), digest="2"))
        assert deliveries() == {"order": 1, "cancellation": 1}
        for _ in range(2):
            assert say(world, "cancellation-answers", told, answer=answer) == 202
            world.work_off()
            later(world)
        head = world.ports.orders.get(key)
        assert (head.erp_cancelled, bool(head.erp_problem)) == (answer, answer is not CancelAnswer.DONE)
        assert deliveries() == {"order": 1, "cancellation": 1}
        assert not open_work(world, CANCEL_IN_ERP, key)

    def test_cancelled_meanwhile_it_is_cancelled_there_as_soon_as_it_is_known(
        self, world: World, sold: Order, told: dict[str, Any], deliveries: Callable[[], Counter[str]]
    ) -> None:
        world.clock.sleep(30)
        comes_in(world, replace(sold, status=Status.CANCELLED, version=to_text(world.clock.now()), digest="2"))
        assert acknowledge(world, told) == 202
        later(world)
        assert deliveries()["cancellation"] >= 1
        assert say(world, "cancellation-answers", told, answer="done") == 202
        before = deliveries()
        later(world)
        assert deliveries() == before
