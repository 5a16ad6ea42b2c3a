"""The product's safety devices, and how each is taken out: in this process only, and only while it is being tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from bridge import inbox, outbox
from bridge.domain import hints, lifecycle, work
from bridge.domain import pacing as budget
from bridge.domain.errors import Throttled
from bridge.domain.times import from_text
from bridge.effects import EFFECTS, confirm_shipment, hand_to_erp
from bridge.spapi import pacing
from bridge.stores import circuits, desk, keys, orders, parcels, sellers
from bridge.stores import lines as lines_store
from bridge.stores.table import Present, Update, equals
from bridge.sweeps import due
from tests.simulation import lambdas, queue
from tests.simulation.world import World

Out = Callable[[ExitStack], None]


@dataclass(frozen=True, slots=True)
class Device:
    """`covered` tells why its loss shows in no schedule, where that is so; `off` names a sweep to be switched off."""

    name: str
    without: Out | None = None
    scenario: str = "busy"
    off: str = ""
    covered: str = ""

    @contextmanager
    def removed(self) -> Iterator[None]:
        with ExitStack() as stack:
            if self.without:
                self.without(stack)
            yield

    def prepare(self, world: World) -> None:
        if self.off:
            world.swept[self.off] = False


def _set(target: Any, name: str, value: Any) -> Out:
    return lambda stack: stack.enter_context(patch.object(target, name, value))  # type: ignore[return-value,func-returns-value]


def _all(*outs: Out) -> Out:
    return lambda stack: [out(stack) for out in outs] and None


def _lease(seconds: float) -> Out:
    build = desk.Desk

    def shorter(table: Any, clock: Any, known: Any, **others: Any) -> desk.Desk:
        return build(table, clock, known, lease=timedelta(seconds=seconds), **others)

    return _set(desk, "Desk", shorter)


def _unfenced(self: desk.Desk, turn: work.Turn, change: Any, remove: Any) -> bool:
    return self._done(Update(keys.work(turn.work), set=change, remove=remove, when=Present("f")))


def _unless_wanted_unfenced(turn: work.Turn, change: Any, remove: Any) -> Update:
    return Update(keys.work(turn.work), set=change, remove=remove, when=equals("want", turn.want))


def _whatever_is_wanted(turn: work.Turn, change: Any, remove: Any) -> Update:
    return Update(keys.work(turn.work), set=change, remove=remove, when=equals("f", turn.fence))


def _one_after_the_other(self: orders.Orders, writes: list[Any]) -> None:
    for write in writes:
        if isinstance(write, Update):
            self._table.update(write)
        else:
            self._table.put(write)


_claim = desk.Desk.claim
_begin = sellers.Sellers.begin
_stamped = orders.Orders.stamped
_advance = sellers.Sellers.advance


def _claim_with_any_slot(self: desk.Desk, asked: work.Work, slot: Any) -> Any:
    item = self._table._world.item(keys.work(asked)) or {}  # type: ignore[attr-defined]
    return _claim(self, asked, from_text(item["slot"]) if "slot" in item else slot)


def _cursor_first(self: sellers.Sellers, seller: Any, sweep: str) -> None:
    """The search counts as done when it begins."""
    _begin(self, seller, sweep)
    if sweep == "orders":
        now = self._clock.now()
        _advance(self, seller, sweep, now - timedelta(seconds=5), due=now + timedelta(seconds=180))


def _postpone_uncounted(self: desk.Desk, turn: work.Turn, until: Any, cause: Any) -> bool:
    """No pause that outlasts a request in flight."""
    change = {"due": desk.to_text(until), "reason": str(cause)}
    if isinstance(cause, Throttled):
        change["tries"] = turn.tries - 1  # type: ignore[assignment]
    return self._while_held(turn, change, ("lu", "slot", "nb"))


def _rhythm(**changes: timedelta) -> Out:
    return _set(lambdas, "RHYTHM", replace(lambdas.RHYTHM, **changes))


def _unlimited(self: pacing.Pacer, operation: Any, seller: Any, user: Any, count: int = 1) -> Any:
    return [self._clock.now()] * count


def _all_of_it(gap: int, burst: int) -> int:
    return (burst - 1) * gap


def _no_condition(head: Any, change: Any, now: Any) -> Any:
    return _stamped(head, change, now)[0], None


def _any_reference(key: Any, part: str, taken: Any) -> int:
    return len(taken) + 1


def _no_read_back() -> Out:
    row = replace(EFFECTS["read_back"], run=lambda turn, ports: None)
    return lambda stack: stack.enter_context(patch.dict(EFFECTS, {"read_back": row})) and None


_wanted = lifecycle.wanted


def _only_known_documents(head: Any) -> tuple[str, ...]:
    return tuple(kind for kind in _wanted(head) if kind != lifecycle.CANCEL_IN_ERP or head.erp_number)


def _quarantine_nobody(self: sellers.Sellers, seller: Any, reason: str) -> None:
    """The seller stays live."""


def _without_lag(table: Any, clock: Any, known: Any, **_: Any) -> desk.Desk:
    return _desk(table, clock, known)


_desk = desk.Desk

DEVICES: tuple[Device, ...] = (
    Device(
        "version fence",
        _set(lifecycle, "newer", lambda head, order: (order.version, order.digest) != (head.version, head.digest)),
        covered="every effect reads Amazon again before it acts, and the next search brings the newest version back",
    ),
    Device(
        "digest beside the version",
        _set(lifecycle, "newer", lambda head, order: order.version > head.version),
        scenario="rush",
    ),
    Device("compare and set of HEAD", _set(orders.Orders, "stamped", staticmethod(_no_condition)), scenario="rush"),
    Device("facts and work in one transaction", _set(orders.Orders, "_write", _one_after_the_other)),
    Device("lease", _lease(0)),
    Device(
        "lease of 60 s (15 s instead)",
        _lease(15),
        scenario="storm",
        covered="whoever follows a dead worker comes with the sweep of due work, 10 to 70 s after the lease",
    ),
    Device("lease and pause grow by the ERP's look-up lag", _set(desk, "Desk", _without_lag), scenario="look-up lag"),
    Device(
        "fence at completion",
        _all(_set(desk.Desk, "_while_held", _unfenced), _set(desk, "_unless_wanted_again", _unless_wanted_unfenced)),
        covered="the lease outlasts the function, so nobody completes what another has claimed: a second belt",
    ),
    Device(
        "work wanted again during a try",
        _set(desk, "_unless_wanted_again", _whatever_is_wanted),
        covered="facts that came meanwhile are read again: hand-over asks anew in the write that ends it",
    ),
    Device("look when in doubt", _set(work.Turn, "doubt", property(lambda self: False))),
    Device(
        "look when the order is old", _set(hand_to_erp, "OLD_AT_FIRST_SIGHT", timedelta(days=9)), scenario="restored"
    ),
    Device(
        "pause until a request in flight has landed",
        _all(_set(desk, "IN_FLIGHT", timedelta(0)), _set(desk.Desk, "postpone", _postpone_uncounted)),
    ),
    Device(
        "a lost answer is looked for before a cancellation",
        _set(hand_to_erp, "_lost_answer", lambda *_: None),
        covered="the ERP is asked to cancel, whether or not we know of a document",
    ),
    Device(
        "a cancelled order is asked for in the ERP, known there or not",
        _set(lifecycle, "wanted", _only_known_documents),
        scenario="restored",
    ),
    Device(
        "news are asked for when the ERP's number is stored",
        _set(hand_to_erp, "wanted", lambda head: ()),
        covered="cancellations are asked for anyway; a buyer's request within that second has a unit test",
    ),
    Device("sweep of due work", off="due"),
    Device("sweep of Amazon's orders", off="orders"),
    Device("sweep of the ERP's shipments", off="shipments"),
    Device("overlap of two searches", _rhythm(search_overlap=timedelta(0))),
    Device(
        "overlap of two looks at shipments",
        _rhythm(shipments_overlap=timedelta(0)),
    ),
    Device("cursor only after the last page", _set(sellers.Sellers, "begin", _cursor_first)),
    Device(
        "partial batch response",
        _set(queue, "failed_of", lambda strand: None if strand.crashed else set()),
        covered="the sweeps bring what the queue dropped; the response saves the minutes until then",
    ),
    Device(
        "deadline guard",
        _all(_set(outbox, "NEEDS_S", 0.0), _set(inbox, "NEEDS_S", 0.0)),
        covered="lease, redelivery and sweep; the guard saves the work from being cut off halfway",
    ),
    Device("reservation of quota", _set(pacing.Pacer, "reserve", _unlimited), scenario="rush"),
    Device("one token in reserve", _set(budget, "early", _all_of_it), scenario="rush"),
    Device(
        "a slot that nobody used is void",
        _set(pacing.Pacer, "_void", lambda *_: False),
        scenario="few calls",
        covered="the desk forgets a slot after 30 s",
    ),
    Device(
        "horizon",
        _set(budget, "HORIZON", timedelta(days=1)),
        scenario="few calls",
        covered="nothing is lost by it, but live work waits behind a backlog: `make bench`, live_beside_backlog_p99_s",
    ),
    Device(
        "a line is served again by the sweep of due work",
        _set(lines_store.Lines, "open", lambda _: []),
        scenario="rush",
    ),
    Device(
        "lines are looked into without a note",
        _set(due, "_forgotten", lambda *_: None),
        scenario="rush",
        covered="the note is written before anybody joins, and nothing here loses it alone; that has a unit test",
    ),
    Device(
        "one search of a seller at a time",
        _set(sellers.Sellers, "hold", lambda *_: True),
        scenario="rush",
        covered="two searches at once read the same pages twice: it spares the quota of searches",
    ),
    Device(
        "a page answers only who was told of nothing newer",
        _set(lifecycle.Head, "up_to_date", property(lambda self: True)),
        scenario="rush",
        covered="the next search brings what the page did not show yet: minutes, no order",
    ),
    Device(
        "an ERP that does not answer is left in peace",
        _set(circuits.Circuits, "admit", lambda _: None),
        scenario="erp outage",
        covered="nothing is lost by it: it spares the ERP, and the reads of Amazon before each try",
    ),
    Device(
        "a slot belongs to its message",
        _set(desk.Desk, "claim", _claim_with_any_slot),
        scenario="few calls",
        covered="whoever takes another's slot still waits for its time",
    ),
    Device(
        "package reference from the parcel (a counter instead)",
        _set(parcels, "reference", _any_reference),
        scenario="restored",
    ),
    Device(
        "refused repetition: look before calling it a failure",
        _set(confirm_shipment, "_shown", lambda *_: False),
        covered="the same reference is an edit, also after completion, so a repetition is not refused here",
    ),
    Device(
        "units in parcels against units ordered",
        _all(_set(parcels, "too_many", lambda *_: None), _set(confirm_shipment, "too_many", lambda *_: None)),
    ),
    Device("seller in the key of an order", _set(keys, "order_pk", lambda key: f"T#eu#A1ONE#O#{key.order_id}")),
    Device("quarantine", _set(sellers.Sellers, "quarantine", _quarantine_nobody), scenario="consent revoked"),
    Device(
        "a hint is taken once",
        _set(hints, "KEPT_HINTS", 1),
        covered="a doubled hint costs a read of Amazon, nothing else",
    ),
    Device(
        "read-back of confirmed parcels",
        _no_read_back(),
        covered="Amazon forgets no parcel in this world",
    ),
)
