"""When an ERP that does not answer is left in peace: a circuit that opens, lets one probe through, and closes.

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


@dataclass(frozen=True, slots=True)
class Circuit:
    """What all workers know of the ERP together. `probe` is until when somebody's probe may be out."""

    failures: int = 0
    until: datetime | None = None
    pause: timedelta = timedelta(0)
    probe: datetime | None = None

    @property
    def quiet(self) -> bool:
        """Closed, and the last request was answered."""
        return not self.failures and not self.until


def admitted(circuit: Circuit, now: datetime) -> Circuit:
    """The circuit after somebody was let through: unchanged while closed. Raises CircuitOpen for everybody else."""
    if circuit.until is None:
        return circuit
    if now < circuit.until:
        msg = f"the ERP does not answer, and is left in peace for {circuit.pause.total_seconds():.0f} s"
        raise CircuitOpen(msg, circuit.until)
    if circuit.probe and now < circuit.probe:
        msg = "the ERP did not answer, and is being tried by somebody else"
        raise CircuitOpen(msg, min(circuit.probe, now + AFTER_PROBE))
    return replace(circuit, probe=now + LEASE)


def failed(circuit: Circuit, now: datetime) -> Circuit:
    """After a request without an answer. One that was sent before the circuit opened tells nothing new."""
    if circuit.until and now < circuit.until:
        return circuit
    failures = circuit.failures + 1
    if not circuit.until and failures < OPENS_AFTER:
        return replace(circuit, failures=failures)
    pause = min(circuit.pause * 2, LONGEST_PAUSE) if circuit.until else FIRST_PAUSE
    return Circuit(failures, now + pause, pause)
