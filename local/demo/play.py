"""The play: places the orders, ships them, and watches both sides until every order has come to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local.demo.books import Entry, ErpBook, confirmed_at, first_notices
from local.demo.story import End, Scene
from local.demo.warehouse_floor import Floor
from local.machine import Machine
from local.simulator.remote import Amazon

BETWEEN_ORDERS_S = 0.8
PATIENCE_S = 300.0


@dataclass(slots=True)
class Act:
    """One order on its way; times are when the watched side showed it, not what our own tables say."""

    scene: Scene
    order_id: str = ""
    total: str = ""
    status: str = ""
    entries: list[Entry] = field(default_factory=list)
    notified: datetime | None = None
    lost: bool = False
    in_erp: datetime | None = None
    shipped: datetime | None = None
    confirmed: datetime | None = None
    cancelled: datetime | None = None
    tracking: str = ""

    @property
    def over(self) -> bool:
        match self.scene.end:
            case End.CONFIRMED:
                return self.confirmed is not None
            case End.CANCELLED_IN_ERP:
                return bool(self.entries) and self.entries[0].shipment_state == "exception"
            case End.AMAZON_SHIPS:
                return self.status == "SHIPPED"
            case End.NEVER_IN_ERP:
                return self.status == "CANCELLED"


class Play:
    """`step` is one look at both sides and whatever the people do next; call it until `over`."""

    def __init__(self, machine: Machine, scenes: tuple[Scene, ...]) -> None:
        self.acts = [Act(scene) for scene in scenes]
        self._machine = machine
        self._amazon = Amazon(machine.simulator.url)
        self._book = ErpBook(machine.run / "db" / "erp.sqlite")
        self._floor = Floor(machine)
        self.began = time.monotonic()

    @property
    def over(self) -> bool:
        return all(act.over for act in self.acts) or time.monotonic() - self.began > PATIENCE_S

    def close(self) -> None:
        self._floor.close()
        self._amazon.close()

    def run(self, show: Callable[[], None]) -> None:
        """Customers, warehouse and clock, interleaved; `show` is called after every look."""
        placing = self._customers()
        due = self.began
        while not self.over:
            if time.monotonic() >= due and next(placing, None) is not None:
                due += BETWEEN_ORDERS_S
            self._look()
            self._people()
            show()
            time.sleep(0.1)
        self._look()
        show()

    def _customers(self) -> Iterator[Act]:
        for act in self.acts:
            scene = act.scene
            wish = {**scene.wish, **({"delivery": dict(scene.delivery)} if scene.delivery else {})}
            placed = self._amazon.place_order(scene.seller, scene.marketplace, **wish)
            act.order_id, act.total = placed.order_id, f"{placed.grand_total} {placed.currency}"
            act.tracking = f"TRK{placed.order_id.replace('-', '')}"
            yield act

    def _look(self) -> None:
        entries, notices, now = self._book.entries(), first_notices(self._amazon), datetime.now(UTC)
        for act in self.acts:
            if not act.order_id or act.over:
                continue
            order = self._amazon.order(act.order_id)
            act.status = order["status"]
            act.confirmed = confirmed_at(order)
            act.entries = entries.get(act.order_id, [])
            if act.in_erp is None and any(entry.ready for entry in act.entries):
                act.in_erp = now
            notice = notices.get(act.order_id)
            if notice is not None:
                act.notified, act.lost = notice.at, notice.lost

    def _people(self) -> None:
        """One thing at a time: a cancellation, or one shipment once all that can be there is there."""
        for act in self.acts:
            if act.order_id and self._interferes(act):
                return
        waiting = [act for act in self.acts if act.scene.end is End.CONFIRMED and act.in_erp and not act.shipped]
        everyone_in = all(
            act.in_erp or act.scene.delivery.get("lose") for act in self.acts if act.scene.end is End.CONFIRMED
        )
        if waiting and everyone_in:
            self._ship(waiting[0])

    def _interferes(self, act: Act) -> bool:
        """A buyer cancels, or Amazon ships what it fulfils itself."""
        age = (datetime.now(UTC) - act.notified).total_seconds() if act.notified else 0.0
        if (act.scene.end is End.CANCELLED_IN_ERP and act.in_erp and not act.cancelled) or (
            act.scene.end is End.NEVER_IN_ERP and act.status == "PENDING" and age > 2
        ):
            act.cancelled = datetime.now(UTC)
            self._amazon.cancel(act.order_id)
        elif act.scene.end is End.AMAZON_SHIPS and act.status == "UNSHIPPED" and age > 2:
            self._amazon.ship(act.order_id)
        else:
            return False
        return True

    def _ship(self, act: Act) -> None:
        self._floor.ship(act.order_id, act.scene.carrier, act.tracking)
        act.shipped = datetime.now(UTC)
        if act.scene.told:
            region = "na" if act.scene.seller.startswith("A3DEMOAMERICA") else "eu"
            self._floor.tell(act.scene.seller, region, act.order_id)

    def evidence(self) -> dict[str, Any]:
        """What the verdict is made from: both sides' own books."""
        return {
            "transcript": self._amazon.transcript(),
            "figures": self._amazon.figures(),
            "orders": {act.order_id: self._amazon.order(act.order_id) for act in self.acts if act.order_id},
            "sales": self._floor.sales(),
            "entries": self._book.entries(),
        }
