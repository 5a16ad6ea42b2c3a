"""What the bridge remembers of orders, work, parcels and sellers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bridge.domain.backfill import Backfill
from bridge.domain.documents import Shipment
from bridge.domain.ids import OrderKey, Seller, Sku
from bridge.domain.lifecycle import Change, Head
from bridge.domain.orders import Order
from bridge.domain.parcels import Parcel
from bridge.domain.readings import Page
from bridge.domain.sellers import Cursor, SellerRecord
from bridge.domain.stock import Count
from bridge.domain.work import Turn, Work


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
        """To be shipped within 12 hours, and Amazon has not accepted all parcels yet."""
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

    def subscribed(self, seller_id: str, kind: str, subscription_id: str) -> SellerRecord | None:
        """The seller whose subscription this is, as of some minutes ago."""
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

    def hold(self, seller: Seller, sweep: str, time: timedelta) -> bool:
        """False while another does the same for this seller; a hold ends by itself after the given time."""
        ...

    def let_go(self, seller: Seller, sweep: str) -> None: ...

    def forget(self, seller: Seller, sweep: str) -> None:
        """Give up an unfinished search; the next one starts from the cursor."""
        ...

    def bookmark(self, seller: Seller, sweep: str, token: str, started: datetime) -> None:
        """Remember where an unfinished search goes on."""
        ...

    def advance(
        self,
        seller: Seller,
        sweep: str,
        to: datetime | None,
        *,
        due: datetime | None = None,
        looked: datetime | None = None,
    ) -> None:
        """Forward only, or not at all with None; ends the unfinished search. `due` is when the next one is."""
        ...


class Stock(Protocol):
    """What the ERP has on hand, as it counted last."""

    def count(self, seller: Seller, count: Count) -> bool:
        """False when a newer count is known; of two of one moment the lower stands."""
        ...

    def of(self, seller: Seller, sku: Sku) -> Count | None: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """Under an idempotency key. `same`: it came with this body, or never yet; `answer`: what was said, if anything."""

    same: bool
    answer: str = ""


class Answers(Protocol):
    """What the HTTP API answered, for two days."""

    def begin(self, seller: Seller, name: str, digest: str) -> Kept:
        """Bind a caller's key to what it came with first."""
        ...

    def keep(self, seller: Seller, name: str, digest: str, answer: str) -> str:
        """The answer that was kept: another one, if that was faster."""
        ...


class Backfills(Protocol):
    """Orders of the past that an operator asked for."""

    def get(self, seller: Seller) -> Backfill | None:
        """The last one that was asked for, also when it has ended."""
        ...

    def turn(self, backfill: Backfill, page: Page) -> Backfill | None:
        """Note that a page was taken in; None when it was stopped, or another worker or backfill took its place."""
        ...

    def refused(self, backfill: Backfill, reason: str) -> None:
        """Amazon refused a page: the next one begins a new search; it has failed when this one did already,
        or when new searches come no further.
        """
        ...


class Parking(Protocol):
    """Messages that nobody could act on, kept without their content."""

    def park(self, digest: str, reason: str, *, size: int) -> None: ...
