"""The circuit of the ERP: one item, shared by all workers, written only while something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bridge.domain.circuit import Circuit, admitted, answered, failed, room, turned_away
from bridge.domain.times import from_text, to_text
from bridge.ports import Clock
from bridge.stores import keys
from bridge.stores.table import Absent, Condition, ConditionFailed, Item, Put, Table, equals

_TRIES = 4


class Circuits:
    """See ports.Circuit. `erp` names the ERP: another one begins with a circuit of its own."""

    def __init__(self, table: Table, clock: Clock, erp: str) -> None:
        self._table = table
        self._clock = clock
        self._key = keys.circuit(erp)
        self._quiet = True
        """The ERP had answered whatever it was asked when this worker looked last."""

    def state(self) -> Circuit:
        return _read(self._table.get(self._key))

    def room(self, wanted: int) -> range:
        return room(self.state(), self._clock.now(), wanted)

    def look(self) -> None:
        admitted(self.state(), self._clock.now())

    def admit(self) -> None:
        self._change(lambda circuit: admitted(circuit, self._clock.now()))

    def failed(self) -> bool:
        return _opened(*self._change(lambda circuit: failed(circuit, self._clock.now())))

    def turned_away(self, reason: str) -> bool:
        return _opened(*self._change(lambda circuit: turned_away(circuit, self._clock.now(), reason)))

    def answered(self) -> None:
        if not self._quiet:
            self._change(lambda circuit: answered(circuit, self._clock.now()))

    def _change(self, decide: Callable[[Circuit], Circuit]) -> tuple[Circuit, Circuit]:
        """Before and after. When others are faster every time, what they wrote is as good."""
        for _ in range(_TRIES):
            item = self._table.get(self._key)
            before = _read(item)
            self._quiet = before.quiet
            after = decide(before)
            if after == before:
                break
            revision = item["rev"] if item else 0
            try:
                self._table.put(Put(self._key, _item(after, revision + 1), _unchanged(revision)))
            except ConditionFailed:
                continue
            self._quiet = after.quiet
            return before, after
        return before, before


def _opened(before: Circuit, after: Circuit) -> bool:
    return after.until is not None and after.until != before.until


def _unchanged(revision: int) -> Condition:
    return equals("rev", revision) if revision else Absent("rev")


def _item(circuit: Circuit, revision: int) -> Item:
    item: Item = {"rev": revision, "n": circuit.failures, "pause_s": int(circuit.pause.total_seconds())}
    if circuit.reason:
        item["why"] = circuit.reason
    moments = {"until": circuit.until, "probe": circuit.probe, "proven": circuit.proven}
    return item | {name: to_text(moment) for name, moment in moments.items() if moment}


def _read(item: Item | None) -> Circuit:
    if not item:
        return Circuit()
    moments = ("until", "probe", "proven")
    until, probe, proven = (from_text(item[name]) if name in item else None for name in moments)
    return Circuit(item["n"], until, timedelta(seconds=item["pause_s"]), probe, item.get("why", ""), proven)
