"""Hints: a duplicate costs nothing, and only what somebody waits for is a reason to act at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.hints import KEPT_HINTS, NOT_THE_SAME_CLOCK, Hint, hinted
from bridge.domain.ids import OrderId, OrderKey
from bridge.domain.lifecycle import FETCH_ORDER, HAND_TO_ERP, Head
from bridge.domain.orders import Status
from bridge.domain.times import to_text
from tests.fakes.world import SELLER, START

KEY = OrderKey(*SELLER, OrderId("305-0000001-0000001"))


def hint(number: int = 1, status: str = Status.UNSHIPPED, **changes: Any) -> Hint:
    return Hint(
        **{
            "notification_id": f"n{number}",
            "status": status,
            "merchant": True,
            "buyer_requested": False,
            "changed": START,
            **changes,
        }
    )


@given(st.lists(st.integers(0, KEPT_HINTS - 1)))
def test_the_same_notification_twice_is_once(numbers: list[int]) -> None:
    head, taken = Head(KEY), []
    for number in numbers:
        answer = hinted(head, hint(number))
        if answer:
            head = answer[0]
            taken.append(number)
    assert sorted(taken) == sorted(set(numbers))


def test_only_the_last_notifications_are_remembered() -> None:
    head = Head(KEY)
    for number in range(KEPT_HINTS + 5):
        answer = hinted(head, hint(number))
        assert answer is not None
        head = answer[0]
    assert len(head.hints) == KEPT_HINTS
    assert head.hints[-1] == f"n{KEPT_HINTS + 4}"


@pytest.mark.parametrize(
    ("head", "news", "call"),
    [
        ({}, hint(), HAND_TO_ERP),
        ({}, hint(status=Status.PENDING), None),
        ({}, hint(status=Status.PENDING_AVAILABILITY), None),
        ({}, hint(status=Status.CANCELLED), None),
        ({"status": Status.PENDING}, hint(status=Status.CANCELLED), None),
        ({"status": Status.UNSHIPPED}, hint(status=Status.CANCELLED), FETCH_ORDER),
        ({"status": Status.UNSHIPPED}, hint(status=Status.SHIPPED, merchant=False), None),
        ({}, hint(merchant=False), FETCH_ORDER),
        ({}, hint(status="TELEPORTED"), FETCH_ORDER),
        ({"status": Status.UNSHIPPED, "erp_number": "S1"}, hint(), None),
        ({"status": Status.UNSHIPPED, "erp_number": "S1"}, hint(status=Status.SHIPPED), None),
        ({"status": Status.UNSHIPPED, "erp_number": "S1"}, hint(status=Status.CANCELLED), FETCH_ORDER),
        ({"status": Status.UNSHIPPED, "erp_number": "S1"}, hint(buyer_requested=True), FETCH_ORDER),
        ({"status": Status.UNSHIPPED}, hint(buyer_requested=True), HAND_TO_ERP),
        ({"status": Status.CANCELLED}, hint(), None),
        ({"status": Status.SHIPPED}, hint(buyer_requested=True), None),
        ({"status": Status.CANCELLED}, hint(status=Status.CANCELLED), None),
    ],
)
def test_what_a_notification_calls_for(head: dict[str, Any], news: Hint, call: str | None) -> None:
    answer = hinted(Head(KEY, **head), news)
    assert answer is not None
    assert answer[1] == call


def test_the_newest_change_that_was_told_of_is_remembered_and_the_ship_by_date_until_the_order_is_read() -> None:
    later = START + timedelta(minutes=5)
    head = Head(KEY)
    for number, moment in enumerate((later, START)):
        answer = hinted(head, hint(number, changed=moment, ship_by=later))
        assert answer is not None
        head = answer[0]
    assert head.told == to_text(later - NOT_THE_SAME_CLOCK)
    assert head.ship_by == later
    assert not head.up_to_date
    assert replace(head, version=to_text(later)).up_to_date
