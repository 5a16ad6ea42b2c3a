"""Waiting lines: the next slots of Amazon's quota go to whoever is most urgent, and pages answer whoever they can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain

from bridge.domain import lines
from bridge.domain.errors import BridgeError
from bridge.domain.lifecycle import HAND_TO_ERP
from bridge.domain.lines import BY_ORDER, CLOSES_AFTER, Line, Opened
from bridge.domain.sellers import Mode, SellerRecord
from bridge.domain.work import Work
from bridge.ports import Ports
from bridge.sweeps import orders

SEATS = 80
"""At most so many at once: what the fastest operation that work waits for grants in half the horizon."""
_MORE = 20
"""Looked at beyond that: the index still shows some who were given a seat a moment ago."""


def serve(line: Line, ports: Ports, seconds_left: Callable[[], float]) -> None:
    """One turn of an open line, and the message for its next one. Does nothing when it is not its time."""
    opened = ports.lines.turn_of(line)
    record = ports.sellers.get(line.seller) if opened else None
    if not opened or not record or record.mode not in {Mode.LIVE, Mode.DRY_RUN}:
        return  # the line of a seller who is paused is looked at again by the sweep of due work
    urgent, others = (ports.lines.waiting(line, rank, SEATS + _MORE) for rank in lines.RANKS)
    if not urgent and not others and ports.clock.now() - opened.joined > CLOSES_AFTER:
        ports.lines.close(opened)
        return
    try:
        if urgent or others:
            _seat(opened, _not_into_silence(urgent, ports), others, ports)
            if line.operation == BY_ORDER:
                waiting = len(urgent) + len(others)
                _search(record, waiting, opened, ports, seconds_left, reads=bool(others))
    finally:  # what goes wrong in this turn, a bug in a page say, puts off no other
        ports.queue.call(line, delay=opened.next - ports.clock.now())


def _not_into_silence(urgent: list[Work], ports: Ports) -> list[Work]:
    """Without those who would ask an ERP that is left in peace; with one of them when it is to be tried again."""
    to_erp = [work for work in urgent if work.kind == HAND_TO_ERP]
    if not to_erp:
        return urgent
    sent = {to_erp[place] for place in ports.circuit.room(len(to_erp))}
    return [work for work in urgent if work.kind != HAND_TO_ERP or work in sent]


def _seat(opened: Opened, urgent: list[Work], others: list[Work], ports: Ports) -> None:
    line = opened.line
    if not urgent and not others:
        return
    slots = ports.amazon.seats(line, min(len(urgent) + len(others), SEATS), starved=opened.dry > 0)
    ports.lines.served(opened, slots)
    first, second = lines.shares(len(slots), len(others))
    # Whoever is left over takes the place of one whom the index shows in vain.
    in_turn = chain(urgent[:first], others[:second], urgent[first:], others[second:])
    seated = 0
    for slot in slots:
        work = next((work for work in in_turn if ports.lines.seat(line, work, slot)), None)
        if work is None:
            break
        ports.queue.send(work, delay=slot - ports.clock.now(), slot=slot)
        seated += 1
    ports.signals.count("Seated", seated)
    ports.signals.note("line served", seller=str(line.seller), what=line.operation, works=seated)


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
