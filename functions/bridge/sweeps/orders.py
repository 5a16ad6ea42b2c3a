"""Amazon's orders: search for all that changed since the last time; a lost notification costs minutes, no order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from bridge.domain.backfill import TOKEN_LIVES
from bridge.domain.errors import BridgeError, Refused, Unavailable
from bridge.domain.sellers import Cursor, SellerRecord
from bridge.ports import Ports
from bridge.sweeps import backfill
from bridge.sweeps.each_seller import RESERVE_S, each_seller, lag_s
from bridge.sweeps.pages import fold_page

NAME = "orders"
_EARLY = timedelta(seconds=5)


def run(ports: Ports, seconds_left: Callable[[], float]) -> None:
    """The live searches of all sellers, and then, whatever came of them, the backfills."""
    filling: list[SellerRecord] = []
    try:
        _live(ports, seconds_left, filling)
    finally:
        if filling:
            backfill.run(ports, seconds_left)


def _live(ports: Ports, seconds_left: Callable[[], float], filling: list[SellerRecord]) -> None:
    ports.signals.count("SweepLagSeconds", 0)  # the alarm takes silence for a dead sweep, also where no seller is live

    def step(record: SellerRecord, cursor: Cursor, ports: Ports, seconds_left: Callable[[], float]) -> None:
        now = ports.clock.now()
        filling.extend([record] if cursor.filling else [])
        ports.signals.count("SweepLagSeconds", lag_s(record, cursor.at, now))
        due = cursor.next or (cursor.at + ports.rhythm.orders_period if cursor.at else None)
        if _unfinished(cursor, now) or due is None or now >= due - _EARLY:
            search(record, cursor, ports, seconds_left)

    # While Amazon's quota of searches is half spent there is none to spare for a second turn.
    each_seller(ports, seconds_left, NAME, step, again=lambda record: ports.amazon.searches_to_spare(record.seller))


def _unfinished(cursor: Cursor, now: datetime) -> bool:
    return cursor.started is not None and now - cursor.started <= TOKEN_LIVES


def search(record: SellerRecord, cursor: Cursor, ports: Ports, seconds_left: Callable[[], float]) -> None:
    """The cursor moves after the last page only; an unfinished search goes on from its page token next time.

    A bug that an order met is raised after that, whatever else went wrong.
    """
    ports.sellers.begin(record.seller, NAME)
    if not _held(record, ports, seconds_left):
        return
    finished, bugs = False, list[Exception]()
    try:
        finished = _pages(record, cursor, ports, seconds_left, bugs)
    finally:
        if not finished:
            with suppress(BridgeError):
                ports.sellers.let_go(record.seller, NAME)
        if bugs:
            raise bugs[0]


def _held(record: SellerRecord, ports: Ports, seconds_left: Callable[[], float]) -> bool:
    """Nobody else searches: that spares quota, no more, so a search whose hold went wrong goes on all the same.

    Whoever holds it is dead when its time is over: the next minute finds it free.
    """
    try:
        return ports.sellers.hold(record.seller, NAME, timedelta(seconds=seconds_left()))
    except Unavailable:
        return True


def _pages(
    record: SellerRecord, cursor: Cursor, ports: Ports, seconds_left: Callable[[], float], bugs: list[Exception]
) -> bool:
    token, started = (cursor.token, cursor.started) if _unfinished(cursor, ports.clock.now()) else (None, None)
    since = (cursor.at or record.go_live) - ports.rhythm.search_overlap
    seen = 0
    while True:
        try:
            page = ports.amazon.search_orders(record.seller, record.marketplaces, updated_after=since, token=token)
        except Refused:
            # An expired page token, or one of a search with other marketplaces: start over next time.
            ports.sellers.forget(record.seller, NAME)
            raise
        started = started or page.server_time
        seen += fold_page(record.seller, page, ports, bugs=bugs, in_line=cursor.in_line)
        token = page.next_token
        if token is None:
            break
        ports.sellers.bookmark(record.seller, NAME, token, started)
        if seconds_left() < RESERVE_S:
            return False
    # What is to spare is a backfill's, while there is one.
    pause = ports.rhythm.orders_idle if page.spare and not cursor.filling else ports.rhythm.orders_period
    ports.sellers.advance(record.seller, NAME, started, due=started + pause)
    ports.signals.note("sweep of orders", seller=str(record.seller), works=seen, until=_text(started))
    return True


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
