"""Orders API 2026-01-01: reading orders. https://developer-docs.amazon.com/sp-api/docs/orders-api"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bridge.domain.backfill import PAGE
from bridge.domain.errors import NotAllowed, Refused, Unavailable, Unreadable
from bridge.domain.handover import recipient as read_recipient
from bridge.domain.ids import ORDER_ID, MarketplaceId, OrderId, OrderKey, Seller
from bridge.domain.orders import Order, read_order
from bridge.domain.pacing import HORIZON, User
from bridge.domain.readings import Page, Reading
from bridge.spapi.client import DENIED, Client
from bridge.spapi.operation import Operation

GET_ORDER = Operation("getOrder", "GET", "/orders/2026-01-01/orders/{orderId}", rate=0.5, burst=30)
SEARCH_ORDERS = Operation("searchOrders", "GET", "/orders/2026-01-01/orders", rate=0.0056, burst=20)

FACTS = ("CANCELLATION", "FULFILLMENT", "PACKAGES", "PROCEEDS")
PERSONAL = ("BUYER", "RECIPIENT")


def get_order(client: Client, key: OrderKey, *, recipient: bool, slot: datetime | None) -> Reading:
    """The order now. `recipient` asks for personal data, which Amazon leaves out silently without the role."""
    included = ",".join((*FACTS, *PERSONAL) if recipient else FACTS)
    answer, _ = client.call(
        GET_ORDER, key.seller, path={"orderId": key.order_id}, query={"includedData": included}, slot=slot
    )
    raw = answer.get("order")
    try:
        order = read_order(raw)
    except Unreadable as error:
        msg = f"getOrder: an order that cannot be understood: {error}"
        raise Refused(msg) from error
    if order.order_id != key.order_id:
        msg = "getOrder: another order than the one asked for"
        raise Unavailable(msg)
    return Reading(order, read_recipient(raw) if recipient and isinstance(raw, dict) else None)


def search_orders(
    client: Client, seller: Seller, marketplaces: Sequence[MarketplaceId], *, updated_after: datetime, token: str | None
) -> Page:
    """One page of the orders that changed at or after a time, without personal data.

    No `lastUpdatedBefore`: an upper bound hides orders that keep changing.
    """
    query = {"lastUpdatedAfter": _whole_second(updated_after), "marketplaceIds": ",".join(marketplaces)}
    # Nobody comes back for a reserved slot of a search: take one that is free now, or none.
    return _page(client, seller, query, token, User.SWEEP)


def search_past(
    client: Client,
    seller: Seller,
    marketplaces: Sequence[MarketplaceId],
    *,
    updated: tuple[datetime, datetime],
    token: str | None,
) -> Page:
    """One page of the orders whose last change lies between two times.

    Whatever changes meanwhile leaves that span, and is the live search's.
    Raises Throttled when half of the quota is used: the rest is for live work.
    """
    first, last = map(_whole_second, updated)
    query = {"lastUpdatedAfter": first, "lastUpdatedBefore": last, "marketplaceIds": ",".join(marketplaces)}
    return _page(client, seller, query, token, User.BACKFILL)


def _whole_second(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _page(client: Client, seller: Seller, query: dict[str, str], token: str | None, user: User) -> Page:
    told = {"maxResultsPerPage": str(PAGE), "includedData": ",".join(FACTS)}
    more = {"paginationToken": token} if token else {}
    try:
        answer, server_time = client.call(SEARCH_ORDERS, seller, query=query | told | more, user=user)
    except Refused as refusal:
        if refusal.code == DENIED:
            raise NotAllowed(str(refusal)) from refusal
        raise
    raw = answer.get("orders")
    if not isinstance(raw, list):
        msg = "searchOrders: 200 without a list of orders"
        raise Unavailable(msg)
    orders, unreadable = _understood(raw)
    next_token = _next_token(answer.get("pagination"))
    if next_token and next_token == token:
        msg = "searchOrders: the same page token twice"
        raise Unavailable(msg)
    return Page(orders, unreadable, next_token, server_time, spare=searches_to_spare(client, seller))


def _next_token(pagination: Any) -> str | None:
    """None on the last page; an empty token is none, and would begin the search anew for ever."""
    token = pagination.get("nextToken") if isinstance(pagination, dict) else pagination
    if token and (not isinstance(token, str) or token is pagination):
        msg = "searchOrders: 200 with a page token that is none"
        raise Unavailable(msg)
    return token or None


def searches_to_spare(client: Client, seller: Seller) -> bool:
    return client.pacer.spare(SEARCH_ORDERS, seller) >= 0.5


def sooner_by_pages(client: Client, seller: Seller, waiting: int) -> bool:
    """Not for what one call each answers within the horizon: pages are dear, and the next sweep needs some."""
    by_order = waiting * client.pacer.gap_s(GET_ORDER, seller)
    pages = math.ceil(waiting / PAGE)
    to_wait_for = max(pages - client.pacer.at_once(SEARCH_ORDERS, seller), 0)
    return by_order > max(to_wait_for * client.pacer.gap_s(SEARCH_ORDERS, seller), HORIZON.total_seconds())


def _understood(raw: list[Any]) -> tuple[tuple[Order, ...], tuple[OrderId, ...]]:
    orders: list[Order] = []
    unreadable: list[OrderId] = []
    for entry in raw:
        try:
            orders.append(read_order(entry))
        except Unreadable:
            order_id = entry.get("orderId") if isinstance(entry, dict) else None
            if not isinstance(order_id, str) or not ORDER_ID.fullmatch(order_id):
                msg = "searchOrders: an order without an id"
                raise Unavailable(msg) from None
            unreadable.append(OrderId(order_id))
    return tuple(orders), tuple(unreadable)
