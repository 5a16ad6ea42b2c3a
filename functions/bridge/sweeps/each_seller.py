"""One sweep, seller by seller: what goes wrong for one stops nobody else."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from bridge.domain.errors import BridgeError, Misconfigured, NotAllowed, Unavailable
from bridge.domain.ids import Seller
from bridge.domain.sellers import Cursor, Mode, SellerRecord
from bridge.domain.times import to_text
from bridge.ports import Ports

RESERVE_S = 22.0
"""The longest a single step of a sweep may take: no new one starts with less left."""


def lag_s(record: SellerRecord, at: datetime | None, now: datetime) -> float:
    """Seconds that a sweep is behind; one that never came to its end is measured from the seller's connection."""
    return max(0.0, (now - (at or record.connected or now)).total_seconds())


def each_seller(
    ports: Ports,
    seconds_left: Callable[[], float],
    sweep: str,
    step: Callable[[SellerRecord, Cursor, Ports, Callable[[], float]], None],
    *,
    again: Callable[[SellerRecord], bool] = lambda _: True,
) -> None:
    """Run `step` for every seller who is live or in dry run; bugs are raised together, after all had their turn.

    Whose source or table did not answer has a second turn, after everybody else, if `again` allows it: a hiccup costs
    seconds, no minute.
    """
    bugs: list[Exception] = []
    second: set[Seller] = set()
    turns = deque(_in_turn(ports, sweep))
    while turns:
        record, cursor = turns.popleft()
        if seconds_left() < RESERVE_S:
            ports.signals.note("sweep out of time, goes on next minute", seller=str(record.seller))
            break
        try:
            if record.seller in second:
                cursor = replace(ports.sellers.cursor(record.seller, sweep), in_line=cursor.in_line)
            step(record, cursor, ports, seconds_left)
        except BridgeError as error:
            _told(record, error, ports)
            if isinstance(error, Unavailable) and record.seller not in second and again(record):
                second.add(record.seller)
                turns.append((record, cursor))
        except Exception as error:  # noqa: BLE001 - collected, and raised below
            bugs.append(error)
    if bugs:
        msg = "sweep"
        raise ExceptionGroup(msg, bugs)


def _told(record: SellerRecord, error: BridgeError, ports: Ports) -> None:
    seller = str(record.seller)
    if isinstance(error, NotAllowed):
        with suppress(BridgeError):  # the next minute quarantines, or the next piece of work
            ports.sellers.quarantine(record.seller, str(error))
        ports.signals.count("SellerNeedsConsent")
        ports.signals.note("seller quarantined", seller=seller, reason=str(error))
    elif isinstance(error, Misconfigured):
        ports.signals.count("Misconfigured")
        ports.signals.note("misconfigured", seller=seller, reason=str(error))
    else:
        ports.signals.note("sweep postponed", seller=seller, reason=str(error), kind=type(error).__name__)


def _in_turn(ports: Ports, sweep: str) -> list[tuple[SellerRecord, Cursor]]:
    """Whoever this worker did not look at for longest comes first: no slow or failing seller starves the rest.

    A new worker begins with another seller every minute: neither does one who is the end of every worker.
    """
    minute = ports.clock.now().isoformat(timespec="minutes")
    found = [entry for entry in ports.sellers.progress(sweep) if entry[0].mode in {Mode.LIVE, Mode.DRY_RUN}]

    def turn(entry: tuple[SellerRecord, Cursor]) -> tuple[str, int]:
        begun, drawn = entry[1].begun, zlib.crc32(f"{minute} {entry[0].seller}".encode())
        return to_text(begun) if begun else "", drawn

    return sorted(found, key=turn)
