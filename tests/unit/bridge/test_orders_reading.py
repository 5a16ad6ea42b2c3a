"""Amazon's order object: what is unknown is kept, what is missing is named, and nothing is a bug."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.documents import LineKind
from bridge.domain.errors import Unreadable
from bridge.domain.money import Money
from bridge.domain.orders import Status, read_order

RAW: dict[str, Any] = {
    "orderId": "305-0000001-0000001",
    "createdTime": "2026-11-24T08:58:00Z",
    "lastUpdatedTime": "2026-11-24T08:59:00.5Z",
    "salesChannel": {"channelName": "AMAZON", "marketplaceId": "A1PA6795UKMFR9"},
    "proceeds": {
        "grandTotal": {"amount": "26.50", "currencyCode": "EUR"},
        "breakdowns": [
            {"type": "ITEM", "subtotal": {"amount": "20.00", "currencyCode": "EUR"}},
            {"type": "DELIVERY_TIP", "subtotal": {"amount": "1.50", "currencyCode": "EUR"}},
        ],
    },
    "fulfillment": {
        "fulfillmentStatus": "PARTIALLY_SHIPPED",
        "fulfilledBy": "MERCHANT",
        "fulfillmentServiceLevel": "STANDARD",
        "shipByWindow": {"earliestDateTime": "2026-11-24T09:00:00Z", "latestDateTime": "2026-11-26T22:59:59Z"},
    },
    "orderItems": [
        {
            "orderItemId": "item-1",
            "quantityOrdered": 3,
            "product": {"asin": "B000000001", "sellerSku": "Größe/M 1"},
            "proceeds": {
                "breakdowns": [
                    {"type": "ITEM", "subtotal": {"amount": "20.00", "currencyCode": "EUR"}},
                    {"type": "SHIPPING", "subtotal": {"amount": "4.00", "currencyCode": "EUR"}},
                    {"type": "HALLOWEEN", "subtotal": {"amount": "1.00", "currencyCode": "EUR"}},
                ]
            },
            "cancellation": {"cancellationRequest": {"requester": "BUYER", "cancelReason": "changed mind"}},
            "fulfillment": {"quantityFulfilled": 1, "quantityUnfulfilled": 2},
        }
    ],
    "packages": [{"packageReferenceId": "7", "trackingNumber": "T1"}, {"packageReferenceId": "8"}],
}
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside."""
    yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in entries:
        yield from places(part, (*path, name))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    out = copy.deepcopy(value)
    inside = out
    for name in path[:-1]:
        inside = inside[name]
    inside[path[-1]] = new
    return out


def without(value: Any, path: tuple[Any, ...]) -> Any:
    out = copy.deepcopy(value)
    inside = out
    for name in path[:-1]:
        inside = inside[name]
    del inside[path[-1]]
    return out


PLACES = sorted(places(RAW), key=str)


def test_everything_that_matters_is_read() -> None:
    order = read_order(RAW)
    assert order.version == "2026-11-24T08:59:00.500000Z"
    assert order.created == datetime(2026, 11, 24, 8, 58, tzinfo=UTC)
    assert order.ship_by == datetime(2026, 11, 26, 22, 59, 59, tzinfo=UTC)
    assert order.status == Status.PARTIALLY_SHIPPED
    assert order.actionable
    assert order.cancel_requested
    assert order.total == Money(Decimal("26.50"), "EUR")
    assert order.extras == ((LineKind.OTHER, Money(Decimal("1.50"), "EUR")),)
    assert order.packages == {"7": "T1", "8": ""}
    (line,) = order.lines
    assert (line.item_id, line.sku, line.quantity, line.fulfilled) == ("item-1", "Größe/M 1", 3, 1)
    assert [(kind, money.amount) for kind, money in line.proceeds] == [
        (LineKind.ITEM, Decimal(20)),
        (LineKind.SHIPPING, Decimal(4)),
        (LineKind.OTHER, Decimal(1)),
    ]


@given(st.sampled_from(PLACES), JUNK)
def test_junk_at_any_place_is_read_or_unreadable(path: tuple[Any, ...], junk: Any) -> None:
    try:
        order = read_order(changed(RAW, path, junk))
    except Unreadable:
        return
    assert order.order_id
    assert order.version
    assert len(order.digest) == 32


@given(JUNK)
def test_junk_instead_of_an_order_is_unreadable(raw: Any) -> None:
    with pytest.raises(Unreadable):
        read_order(raw)


@pytest.mark.parametrize("path", [path for path in PLACES if path], ids=str)
def test_nothing_that_is_missing_is_a_bug(path: tuple[Any, ...]) -> None:
    must = {"orderId", "createdTime", "lastUpdatedTime", "orderItemId", "quantityOrdered", "amount", "currencyCode"}
    other_total = path[:4] == ("proceeds", "breakdowns", 0, "subtotal")
    if path[-1] in must | {"subtotal"} and not other_total:
        with pytest.raises(Unreadable):
            read_order(without(RAW, path))
    else:
        assert read_order(without(RAW, path)).order_id == RAW["orderId"]


@given(st.sampled_from(PLACES), st.text(min_size=9), JUNK)
def test_unknown_fields_change_nothing(path: tuple[Any, ...], name: str, junk: Any) -> None:
    inside = RAW
    for part in path:
        inside = inside[part]
    if isinstance(inside, dict) and name not in inside:
        read = read_order(changed(RAW, (*path, name), junk))
        assert replace(read, unknown=()) == read_order(RAW)
        assert read.unknown == (() if path else (f"field:{name}",))


@given(st.text(min_size=1))
def test_an_unknown_status_stays_as_amazon_sent_it(status: str) -> None:
    order = read_order(changed(RAW, ("fulfillment", "fulfillmentStatus"), status))
    assert order.status == status
    assert order.actionable == (status in {"UNSHIPPED", "PARTIALLY_SHIPPED"})
    assert order.unknown == (() if status in set(Status) else (f"status:{status}",))


def test_an_order_of_an_unknown_fulfiller_is_not_ours_to_ship() -> None:
    assert not read_order(changed(RAW, ("fulfillment", "fulfilledBy"), "DRONE")).actionable


@pytest.mark.parametrize("wrong", [-1, True, "3", 1.5, None, 10**9 + 1, 10**40 + 1])
def test_a_quantity_is_a_count(wrong: object) -> None:
    with pytest.raises(Unreadable):
        read_order(changed(RAW, ("orderItems", 0, "quantityOrdered"), wrong))


@pytest.mark.parametrize("wrong", ["", "ab", "a#b", "a/b", "a b", "Ä-1", "x" * 41, "303-\ud800", 7])
def test_an_order_id_is_what_may_stand_in_a_key(wrong: object) -> None:
    with pytest.raises(Unreadable, match="orderId"):
        read_order(changed(RAW, ("orderId",), wrong))


TEXTS = [
    ("fulfillment", "fulfillmentStatus"),
    ("fulfillment", "fulfilledBy"),
    ("fulfillment", "fulfillmentServiceLevel"),
    ("salesChannel", "marketplaceId"),
    ("orderItems", 0, "orderItemId"),
    ("orderItems", 0, "product", "sellerSku"),
    ("packages", 0, "packageReferenceId"),
    ("packages", 0, "trackingNumber"),
]


@pytest.mark.parametrize("path", TEXTS, ids=str)
@pytest.mark.parametrize("wrong", ["x\ud800", "\udc00\ud83d", "x" * 100_000], ids=["half", "turned", "long"])
def test_a_text_that_no_table_takes_is_unreadable(path: tuple[Any, ...], wrong: str) -> None:
    with pytest.raises(Unreadable, match=r"Unicode|more than can be kept"):
        read_order(changed(RAW, path, wrong))


def test_long_and_broken_names_of_fields_are_kept_as_far_as_they_can_be() -> None:
    assert read_order({**RAW, "x" * 5000: 1, "y\ud800": 2}).unknown == ("field:" + "x" * 100, "field:y?")


def test_a_cancelled_item_wants_only_what_was_sent_already() -> None:
    done = changed(RAW, ("orderItems", 0, "cancellation"), {"cancellationExecution": {"cancelledBy": "AMAZON"}})
    assert [line.quantity for line in read_order(done).lines] == [1]


def test_two_lines_of_one_item_id_are_read() -> None:
    twice = copy.deepcopy(RAW)
    twice["orderItems"].append({**RAW["orderItems"][0], "product": {}})
    assert [line.sku for line in read_order(twice).lines] == ["Größe/M 1", None]


@pytest.mark.parametrize(
    ("path", "new"),
    [
        (("fulfillment", "fulfillmentStatus"), "SHIPPED"),
        (("fulfillment", "fulfilledBy"), "AMAZON"),
        (("fulfillment", "shipByWindow", "latestDateTime"), "2026-11-27T22:59:59Z"),
        (("proceeds", "grandTotal", "amount"), "26.51"),
        (("orderItems", 0, "quantityOrdered"), 4),
        (("orderItems", 0, "fulfillment", "quantityFulfilled"), 2),
        (("orderItems", 0, "cancellation"), None),
        (("packages", 0, "trackingNumber"), "T2"),
    ],
)
def test_the_digest_tells_content_apart(path: tuple[Any, ...], new: object) -> None:
    assert read_order(changed(RAW, path, new)).digest != read_order(RAW).digest


def test_the_digest_is_the_same_whoever_was_asked() -> None:
    """Personal data and the order of lists are no change of the order."""
    other = {**copy.deepcopy(RAW), "recipient": {"deliveryAddress": {"name": "x"}}, "buyer": {"buyerName": "x"}}
    other["packages"].reverse()
    assert read_order(other).digest == read_order(RAW).digest
