"""What the bridge remembers of orders, work, parcels and sellers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bridge.domain.backfill import Backfill
from bridge.domain.documents import Shipment
from bridge.domain.errors import NotNow
from bridge.domain.ids import OrderKey, Seller, Sku
from bridge.domain.lifecycle import Change, Ending, Head
from bridge.domain.lines import Line, Opened
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

    def postpone(self, turn: Turn, until: datetime, cause: NotNow) -> datetime | None:
        """When it is due again: `until` or later; None when the claim is not ours any more."""
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


class Lines(Protocol):
    """Work that waits for Amazon's quota, most urgent first."""

    def join(self, turn: Turn, operation: str, reason: str) -> Line | None:
        """End the claim and wait in line; this try does not count. The line, if it was closed until now."""
        ...

    def open(self) -> list[Opened]: ...

    def turn_of(self, line: Line) -> Opened | None:
        """Serve it now; None when it is closed, or another does."""
        ...

    def served(self, opened: Opened, slots: Sequence[datetime]) -> None:
        """Note the slots that there were in this turn."""
        ...

    def reopen(self, line: Line) -> None:
        """Somebody waits there, although it is closed."""
        ...

    def close(self, opened: Opened) -> None:
        """Unless somebody joined meanwhile."""
        ...

    def waiting(self, line: Line, rank: int, limit: int) -> list[Work]:
        """Most urgent first; some may have been given a seat a moment ago."""
        ...

    def seat(self, line: Line, work: Work, slot: datetime) -> bool:
        """Give work that waits a slot; False when it does not wait any more."""
        ...

    def pending(self, line: Line, orders: Sequence[OrderKey]) -> dict[Work, int]:
        """Who waits there to read one of these orders or to hand it over, and how often that was asked for."""
        ...

    def leave(self, line: Line, work: Work, want: int) -> bool:
        """It need not wait any more, unless it was asked for again."""
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
