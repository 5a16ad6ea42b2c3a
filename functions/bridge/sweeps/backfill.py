"""Backfills: pages of orders that changed in the past, after all live searches, out of what these leave unused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from bridge.domain.backfill import TOKEN_LIVES, Backfill
from bridge.domain.errors import BridgeError, Refused, Throttled
from bridge.domain.sellers import Cursor, SellerRecord
from bridge.ports import Ports
from bridge.sweeps.each_seller import RESERVE_S, each_seller
from bridge.sweeps.pages import fold_page

NAME = "backfill"


def run(ports: Ports, seconds_left: Callable[[], float]) -> None:
    """As many pages as the quota has to spare and the time allows; the next minute is the retry."""
    each_seller(ports, seconds_left, NAME, _step, again=lambda _: False)


def _step(record: SellerRecord, cursor: Cursor, ports: Ports, seconds_left: Callable[[], float]) -> None:
    if not cursor.filling:
        return
    ports.sellers.begin(record.seller, NAME)
    if not ports.sellers.hold(record.seller, NAME, timedelta(seconds=seconds_left())):
        return
    bugs: list[Exception] = []
    try:
        _pages(record, ports, seconds_left, bugs)
    finally:
        with suppress(BridgeError):
            ports.sellers.let_go(record.seller, NAME)
        if bugs:
            raise bugs[0]


def _pages(record: SellerRecord, ports: Ports, seconds_left: Callable[[], float], bugs: list[Exception]) -> None:
    backfill = _current(record, ports)
    while backfill and seconds_left() >= RESERVE_S:
        span, token = (backfill.begin, backfill.until), backfill.token
        try:
            page = ports.amazon.search_past(record.seller, record.marketplaces, updated=span, token=token)
        except Throttled:
            break  # what is left is for live work
        except Refused as refusal:
            ports.backfills.refused(backfill, str(refusal))
            raise
        works = fold_page(record.seller, page, ports, bugs=bugs)
        backfill = ports.backfills.turn(backfill, page)
        if backfill is None:
            break  # stopped, or another was asked for
        ports.signals.note(
            "page of a backfill", seller=str(record.seller), orders=backfill.orders, works=works, pages=backfill.pages
        )
        if backfill.outcome:
            break


def _current(record: SellerRecord, ports: Ports) -> Backfill | None:
    """None when it has ended meanwhile. A page token that is too old is given up before it costs a call."""
    backfill = ports.backfills.get(record.seller)
    if backfill and backfill.token and backfill.turned and ports.clock.now() - backfill.turned > TOKEN_LIVES:
        ports.backfills.refused(backfill, "the page token is too old")
        backfill = ports.backfills.get(record.seller)
    return None if backfill is None or backfill.outcome else backfill
