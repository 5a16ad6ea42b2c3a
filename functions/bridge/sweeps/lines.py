"""Waiting lines: the next slots of Amazon's quota go to whoever is most urgent, and pages answer whoever they can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain

from bridge.domain import lines
from bridge.domain.errors import BridgeError
from bridge.domain.lifecycle import HAND_TO_ERP
from bridge.domain.lines import BY_ORDER, CLOSES_AFTER, SEATS, Line, Opened, Waiting
from bridge.domain.sellers import Mode, SellerRecord
from bridge.ports import Ports
from bridge.sweeps import orders

_MORE = 20
"""Looked at beyond the seats: the index still shows some who were given one a moment ago."""


def serve(line: Line, ports: Ports, seconds_left: Callable[[], float]) -> None:
    """One turn of an open line, and the message for its next one. Does nothing when it is not its time."""
    opened = ports.lines.turn_of(line)
    record = ports.sellers.get(line.seller) if opened else None
    if not opened or not record or record.mode not in {Mode.LIVE, Mode.DRY_RUN}:
        return  # the line of a seller who is paused is looked at again by the sweep of due work
    ranks = [ports.lines.waiting(line, rank, SEATS + _MORE) for rank in lines.RANKS]
    if not any(ranks) and ports.clock.now() - opened.joined > CLOSES_AFTER:
        ports.lines.close(opened)
        return
    try:
        if any(ranks):
            _seat(opened, *ranks, ports=ports)
            if line.operation == BY_ORDER:
                reads = bool(ranks[lines.OTHER])
                _search(record, sum(map(len, ranks)), opened, ports, seconds_left, reads=reads)
    finally:  # what goes wrong in this turn, a bug in a page say, puts off no other
        ports.queue.call(line, delay=opened.next - ports.clock.now())


def _seat(
    opened: Opened, hand_overs: list[Waiting], urgent: list[Waiting], others: list[Waiting], *, ports: Ports
) -> None:
    line, pace = opened.line, _pace(opened, hand_overs, ports)
    # Of those who would ask an ERP that is left in peace, one when it is to be tried again.
    asked = ports.circuit.room(min(len(hand_overs), pace)) if hand_overs else ()
    first = sorted([*(hand_overs[place] for place in asked), *urgent], key=lambda one: one.place)
    wanted = min(len(first) + len(others), SEATS)
    if not wanted:
        return
    slots = ports.amazon.seats(line, wanted, starved=opened.dry > 0)
    ports.lines.served(opened, slots, pace)
    most, second = lines.shares(len(slots), len(others))
    # Whoever is left over takes the place of one whom the index shows in vain.
    in_turn = (one.work for one in chain(first[:most], others[:second], first[most:], others[second:]))
    seated = 0
    for slot in slots:
        work = next((work for work in in_turn if ports.lines.seat(line, work, slot)), None)
        if work is None:
            break
        ports.queue.send(work, delay=slot - ports.clock.now(), slot=slot)
        seated += 1
    ports.signals.count("Seated", seated)
    ports.signals.note("line served", seller=str(line.seller), what=line.operation, works=seated)


def _pace(opened: Opened, hand_overs: list[Waiting], ports: Ports) -> int:
    return lines.pace(opened.pace, ports.lines.late(HAND_TO_ERP, SEATS)) if hand_overs else opened.pace


def _search(
    record: SellerRecord, waiting: int, opened: Opened, ports: Ports, seconds_left: Callable[[], float], *, reads: bool
) -> None:
    """Pages of a search, if they answer those who wait sooner, and have not looked at Amazon's present view yet."""
    cursor = replace(ports.sellers.cursor(record.seller, orders.NAME), in_line=True)
    new = lines.worth_a_look(opened.since, cursor.at, ports.clock.now(), reads=reads)
    if cursor.token is None and not (new and ports.amazon.sooner_by_pages(record.seller, waiting)):
        return
    try:
        orders.search(record, cursor, ports, seconds_left)
    except BridgeError as error:
        ports.signals.note("search for a line postponed", seller=str(record.seller), reason=str(error))
