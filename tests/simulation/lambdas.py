"""The deployed functions: the product's own consumers and sweeps, wired as bridge.wiring does, on simulated ports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from bridge import api, inbox, outbox, sweep
from bridge.effects import EFFECTS
from bridge.erp import watched
from bridge.ports import Amazon as AmazonPort
from bridge.ports import Erp, Ports, Rhythm
from bridge.spapi.amazon import Amazon
from bridge.spapi.auth import LWA, Identity, Tokens
from bridge.spapi.client import Client
from bridge.spapi.pacing import Pacer
from bridge.stores import (
    answers,
    backfills,
    circuits,
    desk,
    lines,
    orders,
    parcels,
    parking,
    queues,
    quota,
    sellers,
    stock,
)
from bridge.wiring import Withheld
from tests.simulation.amazon import APPLICATION
from tests.simulation.clock import Hub, WorkerClock
from tests.simulation.strand import Strand
from tests.simulation.weather import Weather

LANES = {"orders": 5, "erp": 1, "shipments": 5}
"""Lane → batch size, as in infra/outbox.py (a test compares them)."""
INBOX_BATCH = 10
TIMEOUT_S, SWEEP_TIMEOUT_S = 30.0, 55.0
RHYTHM = Rhythm(*(timedelta(seconds=s) for s in (300, 180, 180, 60, 90, 900)))

Handler = Callable[[Any, Any], Any]


class Signals:
    """Counts; `note` also goes into the transcript, when one is written."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.written: Callable[[str], None] | None = None

    def count(self, metric: str, value: float = 1) -> None:
        self.counts[metric] += int(value)

    def note(self, event: str, **facts: str | float | None) -> None:
        if self.written is not None:
            self.written(f"{event} {facts}")


@dataclass(frozen=True, slots=True)
class Outside:
    """What all functions share."""

    hub: Hub
    weather: Weather
    table: Any
    sqs: Any
    web: Any
    erp: Any
    signals: Signals
    rhythm: Rhythm


def _secret(name: str, fresh: bool) -> dict[str, str]:
    if name == "lwa":
        return {"client_id": "client", "client_secret": "secret"}
    return {"refresh_token": "refresh|" + name.removeprefix("sellers/").replace("/", "|")}


def ports(outside: Outside, *, with_amazon: bool = False, with_erp: bool = False, recipients: bool = False) -> Ports:
    """Of one container: its own clock, tokens and memory."""
    skew = outside.weather.within(-0.5, 0.5) * outside.weather.rates.skew
    clock, table = WorkerClock(outside.hub, skew), outside.table
    known = orders.Orders(table, clock)
    circuit = circuits.Circuits(table, clock, "simulated")
    return Ports(
        clock=clock,
        orders=known,
        lines=lines.Lines(table, clock),
        desk=desk.Desk(table, clock, known, unseen=outside.erp.lookup_lag if with_erp else timedelta(0)),
        parcels=parcels.Parcels(table, clock, known),
        sellers=sellers.Sellers(table, clock),
        stock=stock.Stock(table, clock),
        answers=answers.Answers(table, clock),
        parking=parking.Parking(table, clock),
        backfills=backfills.Backfills(table, clock),
        queue=queues.WorkQueue(
            outside.sqs, {kind: effect.lane for kind, effect in EFFECTS.items()}, "lines", outside.signals
        ),
        signals=outside.signals,
        amazon=_amazon(outside, clock, recipients=recipients)
        if with_amazon
        else cast("AmazonPort", Withheld("access to Amazon")),
        erp=watched.Watched(outside.erp, circuit, outside.signals)
        if with_erp
        else cast("Erp", Withheld("access to the ERP")),
        circuit=circuit,
        rhythm=outside.rhythm,
    )


def _amazon(outside: Outside, clock: WorkerClock, *, recipients: bool) -> Amazon:
    tokens = Tokens(outside.web, Identity("lwa", "sellers/", LWA), _secret, clock)
    client = Client(outside.web, tokens, Pacer(quota.Quota(outside.table), clock), clock)
    return Amazon(client, may_ask_recipient=recipients)


class Function:
    """Keeps its containers warm between invocations; a crash or a time-out ends the container."""

    def __init__(self, outside: Outside, name: str, build: Callable[[], Handler], timeout: float = TIMEOUT_S) -> None:
        self._outside = outside
        self._name = name
        self._build = build
        self._timeout = timeout
        self._warm: list[Handler] = []

    def invoke(self, event: Any, done: Callable[[Strand], None]) -> None:
        handler = self._warm.pop() if self._warm else self._build()

        def over(strand: Strand) -> None:
            if not strand.crashed:
                self._warm.append(handler)
            done(strand)

        Strand(self._outside.hub, self._name, self._timeout).start(handler, event, over)


def inbox_function(outside: Outside) -> Function:
    return Function(outside, "inbox", lambda: inbox.consumer(ports(outside), APPLICATION))


def lane_function(outside: Outside, lane: str) -> Function:
    kinds = frozenset(kind for kind, effect in EFFECTS.items() if effect.lane == lane)

    def build() -> Handler:
        erp = lane == "erp"
        return outbox.consumer(ports(outside, with_amazon=True, with_erp=erp, recipients=erp), kinds)

    return Function(outside, lane, build)


def sweep_function(outside: Outside, name: str) -> Function:
    def build() -> Handler:
        return sweep.consumer(ports(outside, with_amazon=name == "orders", with_erp=name == "shipments"), name)

    return Function(outside, f"sweep {name}", build, SWEEP_TIMEOUT_S)


def api_function(outside: Outside) -> Function:
    return Function(outside, "api", lambda: api.consumer(ports(outside)))
