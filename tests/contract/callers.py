"""Several callers of one Tryton at once, each with a connection of its own, as the instances of a function have."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from typing import ParamSpec, TypeVar

from bridge.domain.documents import Document, ErpOrder
from bridge.domain.errors import Unavailable
from bridge.erp.tryton import Tryton, connect
from local.erp.postgres import Cluster
from local.erp.server import Running
from local.erp.warehouse import Sale
from tests.contract.erp_kit.cases import RECIPIENT, Interrupted
from tests.contract.postgres_session import await_waiting, session
from tests.contract.tryton_kit import People

P = ParamSpec("P")
T = TypeVar("T")
TRIES = 30


def at_once(running: Running, calls: Sequence[Callable[[Tryton], T]]) -> list[T | Unavailable]:
    """What each answers; an ERP that could not is an answer too. Every other error is raised."""
    start = threading.Barrier(len(calls))

    def one(call: Callable[[Tryton], T]) -> T | Unavailable:
        with closing(connect(running.config)) as erp:
            start.wait(60)
            try:
                return call(erp)
            except Unavailable as error:
                return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def insisting(call: Callable[P, T]) -> Callable[P, T]:
    """Tries again while the ERP is unavailable, with a pause that grows, as the queue of work does."""

    def again(*given: P.args, **named: P.kwargs) -> T:
        for attempt in range(1, TRIES):
            try:
                return call(*given, **named)
            except Unavailable:
                time.sleep(random.uniform(0.1, 0.4) * attempt)
        return call(*given, **named)

    return again


def alone(running: Running, call: Callable[[Tryton], T]) -> T:
    """One caller, who insists."""
    with closing(connect(running.config)) as erp:
        return insisting(call)(erp)


def collide(cluster: Cluster, row: str, calls: Sequence[Callable[[], T]]) -> list[T]:
    """What they answer when they come to this row in this order, and the first waits for it until the others are there.

    Tryton does not let everybody wait: who needs what one before him has locked is sent away at once, and comes again.
    """
    futures: list[Future[T]] = []
    with ThreadPoolExecutor(len(calls)) as pool, session(cluster) as holder:
        holder.run(f"begin; {row} for no key update")
        futures.append(pool.submit(calls[0]))
        await_waiting(cluster)
        for count, call in enumerate(calls[1:], start=2):
            futures.append(pool.submit(call))
            with suppress(TimeoutError):
                await_waiting(cluster, count=count, patience=3)
        holder.run("rollback")
    return [future.result() for future in futures]


def create(document: Document) -> Callable[[Tryton], ErpOrder]:
    return lambda erp: erp.create(document, RECIPIENT)


def begin(interrupted: Interrupted, document: Document, write: int) -> None:
    """Leaves it as it is before the n-th write."""
    with interrupted(write, after=False) as shaky, suppress(Unavailable):
        shaky.create(document, RECIPIENT)


def at_rest(people: People, document: Document) -> Sale:
    """The one sale of the order, as soon as Tryton has made its shipments or never will; others may still be at it."""
    deadline = time.monotonic() + 60
    while True:
        (sale,) = people.tryton.sales(document.key.order_id)
        if sale.state in {"processing", "cancelled"}:
            return sale
        if time.monotonic() > deadline:
            msg = f"the sale stays {sale.state}"
            raise AssertionError(msg)
        time.sleep(0.1)


def waits(people: People, document: Document) -> bool:
    """Whether the warehouse would ship it."""
    return any(seen.ready for seen in people.documents(document.key))
