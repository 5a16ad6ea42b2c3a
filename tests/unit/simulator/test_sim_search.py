"""searchOrders: what is visible when, and how it is paged."""

from __future__ import annotations

import pytest

from tests.unit.simulator.market import DE, GB, US, Market

LONG_AGO = "2020-01-01T00:00:00Z"


def ids(market: Market, **query: str) -> list[str]:
    told = market.search(**{"lastUpdatedAfter": LONG_AGO, **query})
    assert told.status == 200, told.body
    return [order["orderId"] for order in told.body["orders"]]


def test_a_change_is_visible_after_the_lag_only(market: Market) -> None:
    order_id = market.place()
    market.advance(119.999)
    assert ids(market) == []
    market.advance(0.001)
    assert ids(market) == [order_id]
    market.admin(f"orders/{order_id}/cancel")
    [before] = market.search(lastUpdatedAfter=LONG_AGO, includedData="FULFILLMENT").body["orders"]
    assert before["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"
    assert market.get_order(order_id, "FULFILLMENT")["fulfillment"]["fulfillmentStatus"] == "CANCELLED"
    market.advance(120)
    [after] = market.search(lastUpdatedAfter=LONG_AGO, includedData="FULFILLMENT").body["orders"]
    assert after["fulfillment"]["fulfillmentStatus"] == "CANCELLED"


def test_only_the_sellers_own(market: Market) -> None:
    market.place()
    order_id = market.place(DE)
    market.advance(200)
    assert ids(market, seller="A1EU") == [order_id]


def test_pages_hold_every_order_once(market: Market) -> None:
    placed = [market.place() for _ in range(7) if not market.advance(1)]
    market.advance(200)
    query = {"lastUpdatedAfter": LONG_AGO, "maxResultsPerPage": "3"}
    seen, sizes = [], []
    for _ in range(5):
        told = market.search(**query).body
        sizes.append(len(told["orders"]))
        seen += [order["orderId"] for order in told["orders"]]
        if "pagination" not in told:
            break
        query["paginationToken"] = told["pagination"]["nextToken"]
    assert (seen, sizes) == (placed, [3, 3, 1])


def test_an_order_that_changes_between_pages_is_not_missed(market: Market) -> None:
    placed = [market.place() for _ in range(4) if not market.advance(1)]
    market.advance(200)
    first = market.search(lastUpdatedAfter=LONG_AGO, maxResultsPerPage="2").body
    market.admin(f"orders/{placed[2]}/cancel")
    market.advance(200)
    rest = market.search(paginationToken=first["pagination"]["nextToken"]).body
    assert [order["orderId"] for order in rest["orders"]] == [placed[3], placed[2]]


def test_a_token_lives_for_a_day_and_for_its_query(market: Market) -> None:
    for _ in range(3):
        market.place()
    market.advance(200)
    token = market.search(lastUpdatedAfter=LONG_AGO, maxResultsPerPage="1").body["pagination"]["nextToken"]
    assert market.search(paginationToken=token).status == 200
    assert market.search(paginationToken=token, fulfilledBy="AMAZON").status == 400
    assert market.search(paginationToken=token, seller="A1EU").status == 400
    market.advance(24 * 3600)
    assert market.search(paginationToken=token).status == 400
    assert market.search(paginationToken="invented").status == 400


def test_filters(market: Market) -> None:
    german, british = market.place(DE), market.place(GB, fulfilled_by="AMAZON")
    market.admin(f"orders/{german}/cancel")
    market.advance(200)
    seller = "A1EU"
    assert ids(market, seller=seller, marketplaceIds=f"{DE},{GB}") == [british, german]
    assert ids(market, seller=seller, marketplaceIds=DE) == [german]
    assert ids(market, seller=seller, fulfilledBy="AMAZON") == [british]
    assert ids(market, seller=seller, fulfillmentStatuses="CANCELLED,SHIPPED") == [german]
    assert market.search(seller=seller, lastUpdatedAfter=LONG_AGO, marketplaceIds=US).status == 403


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"createdAfter": LONG_AGO, "lastUpdatedAfter": LONG_AGO},
        {"createdAfter": LONG_AGO, "lastUpdatedBefore": LONG_AGO},
        {"lastUpdatedAfter": "yesterday"},
        {"lastUpdatedAfter": "2026-11-24T09:00:00"},
        {"lastUpdatedAfter": LONG_AGO, "lastUpdatedBefore": "2026-11-24T08:58:00.001Z"},
        {"lastUpdatedAfter": LONG_AGO, "lastUpdatedBefore": "2019-01-01T00:00:00Z"},
        {"lastUpdatedAfter": LONG_AGO, "maxResultsPerPage": "101"},
        {"lastUpdatedAfter": LONG_AGO, "maxResultsPerPage": "0"},
        {"lastUpdatedAfter": LONG_AGO, "fulfillmentStatuses": "LOST"},
        {"lastUpdatedAfter": LONG_AGO, "fulfilledBy": "NOBODY"},
        {"lastUpdatedAfter": LONG_AGO, "includedData": "EVERYTHING"},
        {"lastUpdatedAfter": LONG_AGO, "marketplaceIds": ",".join([US] * 51)},
        {"lastUpdatedAfter": LONG_AGO, "marketplaceIds": "MOON"},
    ],
    ids=str,
)
def test_refused(market: Market, query: dict[str, str]) -> None:
    told = market.search(**query)
    assert (told.status, told.body["errors"][0]["code"]) == (400, "InvalidInput")
    assert told.headers["x-amzn-RateLimit-Limit"] == "0.0056"


def test_two_minutes_ago_is_far_enough(market: Market) -> None:
    assert market.search(lastUpdatedAfter=LONG_AGO, lastUpdatedBefore="2026-11-24T08:58:00.000Z").status == 200
