"""Time, Amazon, the ERP, the queues and the log: what is asked and told outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bridge.domain.documents import CancelAnswer, Document, ErpOrder, Recipient, Shipment
from bridge.domain.ids import MarketplaceId, OrderKey, Seller
from bridge.domain.lines import Line
from bridge.domain.parcels import Confirmation
from bridge.domain.readings import Page, Reading
from bridge.domain.work import Work


class Clock(Protocol):
    """The time, and the only way to wait."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...

    def sleep(self, seconds: float) -> None: ...


class Erp(Protocol):
    """The seller's ERP, in the shape `find` + `create` (reliability: look when in doubt, then create).

    Every method raises `Unavailable` when the ERP did not answer or answered 5xx (the call may have
    landed), and `Refused` when it said no for good, with a reason a human can act on (no personal data).
    """

    lookup_lag: timedelta
    """How long after `create` a `find` may still miss the document. Larger than the lease: refused at start."""

    def find(self, key: OrderKey) -> ErpOrder | None:
        """The document of this Amazon order, in whatever state it is; None when there is none."""
        ...

    def create(self, document: Document, recipient: Recipient) -> ErpOrder:
        """Create and confirm the sales order, or resume a half-made one with the same key.

        Never makes a second document for one key. The ERP's total must equal `document.total`
        to the cent, else Refused (and the document must not be left ready for shipping).
        """
        ...

    def cancel(self, key: OrderKey) -> CancelAnswer:
        """Stop the order. DONE: nothing will ship (also when there is no such document)."""
        ...

    def hold(self, key: OrderKey, reason: str) -> None:
        """Keep the order from shipping until a human in the ERP decides. Idempotent; no-op when shipped."""
        ...

    def list_shipments(self, seller: Seller, since: datetime) -> Iterable[Shipment]:
        """Shipments of this seller's Amazon orders that changed at or after `since`, oldest first.

        Includes a correction (a tracking number added or changed later) and orders that the ERP
        can not or will not fulfil (`ShipmentState.CANNOT_FULFIL`).
        """
        ...


class Circuit(Protocol):
    """Whether the ERP answers and takes requests, as all workers know it together."""

    def look(self) -> None:
        """Raises CircuitOpen as `admit` does, and lets nobody through yet: for who has something else to do before."""
        ...

    def admit(self) -> None:
        """Raises CircuitOpen while the ERP is left in peace, and then for all but one, whose request is the probe."""
        ...

    def room(self, wanted: int) -> range:
        """The places, among so many who want to ask, of those who may be sent now: none, one as the probe, or all."""
        ...

    def failed(self) -> bool:
        """The ERP did not answer. True when it is left in peace from now on."""
        ...

    def turned_away(self, reason: str) -> bool:
        """The ERP said what it would say to any other request too. True when it is left in peace from now on."""
        ...

    def answered(self) -> None: ...


class Amazon(Protocol):
    """SP-API, paced. Raises Throttled (no slot yet), Unavailable, Refused, NotAllowed."""

    def get_order(self, key: OrderKey, *, recipient: bool = False, slot: datetime | None = None) -> Reading: ...

    def search_orders(
        self, seller: Seller, marketplaces: Sequence[MarketplaceId], *, updated_after: datetime, token: str | None
    ) -> Page: ...

    def search_past(
        self,
        seller: Seller,
        marketplaces: Sequence[MarketplaceId],
        *,
        updated: tuple[datetime, datetime],
        token: str | None,
    ) -> Page:
        """One page of a backfill. Throttled when half of the quota of searches is used: the rest is for live work."""
        ...

    def searches_to_spare(self, seller: Seller) -> bool:
        """Half of the quota of searches, or more, is unused, as this worker saw it last."""
        ...

    def seats(self, line: Line, count: int, *, starved: bool) -> list[datetime]:
        """Slots for those who wait in a line, at most so many, soonest first; none when live work holds them all.

        A line that has `starved` goes first for a moment then.
        """
        ...

    def sooner_by_pages(self, seller: Seller, waiting: int) -> bool:
        """Whether a search answers so many orders sooner than one call each does, the wait for its quota included."""
        ...

    def confirm_shipment(self, key: OrderKey, confirmation: Confirmation, *, slot: datetime | None = None) -> None:
        """Same package reference again = edit. Refused carries Amazon's error code, never its message."""
        ...


class WorkQueue(Protocol):
    """The lanes' queues."""

    def send(self, work: Work, *, delay: timedelta = timedelta(0), slot: datetime | None = None) -> None:
        """The fast path only: what is lost here, the due sweep finds."""
        ...

    def call(self, line: Line, *, delay: timedelta = timedelta(0)) -> None:
        """Have a line served; what is lost here, the due sweep finds as well."""
        ...


class Signals(Protocol):
    """One log line or one metric; ids and counts only."""

    def count(self, metric: str, value: float = 1) -> None: ...

    def note(self, event: str, **facts: str | float | None) -> None: ...
