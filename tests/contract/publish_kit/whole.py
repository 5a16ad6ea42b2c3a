"""The channel behind the product's own outbox: what is told, told again, and not told, from Amazon's order on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from bridge.domain.ids import OrderKey
from bridge.domain.orders import Order, Status
from bridge.domain.sellers import Mode
from bridge.domain.times import to_text
from bridge.erp.publish import ACKNOWLEDGE_WITHIN, Channel, Publisher
from bridge.sweeps import due
from tests.contract.erp_kit.cases import order as random_order
from tests.contract.publish_kit.cases import Kit, Receiver, messages
from tests.fakes.world import SELLER, RecordingErp, World, an_order


class WholeKit(Kit):
    """Inherited by `PublishKit`."""

    @pytest.fixture
    def world(self, channel: Channel) -> World:
        world = World()
        publisher = cast("RecordingErp", Publisher(channel, {}, now=world.clock.now))
        world.erp, world.ports = publisher, replace(world.ports, erp=publisher)
        return world

    @pytest.fixture
    def sold(self) -> Order:
        """An order that no other test's receiver has heard of."""
        return an_order(random_order().key.order_id)

    def test_what_nobody_acknowledges_is_told_again_and_parked_never(
        self, world: World, sold: Order, receiver: Receiver
    ) -> None:
        key = comes_in(world, sold)
        before = len(messages(receiver, key.order_id))
        for _ in range(3):
            world.clock.sleep((ACKNOWLEDGE_WITHIN + timedelta(minutes=1)).total_seconds())
            sweep(world)
        told = messages(receiver, key.order_id)
        assert len({message["id"] for message in told}) == 1
        assert (before, world.amazon.reads[key.order_id]) == (1, 4)
        assert world.ports.orders.get(key).erp_number == ""
        assert world.signals.counts["Parked"] == 0

    def test_between_two_repetitions_nobody_is_bothered(self, world: World, sold: Order, receiver: Receiver) -> None:
        key = comes_in(world, sold)
        for _ in range(10):
            world.clock.sleep(60)
            sweep(world)
        assert len(receiver.texts(key.order_id)) == 1
        assert world.amazon.reads[key.order_id] == 1

    def test_a_seller_in_dry_run_tells_nothing(self, world: World, sold: Order, receiver: Receiver) -> None:
        world.connect(mode=Mode.DRY_RUN)
        key = comes_in(world, sold)
        sweep(world)
        assert receiver.texts(key.order_id) == []
        world.connect(mode=Mode.LIVE)
        world.ports.send(world.ports.desk.resume(SELLER))
        world.work_off()
        assert len(messages(receiver, key.order_id)) == 1

    def test_cancelled_before_the_acknowledgement_is_told_too(
        self, world: World, sold: Order, receiver: Receiver
    ) -> None:
        key = comes_in(world, sold)
        world.clock.sleep(30)
        comes_in(world, replace(sold, status=Status.CANCELLED, version=to_text(world.clock.now()), digest="2"))
        for _ in range(2):
            world.clock.sleep((ACKNOWLEDGE_WITHIN + timedelta(minutes=1)).total_seconds())
            sweep(world)
        kinds = [message["type"] for message in messages(receiver, key.order_id)]
        assert kinds.count("order") == 1
        assert set(kinds) == {"order", "cancellation"}
        assert world.ports.orders.get(key).erp_cancelled == ""


def comes_in(world: World, sold: Order) -> OrderKey:
    """Amazon's order is read, and what it calls for is carried out."""
    key = world.place(sold)
    _, works = world.ports.orders.fold(key, sold)
    world.ports.send(works)
    world.work_off()
    return key


def sweep(world: World) -> None:
    due.run(world.ports, lambda: 30.0)
    world.work_off()
