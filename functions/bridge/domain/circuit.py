"""When an ERP that does not answer, or turns everything away, is left in peace: a circuit that opens, lets one probe
through, and closes.

Pure. Closed: `until` is not set. Open: nothing is asked before `until`. Half open, after that: one probe at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.domain.errors import CircuitOpen
from bridge.domain.work import LEASE

OPENS_AFTER = 5
"""Requests in a row that the ERP did not answer."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=5)
AFTER_PROBE = timedelta(seconds=15)
"""Who comes while the probe is out comes back then: a request takes ten seconds at most."""
PROVEN = timedelta(hours=1)
"""For so long after the ERP took others' requests again, one that is turned away may itself be to blame."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """What all workers know of the ERP together. `probe` is until when somebody's probe may be out."""

    failures: int = 0
    until: datetime | None = None
    pause: timedelta = timedelta(0)
    probe: datetime | None = None
    reason: str = ""
    """Why the ERP turned the last request away; empty where it did not answer."""
    proven: datetime | None = None
    """When it last took somebody's request after it had turned one away."""

    @property
    def quiet(self) -> bool:
        """Closed, and the last request was answered."""
        return not self.failures and not self.until

    @property
    def next_try(self) -> datetime | None:
        """When somebody may ask again, if no answer comes before; None while closed."""
        return self.until and max(self.until, self.probe or self.until)


def admitted(circuit: Circuit, now: datetime) -> Circuit:
    """The circuit after somebody was let through: unchanged while closed. Raises CircuitOpen for everybody else."""
    if circuit.until is None:
        return circuit
    what = f"turns everything away ({circuit.reason})" if circuit.reason else "does not answer"
    if now < circuit.until:
        msg = f"the ERP {what}, and is left in peace for {circuit.pause.total_seconds():.0f} s"
        raise CircuitOpen(msg, circuit.until)
    if circuit.probe and now < circuit.probe:
        msg = f"the ERP {what}, and is being tried by somebody else"
        raise CircuitOpen(msg, min(circuit.probe, now + AFTER_PROBE))
    return replace(circuit, probe=now + LEASE)


def room(circuit: Circuit, now: datetime, wanted: int) -> range:
    """The places, among so many who want to ask, of those who may be sent now: all, none, or the next probe alone.

    Each probe is another one's than the last: that it failed may be its own fault.
    """
    if circuit.next_try is None:
        return range(wanted)
    if not wanted or now < circuit.next_try:
        return range(0)
    place = circuit.failures % wanted
    return range(place, place + 1)


def failed(circuit: Circuit, now: datetime) -> Circuit:
    """After a request without an answer. One that was sent before the circuit opened tells nothing new."""
    if circuit.until and now < circuit.until:
        return circuit
    failures = circuit.failures + 1
    if not circuit.until and failures < OPENS_AFTER:
        return replace(circuit, failures=failures)
    pause = min(circuit.pause * 2, LONGEST_PAUSE) if circuit.until else FIRST_PAUSE
    return Circuit(failures, now + pause, pause, proven=circuit.proven)


def turned_away(circuit: Circuit, now: datetime, reason: str) -> Circuit:
    """After an answer that any other request would get as well: a human has to change something, so it opens at once.

    Not where others' requests were taken since: then it counts as one of five.
    """
    if circuit.until and now < circuit.until and circuit.reason:
        return circuit
    failures = circuit.failures + 1
    others = not circuit.until and circuit.proven and now - circuit.proven < PROVEN
    if others and failures < OPENS_AFTER:
        return replace(circuit, failures=failures, reason=reason)
    return Circuit(failures, now + LONGEST_PAUSE, LONGEST_PAUSE, reason=reason, proven=circuit.proven)


def answered(circuit: Circuit, now: datetime) -> Circuit:
    """After a request that the ERP took, or refused for what was in it."""
    return Circuit(proven=now if circuit.reason else circuit.proven)
