"""Work goes out here: claim it, carry it out, and let the error's class say what becomes of it.

One ladder: done → completed under the fence; NotNow → due later, and sent again if that is soon; Refused or
Unreadable → parked with the reason; NotAllowed → the seller is quarantined;
Misconfigured → due in six minutes, with an alarm; anything else is a bug: the record fails,
the lease runs out, and both queue and sweep bring it again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from bridge.batches import Handler, each_record
from bridge.domain.circuit import LONGEST_PAUSE
from bridge.domain.errors import (
    BridgeError,
    CircuitOpen,
    Misconfigured,
    NotAllowed,
    NotNow,
    Refused,
    Throttled,
    Unreadable,
)
from bridge.domain.sellers import Mode
from bridge.domain.work import LONGEST_WAIT, Turn, Work, decode, pause_after
from bridge.effects import EFFECTS
from bridge.ports import Ports

NEEDS_S = 24.0
"""One piece of work: two requests of at most ten seconds, and the table."""

WHILE_MISCONFIGURED = LONGEST_PAUSE + timedelta(minutes=1)
"""So that the next probe of an ERP that turned this work away is somebody else's: it may be to blame itself."""


def consumer(ports: Ports, kinds: frozenset[str]) -> Handler:
    """The handler of one lane, which carries the given kinds only."""

    def receive(record: SQSRecord) -> None:
        try:
            work, slot = decode(record.body)
        except Unreadable:
            ports.signals.count("Foreign")
            return
        if work.kind in kinds:
            carry_out(work, slot, ports)
        else:
            ports.signals.note("work of another lane", kind=work.kind)

    return each_record(receive, needs_s=NEEDS_S, signals=ports.signals)


def carry_out(work: Work, slot: datetime | None, ports: Ports) -> None:
    """One try of one piece of work."""
    turn = ports.desk.claim(work, slot)
    if turn is None:
        return
    try:
        _attempt(ports.desk.open(turn), ports)
    except NotNow as error:
        line = _line_for(work, error)
        if line:
            _wait_in_line(turn, line, error, ports)
        else:
            _postpone(turn, error, ports)
    except (Refused, Unreadable) as error:
        _park(turn, str(error), ports)
    except Misconfigured as error:
        ports.signals.count("Misconfigured")
        _postpone(turn, NotNow(str(error), ports.clock.now() + WHILE_MISCONFIGURED), ports)
    except NotAllowed as error:
        ports.sellers.quarantine(work.key.seller, str(error))
        _lay_aside(turn, str(error), ports)
        ports.signals.count("SellerNeedsConsent")
        ports.signals.note("seller quarantined", seller=str(work.key.seller), reason=str(error))


def _attempt(turn: Turn, ports: Ports) -> None:
    effect, mode = EFFECTS[turn.work.kind], turn.seller.mode if turn.seller else Mode.PAUSED
    if mode in {Mode.PAUSED, Mode.NEEDS_CONSENT}:
        _lay_aside(turn, f"seller is {mode}", ports)
    elif mode is Mode.DRY_RUN and effect.outward:
        _rehearse(turn, ports)
    else:
        ending = effect.run(turn, ports)
        ports.send(ports.desk.complete(turn, ending))
        ports.signals.note("done", kind=turn.work.kind, order=turn.work.key.order_id, tries=turn.tries)


def _lay_aside(turn: Turn, reason: str, ports: Ports) -> None:
    """Until the seller is resumed; this try does not count."""
    ports.desk.give_back(turn)
    ports.desk.pause(turn.work, reason)


def _park(turn: Turn, reason: str, ports: Ports) -> None:
    if not ports.desk.park(turn, reason):
        ports.queue.send(turn.work)
        return
    ports.signals.count("Parked")
    ports.signals.note("parked", kind=turn.work.kind, order=turn.work.key.order_id, reason=reason)


def _line_for(work: Work, error: NotNow) -> str:
    """The operation in whose line this waits: Amazon's quota has no slot for it within the horizon, or the ERP is
    left in peace, and then whoever is to be shipped first comes first when it takes requests again.
    """
    if isinstance(error, Throttled) and not error.slot:
        return error.operation
    return EFFECTS[work.kind].line if isinstance(error, CircuitOpen) else ""


def _wait_in_line(turn: Turn, operation: str, error: NotNow, ports: Ports) -> None:
    opened = ports.lines.join(turn, operation, str(error))
    if opened:
        ports.queue.call(opened, delay=timedelta(seconds=1))
    ports.signals.note("waits in line", kind=turn.work.kind, order=turn.work.key.order_id, what=operation)


def _postpone(turn: Turn, error: NotNow, ports: Ports) -> None:
    now = ports.clock.now()
    slot = error.slot if isinstance(error, Throttled) else None
    until = ports.desk.postpone(turn, error.until or now + pause_after(turn.tries), error)
    if until and until - now <= LONGEST_WAIT:
        ports.queue.send(turn.work, delay=until - now, slot=slot)
    ports.signals.note("postponed", kind=turn.work.kind, order=turn.work.key.order_id, reason=str(error))


def _rehearse(turn: Turn, ports: Ports) -> None:
    """Dry run: decide what can be decided without writing outside, say so, and lay the work aside."""
    reason = "dry run"
    try:
        if turn.work.kind in REHEARSED:
            EFFECTS[turn.work.kind].run(replace(turn, rehearse=True), ports)
    except BridgeError as error:
        reason = f"dry run: {error}"
    _lay_aside(turn, reason, ports)
    ports.signals.note("dry run", kind=turn.work.kind, order=turn.work.key.order_id, reason=reason)


REHEARSED = frozenset({"hand_to_erp"})
"""Effects that decide something before they write."""
