"""Whatever stands in a notification: its neighbours go through, nothing is a bug, and nothing of it is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adversarial.inlet import SELLER, addressed, check_batch, neighbour, receive
from tests.adversarial.mutations import CANARY, MIB, PERSON, Json, changed, mutated, planted
from tests.adversarial.schemas import NAMES, ONE_EACH, bodies_of, kind_of
from tests.adversarial.writing import Raw, written
from tests.contract.test_envelope import cased
from tests.fakes.world import World


@st.composite
def strange(draw: Any, name: str) -> str:
    """A body of one type, full of personal data, in either casing, with something wrong."""
    body = draw(bodies_of(name))
    kind = kind_of(body)
    body = cased(planted(body, draw), draw(st.sampled_from([str, str.upper, str.lower])))
    return draw(mutated(addressed(body, draw, kind)))


ORDER_CHANGE = "OrderChangeNotification"


@given(st.data())
def test_any_batch(data: st.DataObject) -> None:
    names = st.lists(st.sampled_from(NAMES) | st.just(ORDER_CHANGE), min_size=1, max_size=3)
    check_batch([data.draw(strange(name)) for name in data.draw(names)])


@given(st.data())
def test_any_notification_of_an_order(data: st.DataObject) -> None:
    check_batch([data.draw(strange(ORDER_CHANGE)), data.draw(strange("ORDER_CHANGE"))])


@pytest.mark.thorough
@pytest.mark.parametrize("name", ONE_EACH)
@settings(max_examples=200, suppress_health_check=[*HealthCheck])
@given(data=st.data())
def test_every_type(name: str, data: st.DataObject) -> None:
    check_batch([data.draw(strange(name))])


@pytest.mark.thorough
@settings(max_examples=600, suppress_health_check=[*HealthCheck])
@given(data=st.data())
def test_many_notifications_of_an_order(data: st.DataObject) -> None:
    check_batch([data.draw(strange(ORDER_CHANGE))])


@given(st.data())
@settings(max_examples=60)
def test_every_valid_notification(data: st.DataObject) -> None:
    """As the schema allows it, and in either casing: parked by its type's name alone, or about an order."""
    body = data.draw(bodies_of(data.draw(st.sampled_from(NAMES))))
    check_batch([written(cased(planted(body, data.draw), case)) for case in (str, str.upper, str.lower)])


AT = ("Payload", "OrderChangeNotification")
META = ("NotificationMetadata",)


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ((*META, "ApplicationId"), "application"),
        ((*META, "SubscriptionId"), "subscription"),
        ((*AT, "SellerId"), "seller"),
    ],
)
@given(value=st.sampled_from(["", "another", None, 7, [], PERSON, SELLER.seller_id.lower()]))
def test_what_is_for_somebody_else_is_counted_and_stored_nowhere(path: Any, what: str, value: Json) -> None:
    if what == "seller" and not (isinstance(value, str) and value.isalnum()):
        return
    world = check_batch([written(changed(neighbour(3), path, lambda _: value))])
    assert [facts["what"] for event, facts in world.signals.notes if event == "foreign"] == [what]
    assert not world.table.query("PARKED")


HUGE = "x" * (MIB - 2000)
HEAVY = {
    "text": lambda body: changed(body, (*AT, "Summary", "OrderStatus"), lambda _: HUGE),
    "name": lambda body: changed(body, AT, lambda part: {**part, HUGE: 1}),
    "id": lambda body: changed(body, (*META, "NotificationId"), lambda _: HUGE),
    "order": lambda body: changed(body, (*AT, "AmazonOrderId"), lambda _: HUGE),
    "list": lambda body: changed(body, (*AT, "Summary"), lambda _: [0] * (MIB // 3)),
    "lists": lambda body: changed(body, (*AT, "Summary"), lambda _: Raw("[" + ",".join(["[]"] * (MIB // 4)) + "]")),
    "number": lambda body: changed(body, (*AT, "Summary", "OrderStatus"), lambda _: Raw("9" * (MIB - 2000))),
    "depth": lambda body: changed(body, AT, lambda _: Raw("[" * (MIB // 2) + "]" * (MIB // 2 - 2000))),
    "spaces": lambda body: Raw(written(body) + " " * (MIB - 2000)),
}


@pytest.mark.parametrize("way", HEAVY)
def test_a_megabyte_of_it_harms_nobody(way: str) -> None:
    text = written(HEAVY[way](neighbour(3)))
    assert MIB // 2 < len(text) <= MIB
    check_batch([text])


def test_the_same_strange_message_again_is_parked_once() -> None:
    world = World()
    for _ in range(3):
        check_batch(["{", '{"NotificationType": 1}'], world=world) if not world.signals.notes else receive(world, ["{"])
    assert sorted(item["seen"] for item in world.table.query("PARKED")) == [1, 3]


@given(clock=st.none() | st.datetimes().map(str) | st.sampled_from(["", PERSON, 0, -1, Raw("1e308")]))
def test_no_clock_of_a_notification_decides_anything(clock: Json) -> None:
    """Times of a notification are not even read: with any of them the same work is asked for."""
    body = {**neighbour(3), "EventTime": clock}
    body = changed(body, META, lambda part: {**part, "PublishTime": clock})
    body = changed(body, AT, lambda part: {**part, "OrderChangeTrigger": {"TimeOfOrderChange": clock}})
    world, plain = (check_batch([written(each)]) for each in (body, neighbour(3)))
    assert world.table.items == plain.table.items
    assert CANARY not in repr(world.table.items)
