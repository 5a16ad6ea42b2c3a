"""Puts the parts together for one deployed function; fails here, at INIT, when something is misconfigured.

Adapters are imported where they are used: the inbox never pays for httpx, nor the sender for the ERP.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import boto3
from botocore.config import Config

from bridge import api, inbox, outbox, sweep
from bridge.batches import place_of
from bridge.domain.errors import Misconfigured
from bridge.effects import EFFECTS
from bridge.erp.watched import Watched
from bridge.ports import Amazon, Erp, Ports, Rhythm
from bridge.settings import Settings
from bridge.signals import Signals
from bridge.stores.answers import Answers
from bridge.stores.backfills import Backfills
from bridge.stores.circuits import Circuits
from bridge.stores.desk import Desk
from bridge.stores.dynamodb import DynamoTable
from bridge.stores.lines import Lines
from bridge.stores.orders import Orders
from bridge.stores.parcels import Parcels
from bridge.stores.parking import Parking
from bridge.stores.queues import WorkQueue
from bridge.stores.quota import Quota
from bridge.stores.sellers import Sellers
from bridge.stores.stock import Stock
from bridge.sweeps import SWEEPS

Handler = Callable[[dict[str, Any], Any], Any]

# A request in flight must end well before the lease does: 3 attempts of at most 4 s.
AWS = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 3, "mode": "standard"})


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Withheld:
    """Stands where this function's role has no business; any use is a mistake in the wiring."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __getattr__(self, name: str) -> Any:
        msg = f"this function has no {self._what}"
        raise Misconfigured(msg)


def _rhythm(settings: Settings) -> Rhythm:
    def seconds(text: str) -> timedelta:
        return timedelta(seconds=float(text))

    return Rhythm(
        orders_period=seconds(settings.orders_period_s),
        orders_idle=seconds(settings.orders_idle_s),
        search_overlap=seconds(settings.search_overlap_s),
        shipments_period=seconds(settings.shipments_period_s),
        shipments_overlap=seconds(settings.shipments_overlap_s),
        readback=seconds(settings.readback_s),
    )


def queue_urls(settings: Settings) -> dict[str, str]:
    """Kind of work → URL of the queue of its lane."""
    lanes = {"orders": settings.queue_orders, "erp": settings.queue_erp, "shipments": settings.queue_shipments}
    return {kind: lanes[effect.lane] for kind, effect in EFFECTS.items()}


def amazon(settings: Settings, table: DynamoTable, *, may_ask_recipient: bool) -> Amazon:
    """SP-API with this deployment's secrets and the quota that all functions share."""
    import httpx

    from bridge.spapi import amazon as port
    from bridge.spapi.client import TIMEOUT

    client = spapi_client(settings, table, httpx.Client(timeout=TIMEOUT))
    return port.Amazon(client, may_ask_recipient=may_ask_recipient)


def spapi_client(settings: Settings, table: DynamoTable, http: Any) -> Any:
    """The client beneath `amazon`, for the operator's command line too."""
    from bridge.spapi.auth import LWA, Identity, Tokens
    from bridge.spapi.client import Client
    from bridge.spapi.pacing import Pacer
    from bridge.stores.secrets import Secrets

    clock = SystemClock()
    secrets = Secrets(boto3.client("secretsmanager", config=AWS))
    identity = Identity(settings.lwa_secret, settings.seller_secrets, settings.lwa_endpoint or LWA)
    tokens = Tokens(http, identity, lambda name, fresh: secrets.read(name, fresh=fresh), clock)
    return Client(http, tokens, Pacer(Quota(table), clock), clock, endpoint=settings.spapi_endpoint)


def erp(settings: Settings) -> Erp:
    """The connector; Misconfigured when its look-up lags more than a lease lasts."""
    from bridge.domain.work import LEASE
    from bridge.erp import connector
    from bridge.erp.renewed import RenewedErp
    from bridge.stores.secrets import Secrets

    secrets = Secrets(boto3.client("secretsmanager", config=AWS))
    where = {"target": settings.erp_target} if settings.erp_target else {}
    connected = cast("Erp", RenewedErp(connector(settings.erp), lambda: secrets.read(settings.erp_secret) | where))
    if connected.lookup_lag >= LEASE:
        lag = connected.lookup_lag
        msg = f"connector {settings.erp}: a look-up that lags {lag} cannot prevent duplicates within a lease of {LEASE}"
        raise Misconfigured(msg)
    return connected


def table(settings: Settings) -> DynamoTable:
    return DynamoTable(boto3.client("dynamodb", config=AWS), settings.table)


def ports(settings: Settings, signals: Signals, *, with_amazon: bool, with_erp: bool) -> Ports:
    """Everything outside that this function may use."""
    clock = SystemClock()
    core = table(settings)
    orders = Orders(core, clock)
    connected = erp(settings) if with_erp else cast("Erp", Withheld("access to the ERP"))
    circuit = Circuits(core, clock, settings.erp)
    asks = "hand_to_erp" in settings.kinds.split(",")
    return Ports(
        clock=clock,
        orders=orders,
        lines=Lines(core, clock),
        desk=Desk(core, clock, orders, unseen=connected.lookup_lag if with_erp else timedelta(0)),
        parcels=Parcels(core, clock, orders),
        sellers=Sellers(core, clock),
        stock=Stock(core, clock),
        answers=Answers(core, clock),
        parking=Parking(core, clock),
        backfills=Backfills(core, clock),
        queue=WorkQueue(boto3.client("sqs", config=AWS), queue_urls(settings), settings.queue_lines, signals),
        signals=signals,
        amazon=amazon(settings, core, may_ask_recipient=asks)
        if with_amazon
        else cast("Amazon", Withheld("access to Amazon")),
        erp=cast("Erp", Watched(connected, circuit, signals)) if with_erp else connected,
        circuit=circuit,
        rhythm=_rhythm(settings),
    )


def _observed(handler: Handler, signals: Signals) -> Handler:
    """Metrics leave with every invocation, also a failed one."""

    def observed(event: dict[str, Any], context: Any) -> Any:
        try:
            return handler(event, context)
        except Exception as error:
            signals.count("Bug")
            signals.note("bug", reason=place_of(error))
            raise
        finally:
            signals.flush()

    return observed


def wired(service: str, build: Callable[[Settings, Signals], Handler]) -> Handler:
    """The handler, or a counted Misconfigured."""
    settings = Settings.read(os.environ)
    signals = Signals(service, settings.stage)
    try:
        return _observed(build(settings, signals), signals)
    except Misconfigured as error:
        signals.count("Misconfigured")
        signals.note("misconfigured", reason=str(error))
        signals.flush()
        raise


def inbox_handler() -> Handler:
    def build(settings: Settings, signals: Signals) -> Handler:
        outside = ports(settings, signals, with_amazon=False, with_erp=False)
        return inbox.consumer(outside, settings.application_id)

    return wired("inbox", build)


def outbox_handler() -> Handler:
    def build(settings: Settings, signals: Signals) -> Handler:
        kinds = frozenset(settings.kinds.split(","))
        unknown = kinds - EFFECTS.keys()
        if unknown:
            msg = f"BRIDGE_KINDS names no effect: {', '.join(sorted(unknown))}"
            raise Misconfigured(msg)
        with_erp = any(EFFECTS[kind].lane == "erp" for kind in kinds)
        return outbox.consumer(ports(settings, signals, with_amazon=True, with_erp=with_erp), kinds)

    return wired("outbox", build)


def sweep_handler() -> Handler:
    def build(settings: Settings, signals: Signals) -> Handler:
        name = settings.kinds
        if name not in SWEEPS:
            msg = f"BRIDGE_KINDS must name one sweep of {', '.join(SWEEPS)}, not {name!r}"
            raise Misconfigured(msg)
        outside = ports(settings, signals, with_amazon=name == "orders", with_erp=name == "shipments")
        return sweep.consumer(outside, name)

    return wired("sweep", build)


def api_handler() -> Handler:
    def build(settings: Settings, signals: Signals) -> Handler:
        return api.consumer(ports(settings, signals, with_amazon=False, with_erp=False))

    return wired("api", build)
