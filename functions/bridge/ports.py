"""Everything outside, as the bridge needs it to be. Implementations live in spapi/, stores/ and erp/."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bridge.domain.documents import CancelAnswer, Document, ErpOrder, Recipient, Shipment
from bridge.domain.errors import NotNow
from bridge.domain.ids import MarketplaceId, OrderKey, Seller
from bridge.domain.lifecycle import Change, Ending, Head
from bridge.domain.orders import Order
from bridge.domain.parcels import Confirmation, Parcel
from bridge.domain.readings import Page, Reading
from bridge.domain.sellers import Cursor, SellerRecord
from bridge.domain.work import Turn, Work


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


class Amazon(Protocol):
    """SP-API, paced. Raises Throttled (no slot yet), Unavailable, Refused, NotAllowed."""

    def get_order(self, key: OrderKey, *, recipient: bool = False, slot: datetime | None = None) -> Reading: ...

    def search_orders(
        self, seller: Seller, marketplaces: Sequence[MarketplaceId], *, updated_after: datetime, token: str | None
    ) -> Page: ...

    def confirm_shipment(self, key: OrderKey, confirmation: Confirmation, *, slot: datetime | None = None) -> None:
        """Same package reference again = edit. Refused carries Amazon's error code, never its message."""
        ...


class Orders(Protocol):
    """What is known of orders."""

    def get(self, key: OrderKey) -> Head:
        """A head without revision when the order is unknown."""
        ...

    def several(self, keys_of: Sequence[OrderKey]) -> list[Head]: ...

    def change(
        self, key: OrderKey, decide: Callable[[Head], Change | None], *, known: Head | None = None
    ) -> tuple[Head, tuple[Work, ...]]:
        """Store what `decide` makes of the facts (`known`, or newer ones), atomically with its calls."""
        ...

    def fold(
        self, key: OrderKey, order: Order, *, handling: str = "", known: Head | None = None
    ) -> tuple[Head, tuple[Work, ...]]:
        """Take in one reading of Amazon, if it is newer; the caller carries out work of the kind `handling` itself."""
        ...

    def near_deadline(self, now: datetime, limit: int = 100) -> list[OrderKey]:
        """Orders to be shipped within 12 hours whose parcels Amazon has not accepted yet."""
        ...


class Desk(Protocol):
    """Work that should happen, its claims and its completions."""

    def claim(self, work: Work, slot: datetime | None) -> Turn | None:
        """None when the work is done, claimed, laid aside, or waits for another slot."""
        ...

    def open(self, turn: Turn) -> Turn:
        """The same try, with the seller's record and what is known of the order now."""
        ...

    def complete(self, turn: Turn, ending: Ending | None = None) -> tuple[Work, ...]:
        """Store the ending with the completion; what is to be done next, this work too when it is wanted again."""
        ...

    def postpone(self, turn: Turn, until: datetime, cause: NotNow) -> bool:
        """Not before `until`, or at the slot that the cause reserved."""
        ...

    def park(self, turn: Turn, reason: str) -> bool:
        """False when news came during the try: then it is due again instead."""
        ...

    def pause(self, work: Work, reason: str) -> bool: ...
    def give_back(self, turn: Turn) -> bool: ...

    def resume(self, seller: Seller) -> list[Work]:
        """Bring paused work of a seller back."""
        ...

    def take_due(self, until: datetime, limit: int) -> list[Work]:
        """Work due by `until`, nearest ship-by date first; what is taken is not given again for some minutes."""
        ...


class Parcels(Protocol):
    """Packages that the ERP reported."""

    def claimed(self, turn: Turn) -> Parcel:
        """The parcel that this try is about, as it was then."""
        ...

    def all(self, key: OrderKey) -> list[tuple[Parcel, bool]]:
        """Every parcel of an order, and whether Amazon accepted it as it is now."""
        ...

    def report(self, shipment: Shipment) -> tuple[Work, ...]:
        """Store new and corrected packages, and mark those that hold more units than were ordered."""
        ...


class Sellers(Protocol):
    """Who is connected, and how far each sweep has come."""

    def get(self, seller: Seller) -> SellerRecord | None: ...

    def named(self, seller_id: str) -> list[SellerRecord]:
        """The records of one selling partner id, over all regions."""
        ...

    def all(self) -> list[SellerRecord]: ...
    def progress(self, sweep: str) -> list[tuple[SellerRecord, Cursor]]:
        """Everybody, and how far a sweep has come for each."""
        ...

    def quarantine(self, seller: Seller, reason: str) -> None:
        """Stop everything for a seller whose consent is gone, until `bridge seller add` or `resume`."""
        ...

    def cursor(self, seller: Seller, sweep: str) -> Cursor: ...

    def begin(self, seller: Seller, sweep: str) -> None:
        """Note that this worker's sweep turns to this seller now."""
        ...

    def forget(self, seller: Seller, sweep: str) -> None:
        """Give up an unfinished search; the next one starts from the cursor."""
        ...

    def bookmark(self, seller: Seller, sweep: str, token: str, started: datetime) -> None:
        """Remember where an unfinished search goes on."""
        ...

    def advance(self, seller: Seller, sweep: str, to: datetime | None, *, looked: datetime | None = None) -> None:
        """Forward only, or not at all with None; ends the unfinished search; `looked` is when all was seen."""
        ...


class Parking(Protocol):
    """Messages that nobody could act on, kept without their content."""

    def park(self, digest: str, reason: str, *, size: int) -> None: ...


class WorkQueue(Protocol):
    """The lanes' queues."""

    def send(self, work: Work, *, delay: timedelta = timedelta(0), slot: datetime | None = None) -> None:
        """The fast path only: what is lost here, the due sweep finds."""
        ...


class Signals(Protocol):
    """One log line or one metric; ids and counts only."""

    def count(self, metric: str, value: float = 1) -> None: ...

    def note(self, event: str, **facts: str | float | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often, and how far back."""

    orders_period: timedelta
    search_overlap: timedelta
    shipments_period: timedelta
    shipments_overlap: timedelta
    readback: timedelta


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside, handed to reactions, effects and sweeps."""

    clock: Clock
    orders: Orders
    desk: Desk
    parcels: Parcels
    sellers: Sellers
    parking: Parking
    queue: WorkQueue
    signals: Signals
    amazon: Amazon
    erp: Erp
    rhythm: Rhythm

    def send(self, works: Iterable[Work]) -> None:
        """Put work that was just stored on the fast path."""
        for work in works:
            self.queue.send(work)
