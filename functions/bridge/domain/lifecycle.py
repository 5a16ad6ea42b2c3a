"""What is known of one order (its HEAD), and what every piece of news makes of it. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bridge.domain.documents import CancelAnswer
from bridge.domain.errors import NotNow
from bridge.domain.ids import MarketplaceId, OrderItemId, OrderKey, Sku
from bridge.domain.money import Money
from bridge.domain.orders import ACTIONABLE, MERCHANT, Order, Status
from bridge.domain.times import from_text

HAND_TO_ERP, CANCEL_IN_ERP, HOLD_IN_ERP, AMEND_IN_ERP = "hand_to_erp", "cancel_in_erp", "hold_in_erp", "amend_in_erp"
FETCH_ORDER = "fetch_order"
CONFIRM_SHIPMENT, READ_BACK = "confirm_shipment", "read_back"
KINDS = (
    HAND_TO_ERP, CANCEL_IN_ERP, HOLD_IN_ERP, AMEND_IN_ERP, FETCH_ORDER, CONFIRM_SHIPMENT, READ_BACK,
)  # fmt: skip
"""Every kind of work; EFFECTS says who carries it out."""

NOWHERE = MarketplaceId("")


@dataclass(frozen=True, slots=True)
class Item:
    """One order item: what Amazon ordered and shows as shipped."""

    sku: Sku | None
    ordered: int
    fulfilled: int


@dataclass(frozen=True, slots=True)
class Told:
    """A document that the ERP acknowledged, over another total than Amazon's: not taken until a human does."""

    number: str
    total: Money
    version: str


@dataclass(frozen=True, slots=True)
class Head:
    """Facts of one order, nothing personal. `revision` counts writes; `version` is Amazon's and only grows."""

    key: OrderKey
    revision: int = 0
    version: str = ""
    told: str = ""
    """Newest change that a notification told of, as text; only ever a reason to read again."""
    digest: str = ""
    status: str = ""
    fulfilled_by: str = ""
    marketplace: MarketplaceId = NOWHERE
    created: datetime | None = None
    first_seen: datetime | None = None
    ship_by: datetime | None = None
    items: Mapping[OrderItemId, Item] = field(default_factory=dict)
    total: Money | None = None
    cancel_requested: bool = False
    shown: Mapping[str, str] = field(default_factory=dict)
    """Packages that Amazon shows: reference → tracking number."""
    erp_number: str = ""
    erp_version: str = ""
    """Amazon's version that the ERP document was made from."""
    erp_items: Mapping[OrderItemId, int] = field(default_factory=dict)
    """Units per order item that the ERP document was made of."""
    erp_told: Told | None = None
    erp_outdated: str = ""
    """Amazon's version that was called for anew because the ERP acknowledged an older one: once per version."""
    erp_cancelled: str = ""
    """The ERP's answer to our cancellation; empty while none was asked."""
    erp_held: bool = False
    erp_problem: str = ""
    """Why the ERP cannot fulfil; empty while it can."""
    packed: Mapping[OrderItemId, int] = field(default_factory=dict)
    """Units in parcels that the ERP reported."""
    confirmed: Mapping[OrderItemId, int] = field(default_factory=dict)
    """Units in parcels that Amazon accepted."""
    hints: tuple[str, ...] = ()
    """Ids of the notifications seen last, so that a duplicate costs no read."""
    unknown: tuple[str, ...] = ()
    """What Amazon sent that this version does not know: `field:name`, `status:VALUE`. Names only, no values."""
    times: Mapping[str, str] = field(default_factory=dict)
    """First time of each milestone: hinted, read, handed, shipped, confirmed, shown, cancelled."""

    @property
    def actionable(self) -> bool:
        return self.status in ACTIONABLE and self.fulfilled_by == MERCHANT

    @property
    def up_to_date(self) -> bool:
        """Read since the last change that a notification told of."""
        return bool(self.version) and self.version >= self.told

    @property
    def ordered(self) -> dict[OrderItemId, int]:
        """Units that Amazon wants, per order item that still wants any."""
        return {item_id: item.ordered for item_id, item in self.items.items() if item.ordered}

    @property
    def closed(self) -> bool:
        """Nothing is left to ship."""
        return self.status in {Status.CANCELLED, Status.SHIPPED, Status.UNFULFILLABLE}


@dataclass(frozen=True, slots=True)
class Change:
    """New facts of an order and the kinds of work they call for, to be stored together."""

    head: Head
    calls: tuple[str, ...] = ()
    delay: timedelta = timedelta(0)
    milestone: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a try leads: what `decide` makes of the facts is stored together with the completion of the work.

    `decide` is first asked about `known`, and about newer facts if those are out of date.
    """

    known: Head
    decide: Callable[[Head], Change | None]
    told: str = ""
    """Digest of the parcel that Amazon accepted in this try."""


def wanted(head: Head) -> tuple[str, ...]:
    """The kinds of work whose applied state is behind what the facts ask for."""
    kinds: list[str] = []
    if head.actionable and not head.erp_number:
        kinds.append(HAND_TO_ERP)
    # Also without a document that we know of: after a restore of the table the ERP may know more than we do.
    ours = head.erp_number or head.fulfilled_by == MERCHANT
    if head.status == Status.CANCELLED and ours and not head.erp_cancelled:
        kinds.append(CANCEL_IN_ERP)
    if head.cancel_requested and head.actionable and head.erp_number and not head.erp_held:
        kinds.append(HOLD_IN_ERP)
    if head.actionable and head.erp_items and head.erp_items != head.ordered:
        kinds.append(AMEND_IN_ERP)
    return tuple(kinds)


def newer(head: Head, order: Order) -> bool:
    """The version fence: forward only, and equal versions only when the content differs."""
    return order.version > head.version or (order.version == head.version and order.digest != head.digest)


def folded(head: Head, order: Order) -> Head | None:
    """The facts after one reading of Amazon; None when the reading is not newer than what is known."""
    if not newer(head, order):
        return None
    return replace(
        head,
        version=order.version,
        digest=order.digest,
        status=order.status,
        fulfilled_by=order.fulfilled_by,
        marketplace=order.marketplace,
        created=order.created,
        ship_by=order.ship_by,
        items={line.item_id: Item(line.sku, line.quantity, line.fulfilled) for line in order.lines},
        total=order.total,
        cancel_requested=order.cancel_requested,
        erp_held=head.erp_held and order.cancel_requested,
        shown=dict(order.packages),
        unknown=order.unknown,
    )


def read_anew(head: Head, order: Order, *, handling: str = "") -> Change | None:
    """The facts after a reading and the work they call for, but for the kind that the reader is carrying out itself."""
    after = folded(head, order)
    if after is None:
        return None
    return Change(after, tuple(kind for kind in wanted(after) if kind != handling), milestone="read")


def handed(head: Head, number: str, version: str, items: Mapping[OrderItemId, int]) -> Head:
    """The ERP holds these units of the order under `number`; what it answered before it did is void."""
    document = replace(head, erp_number=number, erp_version=version, erp_items=items)
    return replace(document, erp_problem="", erp_cancelled="", erp_told=None)


def await_findable(head: Head, lag: timedelta, now: datetime) -> None:
    """Raises NotNow while a look in the ERP, whose look-ups lag, may still miss the document that we made."""
    made = head.times.get("handed")
    ready = from_text(made) + lag if made and lag else now
    if now < ready:
        msg = "the ERP does not find its own document yet"
        raise NotNow(msg, ready)


def cancel_answered(head: Head, answer: CancelAnswer) -> Head:
    """The ERP answered our cancellation; anything but DONE is a problem for a human."""
    problem = "" if answer is CancelAnswer.DONE else f"Amazon cancelled the order, the ERP answers: {answer}"
    return replace(head, erp_cancelled=str(answer), erp_problem=problem)
