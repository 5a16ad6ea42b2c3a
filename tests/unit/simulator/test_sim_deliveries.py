"""Notifications: what they say, when they arrive, and what can happen to them."""

from __future__ import annotations

from typing import Any

from tests.unit.simulator.market import QUEUE, START, US, Market


def statuses(market: Market) -> list[str]:
    return [body["Payload"]["OrderChangeNotification"]["Summary"]["OrderStatus"] for _, _, body in market.posted]


def ids(market: Market) -> list[str]:
    return [body["NotificationMetadata"]["NotificationId"] for _, _, body in market.posted]


def subscribed(market: Market) -> Market:
    market.subscribe("A1NA")
    return market


def test_every_change_is_told(market: Market) -> None:
    subscribed(market)
    order_id = market.place(pending_s=5)
    market.advance(0)
    market.advance(5)
    market.admin(f"orders/{order_id}/request-cancel")
    market.confirm(order_id)
    market.advance(0)
    assert statuses(market) == ["Pending", "Unshipped", "Unshipped", "Shipped"]
    _, arn, body = market.posted[2]
    change: dict[str, Any] = body["Payload"]["OrderChangeNotification"]
    assert (arn, body["NotificationMetadata"]["ApplicationId"]) == (QUEUE, "amzn1.sp.solution.a")
    assert (change["OrderChangeType"], change["AmazonOrderId"]) == ("BuyerRequestedChange", order_id)
    assert change["Summary"]["OrderItems"][0]["IsBuyerRequestedCancel"] is True
    assert len(set(ids(market))) == 4


def test_nothing_without_a_subscription(market: Market) -> None:
    market.place()
    market.advance(10)
    assert market.posted == []
    assert market.read("figures")["notifications"]["unsubscribed"] == 1


def test_the_event_filter_holds_back(market: Market) -> None:
    wanted = {"eventFilter": {"eventFilterType": "ORDER_CHANGE", "orderChangeTypes": ["BuyerRequestedChange"]}}
    market.subscribe("A1NA", processingDirective=wanted)
    order_id = market.place()
    market.admin(f"orders/{order_id}/request-cancel")
    market.advance(0)
    assert len(market.posted) == 1
    assert market.read("figures")["notifications"]["filtered"] == 1


def test_duplicate(market: Market) -> None:
    subscribed(market).place(delivery={"duplicate": 2})
    market.advance(0)
    assert len(market.posted) == 3
    assert len(set(ids(market))) == 1
    assert market.read("figures")["notifications"]["messages"] == 3


def test_delay(market: Market) -> None:
    subscribed(market).place(delivery={"delay_s": 7.5})
    market.advance(7.4)
    assert market.posted == []
    market.advance(0.1)
    assert [(at - START).total_seconds() for at, _, _ in market.posted] == [7.5]


def test_lost(market: Market) -> None:
    order_id = subscribed(market).place(delivery={"lose": True})
    market.advance(1000)
    assert market.posted == []
    [told] = market.read("notifications")
    assert (told["order_id"], told["outcome"]) == (order_id, "lost")
    market.confirm(order_id)
    market.advance(0)
    assert statuses(market) == ["Shipped"]


def test_reordered_with_the_next(market: Market) -> None:
    subscribed(market).place(pending_s=3, delivery={"reorder": True})
    market.advance(2)
    assert market.posted == []
    market.advance(1)
    market.advance(0)
    assert statuses(market) == ["Unshipped", "Pending"]


def test_a_notification_without_successor_is_not_held_forever(market: Market) -> None:
    subscribed(market).place(delivery={"reorder": True})
    market.advance(market.world.scale.reorder_hold_s)
    assert statuses(market) == ["Unshipped"]


def test_chance_is_repeatable_and_hits_about_as_often_as_asked() -> None:
    def outcome() -> dict[str, int]:
        market = subscribed(Market(seed=3))
        market.admin("deliveries", lose=0.2, duplicate=0.3, delay=0.5, max_delay_s=30)
        for _ in range(200):
            market.place(US)
        market.advance(30)
        figures: dict[str, int] = market.read("figures")["notifications"]
        return figures

    first = outcome()
    assert first == outcome()
    assert 25 <= first["lost"] <= 55
    assert 75 <= first["delayed"] <= 125
    assert first["waiting"] == 0
    assert first["sent"] + first["lost"] == 200


def test_a_queue_that_is_away_is_tried_again(market: Market) -> None:
    answers = [OSError("away"), OSError("away"), None]
    taken: list[str] = []

    def post(arn: str, body: str) -> None:
        problem = answers.pop(0)
        if problem is not None:
            raise problem
        taken.append(arn)

    subscribed(market)
    market.world.deliveries._post = post
    market.place()
    for _ in range(3):
        market.advance(1)
    assert taken == [QUEUE]
    assert market.read("figures")["notifications"]["sent"] == 1
