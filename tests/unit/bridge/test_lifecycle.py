"""One order's life: any order of news ends in the same facts, the same news twice is news once."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.documents import CancelAnswer
from bridge.domain.ids import OrderId, OrderItemId, OrderKey
from bridge.domain.lifecycle import (
    AMEND_IN_ERP,
    CANCEL_IN_ERP,
    HAND_TO_ERP,
    HOLD_IN_ERP,
    Head,
    Item,
    cancel_answered,
    folded,
    handed,
    read_anew,
    wanted,
)
from bridge.domain.orders import Order, Status
from tests.fakes.world import SELLER, an_order

KEY = OrderKey(*SELLER, OrderId("305-0000001-0000001"))
STATUSES = [*Status, "TELEPORTED", ""]


def version(n: int, **changes: Any) -> Order:
    return an_order(version=f"2026-11-24T09:00:{n:02}.000000Z", digest=f"d{n}", **changes)


def after(orders: list[Order], head: Head | None = None) -> Head:
    head = head or Head(KEY)
    for order in orders:
        head = folded(head, order) or head
    return head


@given(
    st.lists(st.tuples(st.integers(0, 59), st.sampled_from(STATUSES)), min_size=1).map(dict),
    st.data(),
)
def test_any_order_of_versions_ends_at_the_newest(states: dict[int, str], data: st.DataObject) -> None:
    orders = [version(n, status=status) for n, status in states.items()]
    shuffled = data.draw(st.permutations(orders + orders[:3]))
    head = after(shuffled)
    newest = max(orders, key=lambda order: order.version)
    assert (head.version, head.status) == (newest.version, newest.status)
    assert head == after([newest])


@given(st.lists(st.integers(0, 59)))
def test_a_version_never_goes_back(numbers: list[int]) -> None:
    head = Head(KEY)
    for number in numbers:
        new = folded(head, version(number))
        assert new is None or new.version > head.version
        head = new or head


def test_the_same_reading_twice_is_no_news() -> None:
    head = after([version(1)])
    assert folded(head, version(1)) is None
    assert read_anew(head, version(1)) is None


def test_other_content_under_the_same_version_is_news_once() -> None:
    head = after([version(1)])
    other = replace(version(1, status=Status.SHIPPED), digest="other")
    newer = folded(head, other)
    assert newer is not None
    assert newer.status == Status.SHIPPED
    assert folded(newer, other) is None


def test_a_reading_keeps_what_the_erp_said() -> None:
    known = replace(handed(after([version(1)]), "S1", "v", {}), packed={OrderItemId("item-1"): 1}, hints=("n1",))
    head = after([version(2)], known)
    assert (head.erp_number, head.packed, head.hints) == ("S1", known.packed, ("n1",))
    assert head.items == {"item-1": Item(an_order().lines[0].sku, 2, 0)}


@pytest.mark.parametrize(
    ("status", "by", "number", "cancelled"),
    list(product(STATUSES, ["MERCHANT", "AMAZON", ""], ["", "S1"], ["", "done"])),
)
def test_what_the_facts_call_for(status: str, by: str, number: str, cancelled: str) -> None:
    head = Head(KEY, status=status, fulfilled_by=by, erp_number=number, erp_cancelled=cancelled)
    ours = by == "MERCHANT" and status in {"UNSHIPPED", "PARTIALLY_SHIPPED"}
    assert (HAND_TO_ERP in wanted(head)) == (ours and not number)
    known = bool(number) or by == "MERCHANT"
    assert (CANCEL_IN_ERP in wanted(head)) == (status == "CANCELLED" and known and not cancelled)
    assert HOLD_IN_ERP not in wanted(head)


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({}, True),
        ({"erp_number": ""}, False),
        ({"erp_held": True}, False),
        ({"cancel_requested": False}, False),
        ({"status": Status.SHIPPED}, False),
        ({"status": Status.CANCELLED}, False),
        ({"fulfilled_by": "AMAZON"}, False),
    ],
)
def test_a_buyers_request_holds_what_the_erp_has(changes: dict[str, Any], held: bool) -> None:
    head = Head(KEY, status=Status.UNSHIPPED, fulfilled_by="MERCHANT", erp_number="S1", cancel_requested=True)
    assert (HOLD_IN_ERP in wanted(replace(head, **changes))) == held


def test_a_reader_is_not_called_for_what_it_is_doing() -> None:
    answer = read_anew(Head(KEY), version(1), handling=HAND_TO_ERP)
    assert answer is not None
    assert answer.calls == ()


def test_a_second_request_of_the_buyer_holds_again() -> None:
    line = replace(an_order().lines[0], cancel_requested=True)
    asked = after([version(1, lines=(line,))])
    held = replace(asked, erp_number="S1", erp_held=True)
    assert wanted(after([version(2, lines=(line,))], held)) == ()
    withdrawn = after([version(2)], held)
    assert not withdrawn.erp_held
    assert wanted(after([version(3, lines=(line,))], withdrawn)) == (HOLD_IN_ERP,)


@pytest.mark.parametrize("answer", CancelAnswer)
def test_the_erps_answer_to_a_cancellation(answer: CancelAnswer) -> None:
    head = cancel_answered(Head(KEY, status=Status.CANCELLED, erp_number="S1"), answer)
    assert CANCEL_IN_ERP not in wanted(head)
    assert bool(head.erp_problem) == (answer is not CancelAnswer.DONE)


@pytest.mark.parametrize(("status", "closed"), [(s, s in {"CANCELLED", "SHIPPED", "UNFULFILLABLE"}) for s in STATUSES])
def test_closed_is_when_nothing_is_left_to_ship(status: str, closed: bool) -> None:
    assert Head(KEY, status=status).closed == closed


def test_handed_over_ends_a_problem() -> None:
    head = handed(Head(KEY, erp_problem="x"), "S1", "v1", {OrderItemId("item-1"): 2})
    assert (head.erp_number, head.erp_version, head.erp_problem) == ("S1", "v1", "")
    assert head.erp_items == {"item-1": 2}


@given(st.dictionaries(st.sampled_from(["a", "b"]).map(OrderItemId), st.integers(0, 3)), st.integers(0, 3))
def test_changed_quantities_call_for_a_human(ordered: dict[OrderItemId, int], handed_over: int) -> None:
    items = {item_id: Item(None, count, 0) for item_id, count in ordered.items()}
    held = {OrderItemId("a"): handed_over}
    head = Head(KEY, status=Status.UNSHIPPED, fulfilled_by="MERCHANT", erp_number="S1", erp_items=held, items=items)
    same = {item_id: count for item_id, count in ordered.items() if count} == held
    assert (AMEND_IN_ERP in wanted(head)) == (not same)
    assert AMEND_IN_ERP not in wanted(replace(head, erp_items={}))
    assert AMEND_IN_ERP not in wanted(replace(head, status=Status.CANCELLED))
