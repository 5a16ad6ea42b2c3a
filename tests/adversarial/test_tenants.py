"""Whatever is done for one seller, in whatever order: nothing of another seller, or of another region, is touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import outbox
from bridge.domain.documents import Package, Shipment, ShipmentState
from bridge.domain.errors import NotAllowed, Throttled
from bridge.domain.ids import OrderItemId, Seller
from bridge.domain.lifecycle import CONFIRM_SHIPMENT, FETCH_ORDER, HAND_TO_ERP, KINDS
from bridge.domain.lines import Line
from bridge.domain.orders import Status
from bridge.domain.pacing import User
from bridge.domain.sellers import Mode, SellerRecord
from bridge.domain.times import to_text
from bridge.domain.work import Work
from bridge.reactions import order_change, shipment_dispatched
from bridge.spapi.orders_2026_01_01 import GET_ORDER
from bridge.spapi.pacing import Pacer
from bridge.stores import keys
from bridge.stores.quota import Quota
from bridge.sweeps import due, lines
from tests.adversarial.inlet import neighbour, receive
from tests.adversarial.mutations import changed
from tests.adversarial.tenants import ORDER, TENANTS, Leak, WatchedTable, order_of
from tests.adversarial.writing import written
from tests.fakes.table import MemoryTable
from tests.fakes.world import DE, START, World, an_order


class House:
    """The bridge with three tenants, and everything that can be done for one of them."""

    def __init__(self) -> None:
        self.table = WatchedTable()
        self.world = World(table=self.table)
        self.ports = self.world.ports
        for tenant in TENANTS:
            self.world.sellers.put(
                SellerRecord(tenant, (DE,), Mode.LIVE, START - timedelta(days=1), {"ORDER_CHANGE": str(tenant)})
            )
        self.pacer = Pacer(Quota(self.table), self.world.clock)
        self.world.place(an_order())
        self.told: Counter[Seller] = Counter()

    def notify(self, tenant: Seller) -> None:
        self.told[tenant] += 1
        body = neighbour(1)
        at = ("Payload", "OrderChangeNotification")
        change = {**body["Payload"]["OrderChangeNotification"], "SellerId": tenant.seller_id, "AmazonOrderId": ORDER}
        metadata = {**body["NotificationMetadata"], "SubscriptionId": str(tenant)}
        metadata["NotificationId"] = f"n-{self.told[tenant]}"
        body = changed(changed(body, at, lambda _: change), ("NotificationMetadata",), lambda _: metadata)
        assert receive(self.world, [written(body)]) == []
        order_change.react(f"x-{self.told[tenant]}", _lower(body), self.record(tenant), self.ports)

    def record(self, tenant: Seller) -> SellerRecord:
        record = self.world.sellers.get(tenant)
        assert record is not None
        return record

    def read(self, tenant: Seller) -> None:
        now = to_text(self.world.clock.now())
        order = an_order(version=now, digest=now, status=Status.SHIPPED if self.told[tenant] % 3 else Status.UNSHIPPED)
        self.ports.orders.fold(order_of(tenant), order)

    def ship(self, tenant: Seller) -> None:
        parcel = Package("1", "DHL", f"T{self.told[tenant]}", START, ((OrderItemId("item-1"), 1),))
        key = order_of(tenant)
        shipment_dispatched.react(Shipment("S", key, ShipmentState.SHIPPED, START, (parcel,)), self.ports)
        for known, _ in self.ports.parcels.all(key):
            outbox.carry_out(Work(CONFIRM_SHIPMENT, key, known.part), None, self.ports)

    def cannot_ship(self, tenant: Seller) -> None:
        said = Shipment("S", order_of(tenant), ShipmentState.CANNOT_FULFIL, START, reason="sold out")
        shipment_dispatched.react(said, self.ports)

    def work(self, tenant: Seller) -> None:
        for kind in (HAND_TO_ERP, FETCH_ORDER):
            outbox.carry_out(Work(kind, order_of(tenant)), None, self.ports)

    def work_without_consent(self, tenant: Seller) -> None:
        self.world.amazon.errors.append(NotAllowed("revoked"))
        self.work(tenant)
        self.world.amazon.errors.clear()

    def shelve(self, tenant: Seller) -> None:
        for kind in KINDS:
            work = Work(kind, order_of(tenant), "S#1")
            turn = self.ports.desk.claim(work, None)
            if turn is not None:
                self.ports.desk.park(turn, "no")
            self.world.ports.desk.pause(work, "paused")

    def bring_back(self, tenant: Seller) -> None:
        self.world.sellers.set_mode(tenant, Mode.LIVE)
        for work in self.ports.desk.resume(tenant):
            assert work.key.seller == tenant

    def page(self, tenant: Seller) -> None:
        now = self.world.clock.now()
        self.world.sellers.begin(tenant, "orders")
        self.world.sellers.bookmark(tenant, "orders", "token", now)
        self.world.sellers.advance(tenant, "orders", now)
        self.world.sellers.forget(tenant, "orders")

    def reserve(self, tenant: Seller) -> None:
        try:
            self.pacer.reserve(GET_ORDER, tenant, User.LIVE)
        except Throttled:
            self.world.clock.sleep(10)

    def queue_up(self, tenant: Seller) -> None:
        line = Line(tenant, "getOrder")
        slot = self.world.clock.now()
        self.world.amazon.errors.extend([Throttled("quota", slot, operation="getOrder")] * 2)
        self.work(tenant)
        self.world.amazon.errors.clear()
        self.world.amazon.free_seats = [slot]
        lines.serve(line, self.ports, lambda: 60.0)
        self.ports.lines.reopen(line)

    def wait(self, _: Seller) -> None:
        self.world.clock.sleep(61)

    def sweep(self) -> None:
        """For all tenants at once: only keys come out of the index."""
        due.run(self.ports, lambda: 60.0)
        while self.world.queue.waiting:
            work, slot = self.world.queue.waiting.popleft()
            with self.table.only(work.key.seller):
                outbox.carry_out(work, slot, self.ports)


def _lower(body: Any) -> dict[str, Any]:
    change = body["Payload"]["OrderChangeNotification"]
    return {"orderchangenotification": {name.lower(): value for name, value in change.items()}}


DONE: list[Callable[[House, Seller], None]] = [
    House.notify, House.read, House.ship, House.cannot_ship, House.work, House.work_without_consent,
    House.shelve, House.bring_back, House.page, House.reserve, House.queue_up, House.wait,
]  # fmt: skip
SWEPT = st.sampled_from([False] * 5 + [True])
STEPS = st.lists(st.tuples(st.sampled_from(DONE), st.sampled_from(TENANTS), SWEPT), max_size=20)


def play(steps: list[tuple[Callable[[House, Seller], None], Seller, bool]]) -> House:
    house = House()
    for step, tenant, swept in steps:
        with house.table.only(tenant):
            step(house, tenant)
        if swept:
            house.sweep()
    return house


@given(STEPS)
def test_no_step_leaves_its_tenant(steps: Any) -> None:
    play(steps)


@given(STEPS)
@settings(max_examples=30)
def test_a_tenant_is_served_as_if_alone(steps: Any) -> None:
    """Its items are the same when the others never did anything. Time is everybody's, so it stands still here."""
    unswept = [(step, tenant, False) for step, tenant, _ in steps if step not in {House.wait, House.reserve}]
    both = play(unswept)
    for tenant in TENANTS:
        alone = play([entry for entry in unswept if entry[1] == tenant])
        assert _space(both.table, tenant) == _space(alone.table, tenant)


def _space(table: MemoryTable, tenant: Seller) -> dict[Any, Any]:
    space = f"T#{tenant.region}#{tenant.seller_id}"
    return {key: item for key, item in table.items.items() if key.pk == space or key.pk.startswith(f"{space}#")}


@pytest.mark.thorough
@settings(max_examples=600)
@given(STEPS)
def test_no_step_leaves_its_tenant_in_many_orders(steps: Any) -> None:
    play(steps)


EVERYTHING = [(step, tenant, True) for step in (*DONE, *reversed(DONE)) for tenant in TENANTS]


def test_everything_is_done_in_this_house() -> None:
    house = play(EVERYTHING)
    assert house.table.seen == {*TENANTS}
    assert {key.sk.partition("#")[0] for key in house.table.items} >= {"HEAD", "FX", "PKG", "Q"}
    assert [key for key in house.table.items if "#CUR#" in key.sk]


BUGS: dict[str, Any] = {
    "order_pk": lambda key: f"T#{key.seller_id}#O#{key.order_id}",
    "quota": lambda place: keys.Key(f"T#eu#{place.seller_id}", f"Q#{place.name}"),
    "line": lambda line: keys.Key("SELLERS", f"LINE#{line.operation}"),
    "waiting": lambda line, rank: f"L#{line.operation}#{rank}",
    "cursor": lambda seller, sweep: keys.Key("T#sweeps", f"CUR#{sweep}"),
    "paused": lambda seller: f"PAUSED#{seller.seller_id}",
    "seller": lambda seller: keys.Key("SELLERS", f"{seller.seller_id}#eu"),
    "parcel": lambda key, part: keys.Key(keys.order_pk(replace_region(key)), f"PKG#{part}"),
}


def replace_region(key: Any) -> Any:
    return key._replace(region="eu")


@pytest.mark.parametrize("name", BUGS)
def test_a_key_that_forgets_the_tenant_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, name, BUGS[name])
    with pytest.raises((Leak, AssertionError, ValueError)):
        play(EVERYTHING)
