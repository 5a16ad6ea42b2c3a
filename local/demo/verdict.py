"""The figures, from the simulator's transcript and the ERP's database alone, and whether any of them is wrong."""

from __future__ import annotations

import statistics
from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Any

from local.demo.play import Act
from local.demo.story import End

MUST_BE_ZERO = (
    "lost",
    "duplicates",
    "wrong_totals",
    "http_429",
    "refused_by_amazon",
    "wrongly_in_erp",
    "not_cancelled",
)
P50_LIMIT_S = 3.0


def figures(acts: list[Act], evidence: dict[str, Any]) -> dict[str, float]:
    """Name → number, units in the name."""
    ids = {act.order_id for act in acts}
    calls = [row for row in evidence["transcript"] if row["order_id"] in ids or row["operation"] == "searchOrders"]
    reads = sum(row["operation"] == "getOrder" for row in calls)
    prompt = [_seconds(act.notified, act.in_erp) for act in acts if act.in_erp and not act.lost]
    handed = sorted(seconds for seconds in prompt if seconds is not None)
    confirmed = sorted(s for act in acts if (s := _seconds(act.shipped, act.confirmed)) is not None)
    return {
        "orders": len(acts),
        "lost": sum(_lost(act, evidence) for act in acts),
        "duplicates": _duplicates(acts, evidence),
        "wrong_totals": sum(_wrong_total(act, evidence) for act in acts),
        "wrongly_in_erp": sum(
            act.scene.end in {End.AMAZON_SHIPS, End.NEVER_IN_ERP} and act.order_id in evidence["entries"]
            for act in acts
        ),
        "not_cancelled": sum(act.scene.end is End.CANCELLED_IN_ERP and not act.over for act in acts),
        "http_429": evidence["figures"]["http_429"],
        "refused_by_amazon": sum(400 <= row["status"] < 600 for row in calls),
        "notifications_lost": evidence["figures"]["notifications"]["lost"],
        "order_reads": reads,
        "order_searches": sum(row["operation"] == "searchOrders" for row in calls),
        "order_reads_per_order": round(reads / len(acts), 2),
        "notification_to_erp_p50_s": round(statistics.median(handed), 2) if handed else float("inf"),
        "notification_to_erp_max_s": round(handed[-1], 2) if handed else float("inf"),
        "shipped_to_confirmed_p50_s": round(statistics.median(confirmed), 2) if confirmed else float("inf"),
        "shipped_to_confirmed_max_s": round(confirmed[-1], 2) if confirmed else float("inf"),
    }


def wrong(found: dict[str, float]) -> list[str]:
    """What is not as it must be, in words; empty when the demo passed."""
    out = [f"{name} is {found[name]:g}, and must be 0" for name in MUST_BE_ZERO if found[name]]
    if found.get("canaries_found"):
        out.append(f"personal data or secrets were found in {found['canaries_found']:g} places where none may be")
    return out


def slow(found: dict[str, float]) -> str | None:
    """A machine that is busy with other things makes the demo slow, not wrong: said, and no reason to fail."""
    if found["notification_to_erp_p50_s"] <= P50_LIMIT_S:
        return None
    return (
        f"notification to ERP order took {found['notification_to_erp_p50_s']} s (p50); on an idle machine with two "
        f"cores it is below {P50_LIMIT_S:g} s"
    )


def _seconds(first: datetime | None, second: datetime | None) -> float | None:
    return (second - first).total_seconds() if first and second else None


def _lost(act: Act, evidence: dict[str, Any]) -> bool:
    """An order that should be in the ERP, or confirmed at Amazon with the warehouse's tracking, and is not."""
    if act.scene.end is End.CONFIRMED:
        packages = evidence["orders"].get(act.order_id, {}).get("packages", [])
        return not evidence["entries"].get(act.order_id) or [package["tracking"] for package in packages] != [
            act.tracking
        ]
    return act.scene.end is End.CANCELLED_IN_ERP and not evidence["entries"].get(act.order_id)


def _duplicates(acts: list[Act], evidence: dict[str, Any]) -> int:
    """Surplus documents in the ERP, and surplus confirmations at Amazon."""
    documents = sum(max(0, len(evidence["entries"].get(act.order_id, [])) - 1) for act in acts)
    sent: Counter[tuple[str, str]] = Counter()
    for act in acts:
        for package in evidence["orders"].get(act.order_id, {}).get("packages", []):
            sent[act.order_id, package["reference"]] += package["confirmations"] - 1
    return documents + sum(sent.values())


def _wrong_total(act: Act, evidence: dict[str, Any]) -> bool:
    sale = evidence["sales"].get(act.order_id)
    order = evidence["orders"].get(act.order_id)
    if sale is None or order is None:
        return False
    return (sale.total.amount, sale.total.currency) != (Decimal(order["grand_total"]), order["currency"])
