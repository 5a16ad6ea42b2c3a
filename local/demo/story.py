"""Which orders the demo places, what is done to their notifications, and how each of them must end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

DE, UK, US = "A1PA6795UKMFR9", "A1F83G8C2ARO7P", "ATVPDKIKX0DER"
EUROPE, AMERICA = "A3DEMOEUROPE01", "A3DEMOAMERICA1"


class End(StrEnum):
    """How an order must end."""

    CONFIRMED = "tracking confirmed"
    AMAZON_SHIPS = "left to Amazon"
    NEVER_IN_ERP = "never in the ERP"
    CANCELLED_IN_ERP = "cancelled in the ERP"


@dataclass(frozen=True, slots=True)
class Scene:
    """One order: `wish` is what the simulator's admin API takes, `carrier` what the warehouse ships it with."""

    title: str
    marketplace: str
    wish: Mapping[str, Any]
    end: End = End.CONFIRMED
    carrier: str = "DHL"
    told: bool = False
    """Whether the warehouse tells the bridge over HTTP at once, instead of leaving it to the sweep."""
    delivery: Mapping[str, Any] = field(default_factory=dict)

    @property
    def seller(self) -> str:
        return AMERICA if self.marketplace == US else EUROPE


def _items(*lines: tuple[int, int], **first: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = [{"sku": f"SKU-{sku:04d}", "quantity": quantity} for sku, quantity in lines]
    items[0] |= first
    return items


def scenes() -> tuple[Scene, ...]:
    """In the order in which they are placed; the one whose notification gets lost comes first, it takes longest."""
    return (
        Scene(
            "notification lost", DE, {"items": _items((1, 1))}, told=True, delivery={"lose": True, "notifications": 1}
        ),
        Scene("one line, euros", DE, {"items": _items((2, 1))}),
        Scene("one line, pounds", UK, {"items": _items((3, 2)), "shipping": "3.99"}, carrier="Royal Mail"),
        Scene("cancelled after hand-over", DE, {"items": _items((4, 1))}, end=End.CANCELLED_IN_ERP),
        Scene(
            "three lines, discount, gift wrap",
            DE,
            {"items": _items((5, 3), (6, 1), (7, 2), discount="1.01", gift_wrap="2.50"), "shipping": "4.99"},
            told=True,
        ),
        Scene("US order with tax", US, {"items": _items((8, 1), (9, 1)), "shipping": "5.99"}, carrier="UPS"),
        Scene("Greek name", DE, {"items": _items((10, 1)), "name": "Ωρίων Παπαδόπουλος"}, carrier="DPD"),
        Scene("fulfilled by Amazon", DE, {"items": _items((11, 1)), "fulfilled_by": "AMAZON"}, end=End.AMAZON_SHIPS),
        Scene("Arabic name", UK, {"items": _items((12, 1)), "name": "محمد عبد الله"}, carrier="Royal Mail", told=True),
        Scene(
            "notification three times", DE, {"items": _items((13, 1))}, delivery={"duplicate": 2, "notifications": 1}
        ),
        Scene("notification 6 s late", DE, {"items": _items((14, 1))}, delivery={"delay_s": 6.0, "notifications": 1}),
        Scene(
            "notifications out of order",
            US,
            {"items": _items((15, 1)), "pending_s": 2.0},
            carrier="USPS",
            delivery={"reorder": True, "notifications": 1},
        ),
        Scene("Japanese name", DE, {"items": _items((16, 2)), "name": "山田 太郎"}, told=True),
        Scene("carrier unknown to Amazon", DE, {"items": _items((17, 1))}, carrier="Nachbar Kurier"),
        Scene(
            "cancelled before hand-over",
            DE,
            {"items": _items((18, 1)), "pending_s": None},
            end=End.NEVER_IN_ERP,
        ),
    )
