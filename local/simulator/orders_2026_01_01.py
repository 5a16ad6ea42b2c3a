"""Orders API 2026-01-01: getOrder and searchOrders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from local.simulator.exchange import ApiError, Request, Response, invalid, not_found
from local.simulator.moments import read_stamp, stamp
from local.simulator.operation import Call, Operation
from local.simulator.order_view import SECTIONS, view
from local.simulator.places import PLACES
from local.simulator.records import AMAZON, MERCHANT, Order, Status
from local.simulator.world import Page

_ORDER_ID = re.compile(r"\d{3}-\d{7}-\d{7}")
_LARGEST_PAGE, _MOST_MARKETPLACES = 100, 50
_FILTERS = (
    "createdAfter",
    "createdBefore",
    "lastUpdatedAfter",
    "lastUpdatedBefore",
    "fulfillmentStatuses",
    "marketplaceIds",
    "fulfilledBy",
)


def get_order(call: Call) -> Response:
    """Consistent at once: getOrder has no lag."""
    sections = _words(call.request, "includedData", SECTIONS)
    order_id = call.parameters["orderId"]
    if not _ORDER_ID.fullmatch(order_id):
        raise invalid("Invalid Input", "orderId is not an Amazon order id.")
    order = call.world.order_of(call.seller.seller_id, order_id)
    if order is None:
        raise not_found("The requested order does not exist.")
    return Response(200, {"order": view(order, call.seller, sections)})


def search_orders(call: Call) -> Response:
    """Sorted by the time that is searched for; what changed since the last page moves to the end."""
    request, last = _resumed(call)
    window = _Window(call, request)
    keep = _filter(call, request)
    sections = _words(call.request, "includedData", SECTIONS) or _words(request, "includedData", SECTIONS)
    found = [order for order in call.world.searchable(call.seller.seller_id) if window.holds(order) and keep(order)]
    found.sort(key=window.position)
    rest = [order for order in found if last is None or window.position(order) > last]
    size = _page_size(call.request)
    page = rest[:size]
    body: dict[str, object] = {"orders": [view(order, call.seller, sections) for order in page], **window.told()}
    if len(rest) > size:
        body["pagination"] = {"nextToken": _token(call, request, window.position(page[-1]))}
    return Response(200, body)


class _Window:
    """The times between which orders are searched for."""

    def __init__(self, call: Call, request: Request) -> None:
        created, updated = request.one("createdAfter"), request.one("lastUpdatedAfter")
        if (created is None) == (updated is None):
            raise invalid("Invalid Input", "Exactly one of createdAfter and lastUpdatedAfter is required.")
        self._name = "created" if created is not None else "lastUpdated"
        if request.one("lastUpdatedBefore" if created is not None else "createdBefore") is not None:
            raise invalid("Invalid Input", f"{self._name}After goes with {self._name}Before only.")
        latest = call.world.now() - timedelta(seconds=call.world.scale.before_margin_s)
        self._after = _time(request, f"{self._name}After")
        self._asked = request.one(f"{self._name}Before")
        self._before = _time(request, f"{self._name}Before") if self._asked else latest
        if self._asked and (self._before > latest or self._before < self._after):
            raise invalid(
                "Invalid Input", f"{self._name}Before is before {self._name}After or not far enough in the past."
            )

    def position(self, order: Order) -> tuple[datetime, str]:
        return (order.created if self._name == "created" else order.updated, order.order_id)

    def holds(self, order: Order) -> bool:
        moment = self.position(order)[0]
        return moment >= self._after and (not self._asked or moment <= self._before)

    def told(self) -> Mapping[str, str]:
        """The upper end, as the answer repeats it."""
        return {f"{self._name}Before": stamp(self._before)}


def _time(request: Request, name: str) -> datetime:
    try:
        return read_stamp(request.one(name) or "")
    except ValueError as error:
        raise invalid("Invalid Input", f"{name} is not an ISO 8601 time with a zone.") from error


def _words(request: Request, name: str, known: Iterable[str]) -> list[str]:
    given = request.many(name)
    if not set(given) <= set(known):
        raise invalid("Invalid Input", f"{name} has a value that does not exist.")
    return given


def _page_size(request: Request) -> int:
    text = request.one("maxResultsPerPage") or str(_LARGEST_PAGE)
    if not text.isdecimal() or not 1 <= int(text) <= _LARGEST_PAGE:
        raise invalid("Invalid Input", "maxResultsPerPage is a number from 1 to 100.")
    return int(text)


def _filter(call: Call, request: Request) -> Callable[[Order], bool]:
    statuses = _words(request, "fulfillmentStatuses", list(Status))
    fulfillers = _words(request, "fulfilledBy", (MERCHANT, AMAZON))
    marketplaces = request.many("marketplaceIds")
    if len(marketplaces) > _MOST_MARKETPLACES or not set(marketplaces) <= set(PLACES):
        raise invalid("Invalid Input", "marketplaceIds has more than 50 values or an unknown one.")
    if not all(PLACES[marketplace].region == call.seller.region for marketplace in marketplaces):
        raise ApiError(
            403, "Unauthorized", "Access to requested resource is denied.", "A marketplace of another region."
        )

    def keep(order: Order) -> bool:
        return (
            (not statuses or order.status in statuses)
            and (not fulfillers or order.fulfilled_by in fulfillers)
            and (not marketplaces or order.marketplace_id in marketplaces)
        )

    return keep


def _resumed(call: Call) -> tuple[Request, tuple[datetime, str] | None]:
    """The query that counts: a pagination token's own, and filters beside a token must not differ from it."""
    token = call.request.one("paginationToken")
    if token is None:
        return call.request, None
    page = call.world.pages.get(token)
    if page is None or page.seller_id != call.seller.seller_id or page.expires <= call.world.clock():
        raise invalid("Invalid Input", "The paginationToken does not exist or has expired.")
    if any(call.request.query.get(name, page.query.get(name)) != page.query.get(name) for name in _FILTERS):
        raise invalid("Invalid Input", "The filters are not those of the paginationToken.")
    return Request("GET", call.request.path, page.query), page.last


def _token(call: Call, request: Request, last: tuple[datetime, str]) -> str:
    world = call.world
    expires = world.clock() + timedelta(seconds=world.scale.page_token_s)
    token = world.draws.code("page", 48)
    query = {name: request.query[name] for name in (*_FILTERS, "includedData") if name in request.query}
    world.pages[token] = Page(call.seller.seller_id, query, last, expires)
    return token


OPERATIONS = (
    Operation("searchOrders", "GET", "/orders/2026-01-01/orders", search_orders),
    Operation("getOrder", "GET", "/orders/2026-01-01/orders/{orderId}", get_order),
)
