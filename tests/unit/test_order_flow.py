"""One order through the product's own handlers, on stand-ins: what is done once, never, and asked when in doubt."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge import inbox, outbox
from bridge.domain.documents import ErpOrder, Package, Shipment, ShipmentState
from bridge.domain.errors import NotAllowed, Refused, Throttled, Unavailable
from bridge.domain.ids import OrderItemId
from bridge.domain.lifecycle import HAND_TO_ERP, Ending
from bridge.domain.orders import Line, Status
from bridge.domain.sellers import Mode
from bridge.domain.times import to_text
from bridge.domain.work import Turn, Work, encode
from bridge.effects import EFFECTS
from bridge.reactions.shipment_dispatched import react
from bridge.stores.table import Invalid
from bridge.sweeps import due, orders, shipments
from tests.fakes.world import SELLER, START, World, an_order

APPLICATION = "amzn1.sp.solution.test"


class Context:
    function_name = "test"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def notification(order_id: str = "305-0000001-0000001", number: int = 1, **changes: str) -> dict[str, Any]:
    summary = {
        "MarketplaceId": "A1PA6795UKMFR9",
        "OrderStatus": changes.get("status", "Unshipped"),
        "FulfillmentType": changes.get("by", "MFN"),
    }
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": "2026-11-24T09:00:00.000Z",
        "Payload": {
            "OrderChangeNotification": {
                "NotificationLevel": "OrderLevel",
                "SellerId": changes.get("seller", SELLER.seller_id),
                "AmazonOrderId": order_id,
                "OrderChangeType": changes.get("type", "OrderStatusChange"),
                "OrderChangeTrigger": {"TimeOfOrderChange": None, "ChangeReason": "x"},
                "Summary": summary,
            }
        },
        "NotificationMetadata": {
            "ApplicationId": changes.get("application", APPLICATION),
            "SubscriptionId": changes.get("subscription", "sub-1"),
            "PublishTime": "2026-11-24T09:00:00.000Z",
            "NotificationId": f"n-{number}",
        },
    }


def deliver(world: World, *bodies: Any) -> list[str]:
    """The ids of the records that the inbox reports as failed."""
    records = [
        {"messageId": str(n), "body": body if isinstance(body, str) else json.dumps(body), "eventSource": "aws:sqs"}
        for n, body in enumerate(bodies)
    ]
    answer = inbox.consumer(world.ports, APPLICATION)({"Records": records}, Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def carry(world: World, *works: Work) -> list[str]:
    """The ids of the records that the lanes report as failed."""
    records = [{"messageId": str(n), "body": encode(work, None)} for n, work in enumerate(works)]
    records = [record | {"eventSource": "aws:sqs"} for record in records]
    answer = outbox.consumer(world.ports, frozenset(EFFECTS))({"Records": records}, Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def shipped(
    world: World,
    order_id: str = "305-0000001-0000001",
    *,
    quantity: int = 2,
    tracking: str = "T1",
    shipment: str = "S1",
    package: str = "P1",
) -> Shipment:
    packed = Package(package, "DHL", tracking, world.clock.now(), ((OrderItemId("item-1"), quantity),))
    return Shipment(shipment, world.key(order_id), ShipmentState.SHIPPED, world.clock.now(), (packed,))


def test_from_notification_to_confirmed_tracking_with_one_read() -> None:
    world = World()
    key = world.place(an_order())
    assert deliver(world, notification()) == []
    world.work_off()
    assert world.erp.find(key) is not None
    assert world.amazon.reads[key.order_id] == 1
    react(shipped(world), world.ports)
    world.work_off()
    assert [c.tracking for c in world.amazon.confirmations] == ["T1"]
    assert world.ports.orders.get(key).confirmed == {"item-1": 2}


def test_the_same_notification_ten_times_is_one_document() -> None:
    world = World()
    key = world.place(an_order())
    deliver(world, *[notification()] * 10)
    world.work_off()
    deliver(world, *[notification()] * 10)
    world.work_off()
    assert world.erp.created == [key]
    assert world.amazon.reads[key.order_id] == 1


def test_a_pending_order_waits_and_calls_nobody() -> None:
    world = World()
    key = world.place(an_order(status=Status.PENDING))
    deliver(world, notification(status="Pending"))
    world.work_off()
    assert world.amazon.reads[key.order_id] == 0
    assert not world.erp.created


def test_a_late_pending_notification_changes_nothing() -> None:
    world = World()
    key = world.place(an_order())
    deliver(world, notification(number=2))
    world.work_off()
    deliver(world, notification(number=1, status="Pending"))
    world.work_off()
    assert world.ports.orders.get(key).status == Status.UNSHIPPED
    assert world.amazon.reads[key.order_id] == 1


def test_an_fba_order_is_read_and_never_handed_over() -> None:
    world = World()
    key = world.place(an_order(fulfilled_by="AMAZON"))
    deliver(world, notification(by="AFN"))
    world.work_off()
    assert world.ports.orders.get(key).fulfilled_by == "AMAZON"
    assert not world.erp.created


def test_cancelled_before_hand_over_makes_nothing_in_the_erp_which_is_asked_all_the_same() -> None:
    """The table may have been restored: the ERP may know of a document that the bridge has forgotten."""
    world = World()
    key = world.place(an_order(status=Status.CANCELLED))
    deliver(world, notification())
    world.work_off()
    assert not world.erp.created
    assert world.erp.cancelled == [key]


def test_an_order_of_amazons_own_is_nothing_to_the_erp() -> None:
    world = World()
    world.place(an_order(status=Status.CANCELLED, fulfilled_by="AMAZON"))
    deliver(world, notification())
    world.work_off()
    assert not world.erp.cancelled


def test_cancelled_after_hand_over_cancels_once_in_the_erp() -> None:
    world = World()
    key = world.place(an_order())
    deliver(world, notification())
    world.work_off()
    world.place(an_order(status=Status.CANCELLED, version=to_text(START), digest="2"))
    deliver(world, notification(number=2, status="Canceled"), notification(number=3, status="Canceled"))
    world.work_off()
    assert world.erp.cancelled == [key]
    assert world.ports.orders.get(key).erp_cancelled == "done"


def test_a_cancellation_that_comes_while_the_order_is_handed_over_is_not_lost() -> None:
    world = World()
    key = world.place(an_order())
    original = world.erp.create

    def create(document: Any, recipient: Any) -> Any:
        answer = original(document, recipient)
        cancelled = an_order(status=Status.CANCELLED, version=to_text(START), digest="2")
        world.place(cancelled)
        world.ports.send(world.ports.orders.fold(key, cancelled)[1])
        return answer

    world.erp.create = create  # type: ignore[method-assign]
    deliver(world, notification())
    world.work_off()
    assert world.erp.cancelled == [key]


def test_a_buyer_who_asks_to_cancel_gets_the_document_held() -> None:
    world = World()
    key = world.place(an_order())
    deliver(world, notification())
    world.work_off()
    line = replace(an_order().lines[0], cancel_requested=True)
    world.place(an_order(lines=(line,), version=to_text(START), digest="2"))
    deliver(world, notification(number=2, type="BuyerRequestedChange"))
    world.work_off()
    assert world.erp.held == [key]
    assert world.ports.orders.get(key).erp_held


def test_a_missing_recipient_is_parked_with_the_missing_role() -> None:
    world = World()
    key = world.place(an_order())
    world.amazon.recipient = None
    deliver(world, notification())
    world.work_off()
    assert not world.erp.created
    [parked] = world.ports.parking.list()  # type: ignore[attr-defined]
    assert "Direct-to-Consumer Shipping" in parked.reason
    world.amazon.recipient = World().amazon.recipient
    assert world.ports.desk.retry(Work("hand_to_erp", key))  # type: ignore[attr-defined]
    world.queue.send(Work("hand_to_erp", key))
    world.work_off()
    assert world.erp.created == [key]


def test_an_unknown_sku_is_parked_and_its_neighbour_is_not() -> None:
    world = World()
    line = replace(an_order().lines[0], sku="NOPE")
    world.place(an_order("305-0000002-0000002", lines=(line,)))
    good = world.place(an_order())
    deliver(world, notification("305-0000002-0000002", 2), notification())
    world.work_off()
    assert world.erp.created == [good]
    assert "NOPE" in world.ports.parking.list()[0].reason  # type: ignore[attr-defined]


def test_an_order_from_before_go_live_is_adopted_or_parked_never_created() -> None:
    world = World()
    old = START - timedelta(days=3)
    known = world.place(an_order("305-0000003-0000003", created=old))
    world.place(an_order(created=old))
    deliver(world, notification("305-0000003-0000003", 3))
    world.erp.adopted[known] = ErpOrder("OLD-77", "done")
    deliver(world, notification())
    world.work_off()
    assert not world.erp.created
    assert world.ports.orders.get(known).erp_number == "OLD-77"
    assert "before this seller went live" in world.ports.parking.list()[0].reason  # type: ignore[attr-defined]


def test_an_erp_that_did_it_and_then_failed_is_asked_before_it_is_told_again() -> None:
    world = World()
    key = world.place(an_order())
    world.erp.fail_after_effect = True
    deliver(world, notification())
    world.work_off_once()
    assert not world.ports.orders.get(key).erp_number
    world.erp.fail_after_effect = False
    world.clock.sleep(300)
    world.work_off()
    assert world.erp.created == [key]
    assert world.ports.orders.get(key).erp_number


def test_an_erp_that_is_down_for_a_day_costs_nothing_but_time() -> None:
    world = World()
    key = world.place(an_order())
    world.erp.down = True
    world.queue.lossy = True
    deliver(world, notification())
    for _ in range(24):
        world.clock.sleep(3600)
        world.queue.lossy = False
        due.run(world.ports, lambda: 60.0)
        world.work_off_once()
        world.queue.waiting.clear()
    world.erp.down = False
    world.clock.sleep(3600)
    due.run(world.ports, lambda: 60.0)
    world.work_off()
    assert world.erp.created == [key]


def test_a_lost_notification_is_found_by_the_search() -> None:
    world = World()
    placed = [world.place(an_order(f"305-000000{n}-0000001")) for n in range(5)]
    orders.run(world.ports, lambda: 60.0)
    world.work_off()
    assert sorted(world.erp.created) == sorted(placed)
    assert world.sellers.cursor(SELLER, "orders").at == START


def test_a_search_that_breaks_off_goes_on_where_it_was_and_moves_the_cursor_last() -> None:
    world = World()
    for n in range(5):
        world.place(an_order(f"305-000000{n}-0000001"))
    calls, tokens = 0, list[str | None]()
    original = world.amazon.search_orders

    def search(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        tokens.append(kwargs["token"])
        if calls in {2, 3}:
            raise Unavailable("searchOrders: 503")
        return original(*args, **kwargs)

    world.amazon.search_orders = search  # type: ignore[method-assign]
    orders.run(world.ports, lambda: 60.0)
    assert world.sellers.cursor(SELLER, "orders").at is None
    assert world.sellers.cursor(SELLER, "orders").token == "2"
    assert tokens == [None, "2", "2"]
    orders.run(world.ports, lambda: 60.0)
    world.work_off()
    assert len(world.erp.created) == 5
    assert world.sellers.cursor(SELLER, "orders").at == START


def test_work_whose_message_was_lost_is_found_by_the_due_sweep() -> None:
    world = World()
    key = world.place(an_order())
    world.queue.lossy = True
    deliver(world, notification())
    world.queue.lossy = False
    world.clock.sleep(11)
    due.run(world.ports, lambda: 60.0)
    world.work_off()
    assert world.erp.created == [key]


def test_a_lease_keeps_the_second_worker_out_until_it_ends() -> None:
    world = World()
    key = world.place(an_order())
    deliver(world, notification())
    work = Work("hand_to_erp", key)
    first = world.ports.desk.claim(work, None)
    assert first is not None
    assert world.ports.desk.claim(work, None) is None
    world.clock.sleep(61)
    second = world.ports.desk.claim(work, None)
    assert second is not None
    assert second.doubt
    assert world.ports.desk.complete(first) == ()
    assert (world.ports.desk.state(work) or {})["f"] == second.fence  # type: ignore[attr-defined]
    assert world.ports.desk.state(work)["f"] == second.fence  # type: ignore[attr-defined, index]
    assert "due" in world.ports.desk.state(work)  # type: ignore[attr-defined, operator]


def test_a_reserved_slot_is_for_its_own_message_only() -> None:
    world = World()
    key = world.place(an_order())
    slot = START + timedelta(seconds=20)
    world.amazon.errors.append(Throttled("getOrder", slot, slot=slot))
    deliver(world, notification())
    world.work_off_once()
    work = Work("hand_to_erp", key)
    assert world.ports.desk.claim(work, None) is None
    assert world.ports.desk.claim(work, slot + timedelta(seconds=1)) is None
    world.clock.sleep(20)
    turn = world.ports.desk.claim(work, slot)
    assert turn is not None
    assert turn.slot == slot
    assert not turn.doubt


def test_a_revoked_seller_is_quarantined_and_resumes_where_it_stopped() -> None:
    world = World()
    key = world.place(an_order())
    world.amazon.errors.append(NotAllowed("invalid_grant"))
    deliver(world, notification())
    world.work_off()
    record = world.sellers.get(SELLER)
    assert record is not None
    assert record.mode is Mode.NEEDS_CONSENT
    world.clock.sleep(600)
    due.run(world.ports, lambda: 60.0)
    assert not world.queue.waiting
    world.sellers.set_mode(SELLER, Mode.LIVE)
    for work in world.ports.desk.resume(SELLER):  # type: ignore[attr-defined]
        world.queue.send(work)
    world.work_off()
    assert world.erp.created == [key]


def test_dry_run_decides_and_writes_nothing_outward() -> None:
    world = World()
    world.connect(mode=Mode.DRY_RUN)
    key = world.place(an_order())
    deliver(world, notification())
    world.work_off()
    assert not world.erp.created
    assert any(event == "would hand to the ERP" for event, _ in world.signals.notes)
    world.sellers.set_mode(SELLER, Mode.LIVE)
    for work in world.ports.desk.resume(SELLER):  # type: ignore[attr-defined]
        world.queue.send(work)
    world.work_off()
    assert world.erp.created == [key]


@pytest.mark.parametrize(
    ("body", "counted", "parked"),
    [
        ("not json", 0, "not JSON"),
        ("[1,2]", 0, "not an object"),
        ("x" * 1024 * 1024, 0, "not JSON"),
        ("[" * 100_000, 0, "not JSON"),
        (json.dumps({"a": {"b": 1}}), 0, "NotificationMetadata"),
        (json.dumps({"Payload": {}, "NotificationMetadata": {"NotificationId": "1"}}), 0, "notificationtype"),
    ],
)
def test_what_nobody_can_read_is_parked_and_its_neighbour_is_not(body: str, counted: int, parked: str) -> None:
    world = World()
    key = world.place(an_order())
    assert deliver(world, body, notification()) == []
    world.work_off()
    assert world.erp.created == [key]
    assert parked in world.ports.parking.list()[0].reason  # type: ignore[attr-defined]
    assert body not in str(world.table.items)


@pytest.mark.parametrize("foreign", [{"application": "other"}, {"seller": "OTHER"}, {"subscription": "other"}])
def test_a_foreign_notification_is_counted_and_stored_nowhere(foreign: dict[str, str]) -> None:
    world = World()
    before = len(world.table)
    assert deliver(world, notification(**foreign)) == []
    assert len(world.table) == before
    assert world.signals.counts["Foreign"] == 1


@pytest.mark.parametrize("seller", ["A" * 31, "A" * 2000, "A3#EU", "A3 EU", "Ä3TH", "A3\n"], ids=ascii)
def test_a_seller_id_that_can_be_none_is_parked_and_its_neighbour_is_not(seller: str) -> None:
    world = World()
    key = world.place(an_order())
    assert deliver(world, notification(seller=seller), notification(number=2)) == []
    world.work_off()
    assert world.erp.created == [key]
    [parked] = world.ports.parking.list()  # type: ignore[attr-defined]
    assert parked.reason == "ORDER_CHANGE names no seller"


@pytest.mark.parametrize("order_id", ["305/1", "x" * 41, "30", "305 1", "305-1\n"], ids=ascii)
def test_an_order_id_that_can_be_none_is_parked(order_id: str) -> None:
    world = World()
    assert deliver(world, notification(order_id)) == []
    [parked] = world.ports.parking.list()  # type: ignore[attr-defined]
    assert parked.reason == "ORDER_CHANGE without a usable AmazonOrderId"


def test_camel_case_and_unknown_types_and_missing_ids() -> None:
    world = World()
    key = world.place(an_order())

    def camel(value: Any) -> Any:
        if isinstance(value, dict):
            return {name[0].lower() + name[1:]: camel(part) for name, part in value.items()}
        return value

    without = notification(number=5)
    del without["Payload"]["OrderChangeNotification"]["AmazonOrderId"]
    assert (
        deliver(world, camel(notification()), {**notification(number=4), "NotificationType": "NEW_THING"}, without)
        == []
    )
    world.work_off()
    assert world.erp.created == [key]
    reasons = sorted(entry.reason for entry in world.ports.parking.list())  # type: ignore[attr-defined]
    assert reasons == ["ORDER_CHANGE without a usable AmazonOrderId", "no reaction to notifications of type NEW_THING"]


def test_changed_quantities_after_hand_over_wait_for_a_human() -> None:
    world = World()
    handed(world)
    line = replace(an_order().lines[0], quantity=1)
    world.place(an_order(lines=(line,), version=to_text(START), digest="2"))
    world.clock.sleep(301)
    orders.run(world.ports, lambda: 60.0)
    world.work_off()
    [parked] = world.ports.parking.list()  # type: ignore[attr-defined]
    assert "item-1: 2 → 1" in parked.reason
    work = Work("amend_in_erp", world.key())
    assert world.ports.desk.retry(work)  # type: ignore[attr-defined]
    world.queue.send(work)
    world.work_off()
    assert world.ports.orders.get(world.key()).erp_items == {"item-1": 1}
    assert not world.ports.parking.list()  # type: ignore[attr-defined]


def handed(world: World) -> None:
    world.place(an_order())
    deliver(world, notification())
    world.work_off()


def test_the_same_shipment_reported_many_times_is_confirmed_once() -> None:
    world = World()
    handed(world)
    for _ in range(3):
        react(shipped(world), world.ports)
        world.work_off()
    assert len(world.amazon.confirmations) == 1


def test_split_shipments_and_a_corrected_tracking_number() -> None:
    world = World()
    handed(world)
    react(shipped(world, quantity=1, package="P1", tracking="T1"), world.ports)
    react(shipped(world, quantity=1, package="P2", tracking="T2"), world.ports)
    world.work_off()
    react(shipped(world, quantity=1, package="P2", tracking="T2-corrected"), world.ports)
    world.work_off()
    sent = [(c.reference, c.tracking) for c in world.amazon.confirmations]
    assert [tracking for _, tracking in sent] == ["T1", "T2", "T2-corrected"]
    assert sent[1][0] == sent[2][0] != sent[0][0]
    assert world.ports.orders.get(world.key()).confirmed == {"item-1": 2}


def test_more_than_was_ordered_is_parked() -> None:
    world = World()
    handed(world)
    react(shipped(world, quantity=2), world.ports)
    react(shipped(world, quantity=1, shipment="S2"), world.ports)
    world.work_off()
    assert len(world.amazon.confirmations) == 1
    assert "ordered were 2" in world.ports.parking.list()[0].reason  # type: ignore[attr-defined]


def test_a_confirmation_that_landed_before_it_failed_is_not_sent_again() -> None:
    world = World()
    handed(world)
    world.amazon.lands_before_error = True
    world.amazon.errors.append(Unavailable("confirmShipment: no answer"))
    react(shipped(world), world.ports)
    world.work_off_once()
    world.clock.sleep(30)
    world.work_off()
    assert len(world.amazon.confirmations) == 1
    assert world.ports.orders.get(world.key()).confirmed == {"item-1": 2}


def test_a_refused_confirmation_is_parked_unless_amazon_shows_the_parcel() -> None:
    world = World()
    handed(world)
    world.amazon.errors.append(Refused("confirmShipment: 400", "PackageToUpdateNotFound"))
    react(shipped(world), world.ports)
    world.work_off()
    assert "400" in world.ports.parking.list()[0].reason  # type: ignore[attr-defined]


def test_a_parcel_before_its_order_waits_for_it() -> None:
    world = World()
    world.place(an_order())
    react(shipped(world), world.ports)
    world.work_off_once()
    world.clock.sleep(61)
    world.work_off()
    assert len(world.amazon.confirmations) == 1


def test_a_refusal_by_the_erp_is_an_alarm_once() -> None:
    world = World()
    handed(world)
    refusal = Shipment("S1", world.key(), ShipmentState.CANNOT_FULFIL, START, reason="out of stock")
    react(refusal, world.ports)
    react(refusal, world.ports)
    assert world.signals.counts["ErpCannotFulfil"] == 1
    assert world.ports.orders.get(world.key()).erp_problem == "out of stock"


def test_a_refusal_by_the_erp_is_an_alarm_though_its_number_is_not_known_yet() -> None:
    world = World()
    key = world.place(an_order())
    refusal = Shipment("S1", key, ShipmentState.CANNOT_FULFIL, START, reason="out of stock")
    react(refusal, world.ports)
    assert world.signals.counts["ErpCannotFulfil"] == 0
    deliver(world, notification())
    react(refusal, world.ports)
    assert world.signals.counts["ErpCannotFulfil"] == 1


def test_a_near_ship_by_without_tracking_is_an_alarm() -> None:
    world = World()
    handed(world)
    due.run(world.ports, lambda: 60.0)
    assert world.signals.counts["ShipByAtRisk"] == 0
    world.clock.sleep(37 * 3600)
    due.run(world.ports, lambda: 60.0)
    assert world.signals.counts["ShipByAtRisk"] == 1


def test_read_back_costs_no_call_when_the_search_saw_the_parcel() -> None:
    world = World()
    handed(world)
    react(shipped(world), world.ports)
    world.work_off_immediate()
    world.clock.sleep(301)
    orders.run(world.ports, lambda: 60.0)
    world.clock.sleep(901)
    due.run(world.ports, lambda: 60.0)
    world.work_off()
    assert world.amazon.reads[world.key().order_id] == 1
    assert "shown" in world.ports.orders.get(world.key()).times


def test_the_shipment_sweep_reports_what_nobody_told() -> None:
    world = World()
    handed(world)
    world.erp.shipments["S1"] = shipped(world)
    shipments.run(world.ports, lambda: 60.0)
    world.work_off()
    assert [c.tracking for c in world.amazon.confirmations] == ["T1"]


def test_an_unknown_status_is_kept_as_it_is() -> None:
    world = World()
    key = world.place(an_order(status="ON_THE_MOON"))
    deliver(world, notification(status="OnTheMoon"))
    world.work_off()
    assert world.ports.orders.get(key).status == "ON_THE_MOON"
    assert not world.erp.created


def test_words_that_amazon_never_used_are_printed_nowhere() -> None:
    """A status or a type that nobody knows could hold anything."""
    world = World()
    deliver(world, notification(status="Anna Beispiel"), {**notification(), "NotificationType": "Anna Beispiel"})
    told = str((world.signals.notes, world.table.query("PARKED")))
    assert "status': 'unknown'" in told
    assert "notifications of type ?" in told
    assert "Anna" not in told


def test_two_lines_of_one_order() -> None:
    world = World()
    first = an_order().lines[0]
    second = Line(OrderItemId("item-2"), first.sku, 2, 0, cancel_requested=False, proceeds=first.proceeds)
    total = an_order().total
    assert total is not None
    key = world.place(an_order(lines=(first, second), total=total + total))
    deliver(world, notification())
    world.work_off()
    assert world.erp.created == [key]


def test_what_the_table_would_never_take_fails_its_record_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not put off: the queue brings it five times, then it lies where an alarm sees it. Its neighbour goes on."""
    world = World()
    keys = [world.place(an_order(f"305-000000{n}-0000001")) for n in range(2)]
    for number, key in enumerate(keys):
        deliver(world, notification(key.order_id, number=number))
    world.queue.waiting.clear()
    complete = world.ports.desk.complete

    def invalid(turn: Turn, ending: Ending | None) -> tuple[Work, ...]:
        if turn.work.key == keys[0]:
            raise Invalid("DynamoDB takes no such request: ValidationException")
        return complete(turn, ending)

    with monkeypatch.context() as changed:
        changed.setattr(world.ports.desk, "complete", invalid)
        assert carry(world, *(Work(HAND_TO_ERP, key) for key in keys)) == ["0"]
    assert world.signals.counts["Bug"] == 1
    assert [facts["reason"] for event, facts in world.signals.notes if event == "bug"] == [
        "Invalid at test_order_flow.py:" + str(invalid.__code__.co_firstlineno + 2)
    ]
    assert not [event for event, _ in world.signals.notes if event == "postponed"]
    assert not world.queue.waiting
    world.clock.sleep(120)
    due.run(world.ports, lambda: 55.0)
    world.work_off()
    assert sorted(world.erp.created) == sorted(keys), "once each: the next try looked first"
