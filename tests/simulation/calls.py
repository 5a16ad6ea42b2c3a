"""Every port call passes here: it takes time, and may crash, fail, time out or be slow, before or after its effect."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import CodeType
from typing import Any

from bridge.domain.errors import BridgeError
from bridge.stores.table import ConditionFailed
from tests.simulation.clock import Hub
from tests.simulation.strand import Killed
from tests.simulation.weather import CALM, CRASH_AFTER, CRASH_BEFORE, FATES, FAULT, LATE, LOST, SLOW, Weather

EMPTY_DISTURBED = 0.03
"""Share of the queries of empty index partitions that count as port calls."""
IN_FLIGHT_S = 20.0
"""A request may take effect this long after it was sent, whatever became of the sender."""


@dataclass(frozen=True, slots=True)
class Port:
    """`remote`: effects may land late. `repeats`: the AWS SDK sends a write again when its answer does not come."""

    name: str
    fail: Callable[[str], Any]
    """Raises, or returns what the product gets instead of an answer."""
    timeout: float
    latency: tuple[float, float]
    remote: bool = False
    repeats: bool = False


_CRASHES = frozenset((CRASH_BEFORE, CRASH_AFTER))


class Calls:
    """Counts and disturbs. `note` gets one line per call while a transcript is written."""

    def __init__(self, hub: Hub, weather: Weather) -> None:
        self.hub = hub
        self.weather = weather
        self.sites: Counter[str] = Counter()
        self.crashes: Counter[tuple[str, int]] = Counter()
        self.aim: tuple[str, int] | None = None
        """A site, and what shall happen there the next time; only while every site is counted."""
        self._note: Callable[[str, str], None] | None = None
        self._every_site = False
        self._plain = True

    @property
    def dead(self) -> bool:
        """The caller's sandbox is gone: it says nothing any more."""
        return self.hub.strand is not None and self.hub.strand.dead

    @property
    def note(self) -> Callable[[str, str], None] | None:
        return self._note

    @note.setter
    def note(self, note: Callable[[str, str], None]) -> None:
        self._note, self._plain = note, False

    @property
    def every_site(self) -> bool:
        return self._every_site

    @every_site.setter
    def every_site(self, wanted: bool) -> None:
        self._every_site, self._plain = wanted, False

    def skips_empty(self) -> bool:
        strand = self.hub.strand
        return strand is not None and not strand.dead and not self.weather.happens(EMPTY_DISTURBED)

    def __call__(self, port: Port, effect: Callable[[], Any], what: object = "") -> Any:
        strand = self.hub.strand
        if strand is None:
            return effect()
        if strand.dead:
            raise Killed
        fate = self.weather.fate()
        if fate is CALM and self._plain:
            low, high = port.latency
            self.hub.pass_time(strand, low + (high - low) * self.weather.draw())
            return effect()
        if self.every_site or fate in _CRASHES:
            site = f"{port.name}@{_caller()}"
            self.sites[site] += 1
            if self.aim is not None and self.aim[0] == site:
                (_, fate), self.aim = self.aim, None
            if fate in _CRASHES:
                self.crashes[site, fate] += 1
        if self.note is not None:
            self.note(strand.name, f"{port.name} {what} @{_caller()}{' ← ' + FATES[fate] if fate else ''}")
        if fate is CALM:
            low, high = port.latency
            strand.wait(self.weather.within(low, high))
            return effect()
        return self._disturbed(fate, port, effect)

    def _disturbed(self, fate: int, port: Port, effect: Callable[[], Any]) -> Any:
        strand, within = self.hub.strand, self.weather.within
        assert strand is not None
        if fate == SLOW:
            return self._slow(port, effect)
        if fate == CRASH_AFTER and port.remote:
            self._land(within(0, IN_FLIGHT_S), effect)
        if fate == LATE:
            self._land(within(0, IN_FLIGHT_S) if port.remote else 0.0, effect)
            if port.repeats:
                self._land(port.timeout / 3, effect)
        if fate in {LOST, LATE}:
            strand.wait(port.timeout)
            return port.fail("no answer")
        strand.wait(within(*port.latency))
        if fate == FAULT:
            return port.fail("failed")
        if fate == CRASH_AFTER and not port.remote:
            _quietly(effect)
        return strand.die()

    def _slow(self, port: Port, effect: Callable[[], Any]) -> Any:
        strand = self.hub.strand
        assert strand is not None
        seconds = self.weather.within(5, 40)
        if port.remote:
            if seconds < port.timeout:
                strand.wait(seconds)
                return effect()
            self._land(min(seconds, IN_FLIGHT_S), effect)
            strand.wait(port.timeout)
            return port.fail("too slow")
        # The SDK waits three seconds, then asks again. The first request may have been carried out.
        if port.repeats and seconds < 22:
            _quietly(effect)
        strand.wait(3.1)
        return effect()

    def _land(self, seconds: float, effect: Callable[[], Any]) -> None:
        self.hub.after(seconds, lambda: _quietly(effect))


def _quietly(effect: Callable[[], Any]) -> None:
    """Nobody hears the answer."""
    with suppress(ConditionFailed, BridgeError):
        effect()


_labels: dict[CodeType, tuple[str, bool] | None] = {}


def _label(code: CodeType) -> tuple[str, bool] | None:
    """The short name of a product function, and whether it is plumbing whose caller tells more."""
    if code not in _labels:
        _, found, path = code.co_filename.partition("/functions/bridge/")
        if found:
            name = path.removesuffix(".py").removesuffix("/__init__").rsplit("/", 1)[-1]
            plumbing = path.startswith(("stores/", "spapi/", "ports", "batches"))
            _labels[code] = (f"{name}.{code.co_name.strip('<>')}", plumbing)
        else:
            _labels[code] = None
    return _labels[code]


def _caller() -> str:
    """Innermost function of the product, and the innermost one that is not plumbing."""
    frame, inner = sys._getframe(2), ""
    while frame is not None:
        label = _label(frame.f_code)
        if label is not None:
            name, plumbing = label
            if not plumbing:
                return f"{inner}<{name}" if inner else name
            inner = inner or name
        frame = frame.f_back  # type: ignore[assignment]
    return inner or "?"
