"""What should happen outside, and who makes it happen: one file per kind, named like the kind.

EFFECTS is the whole table. The lane decides queue, role and concurrency; `outward` effects write to somebody
else's system and are never carried out for a seller in dry run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.domain.lifecycle import (
    AMEND_IN_ERP,
    CANCEL_IN_ERP,
    CONFIRM_SHIPMENT,
    FETCH_ORDER,
    HAND_TO_ERP,
    HOLD_IN_ERP,
    READ_BACK,
    Ending,
)
from bridge.domain.work import Turn
from bridge.effects import (
    amend_in_erp,
    cancel_in_erp,
    confirm_shipment,
    fetch_order,
    hand_to_erp,
    hold_in_erp,
    read_back,
)
from bridge.ports import Ports


@dataclass(frozen=True, slots=True)
class Effect:
    """`run` drives applied towards desired once; it raises one of the errors when that cannot be done.

    What it returns is stored with the completion of the work, all or nothing; None leaves the facts as they are.
    """

    run: Callable[[Turn, Ports], Ending | None]
    lane: str
    outward: bool
    line: str = ""
    """The operation of SP-API that it begins with, where many may wait for a silent ERP."""


EFFECTS: dict[str, Effect] = {
    FETCH_ORDER: Effect(fetch_order.run, "orders", outward=False),
    READ_BACK: Effect(read_back.run, "orders", outward=False),
    HAND_TO_ERP: Effect(hand_to_erp.run, "erp", outward=True, line="getOrder"),
    CANCEL_IN_ERP: Effect(cancel_in_erp.run, "erp", outward=True),
    HOLD_IN_ERP: Effect(hold_in_erp.run, "erp", outward=True),
    AMEND_IN_ERP: Effect(amend_in_erp.run, "erp", outward=False),
    CONFIRM_SHIPMENT: Effect(confirm_shipment.run, "shipments", outward=True),
}
