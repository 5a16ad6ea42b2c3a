"""`bridge quota`: what is left of Amazon's quota, who used it, and how much work waits in line for it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bridge.cli import show
from bridge.cli.deployment import Deployment
from bridge.domain import pacing
from bridge.domain.errors import Misconfigured
from bridge.domain.ids import Seller
from bridge.domain.lines import HAND_OVER, OPERATIONS, OTHER, URGENT, Line
from bridge.domain.pacing import Bucket, Limit, User
from bridge.domain.sellers import SellerRecord

COUNTED = 100
"""How many of those who wait are counted, per rank."""
ALWAYS = ("getOrder", "searchOrders", "confirmShipment")
"""Shown also when they were never called."""
_RANKS = {"hand_overs": HAND_OVER, "urgent": URGENT, "others": OTHER}


def add_commands(commands: Any) -> None:
    parser = commands.add_parser("quota", help="Amazon's quota: rates, calls left and used, and who waits in line")
    parser.add_argument("seller_id", nargs="?", help="of this selling partner id only")
    parser.add_argument("--region", choices=["na", "eu", "fe"])
    parser.set_defaults(run=quota)


def quota(deployment: Deployment, asked: argparse.Namespace) -> int:
    """Always 0: it tells, and judges nothing. Raises Misconfigured when no seller is the one that is named."""
    records = _chosen(deployment, asked)
    since = {opened.line: opened.since for opened in deployment.lines.open()}
    limits = _limits()
    rows = [row for record in records for row in _rows(deployment, record.seller, limits, since)]
    waiting = [_waiting_line(row) for row in rows if row["waiting"] and (row["waiting"]["since"] or _anybody(row))]
    parts = [
        show.table([_line(row) for row in rows], _COLUMNS, "no seller yet: `bridge seller add`"),
        show.table(waiting, ("seller", "operation", *_RANKS, "since"), "nobody waits in line"),
    ]
    show.answer(rows, "\n\n".join(parts if rows else parts[:1]), as_json=asked.json)
    return 0


def _chosen(deployment: Deployment, asked: argparse.Namespace) -> list[SellerRecord]:
    known = deployment.sellers.named(asked.seller_id) if asked.seller_id else deployment.sellers.all()
    chosen = [record for record in known if asked.region in {None, record.seller.region}]
    if asked.seller_id and not chosen:
        msg = f"no connected seller is {asked.seller_id}, or not in that --region; `bridge seller list`"
        raise Misconfigured(msg)
    return chosen


def _limits() -> dict[str, Limit]:
    """What Amazon documents, by operation."""
    from bridge.spapi import listings_items_2021_08_01, notifications_v1, orders_2026_01_01, orders_v0, sellers_v1
    from bridge.spapi.operation import Operation

    modules = (orders_2026_01_01, orders_v0, sellers_v1, notifications_v1, listings_items_2021_08_01)
    found = (value for module in modules for value in vars(module).values() if isinstance(value, Operation))
    return {operation.name: operation.limit for operation in found}


def _rows(
    deployment: Deployment, seller: Seller, limits: Mapping[str, Limit], since: Mapping[Line, datetime]
) -> list[dict[str, Any]]:
    buckets = deployment.quota.of_seller(seller)
    others = sorted(buckets.keys() - {*ALWAYS})
    now = pacing.micros(deployment.clock.now())
    rows = []
    for name in (*ALWAYS, *others):
        bucket, counted = buckets.get(name, (Bucket(), {}))
        rows.append(
            {
                "seller": str(seller),
                "operation": name,
                **_rate(bucket, limits.get(name)),
                **_left(bucket, limits.get(name), now),
                "calls": {str(user): counted.get(f"n_{user}", 0) for user in User},
                "refused": counted.get("refused", 0),
                "waiting": _waiting(deployment, Line(seller, name), since) if name in OPERATIONS else None,
            }
        )
    return rows


def _rate(bucket: Bucket, limit: Limit | None) -> dict[str, Any]:
    """In calls a second. None where an operation is not one that this version knows, or Amazon told nothing."""
    documented = limit.rate if limit else None
    return {
        "rate": float(f"{1_000_000 / bucket.gap:.4g}") if bucket.gap else documented,
        "documented_rate": documented,
        "told": _text(pacing.moment(bucket.told)) if bucket.gap else None,
        "burst": limit.burst if limit else None,
    }


def _left(bucket: Bucket, limit: Limit | None, now: int) -> dict[str, Any]:
    """Calls that could be made at once, and seconds until the first slot that nobody has reserved."""
    if limit is None:
        return {"free": None, "reserved_s": None}
    early = pacing.early(pacing.gap_of(bucket, limit), limit.burst)
    return {
        "free": pacing.room(bucket, limit, now, timedelta(0)),
        "reserved_s": round(max(bucket.tat - early - now, 0) / 1_000_000, 1),
    }


def _waiting(deployment: Deployment, line: Line, since: Mapping[Line, datetime]) -> dict[str, Any]:
    found = {name: len(deployment.lines.waiting(line, rank, COUNTED + 1)) for name, rank in _RANKS.items()}
    return {
        **{name: min(count, COUNTED) for name, count in found.items()},
        "more": [name for name, count in found.items() if count > COUNTED],
        "since": _text(since[line]) if line in since else None,
    }


def _anybody(row: Mapping[str, Any]) -> bool:
    return any(row["waiting"][name] for name in _RANKS)


_COLUMNS = ("seller", "operation", "rate", "known", "free", "reserved_s", *map(str, User), "refused")


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    """For people. Where nothing is known there is a question mark."""
    known = f"told {row['told']}" if row["told"] else "documented"
    told = {name: "?" if row[name] is None else row[name] for name in ("rate", "free", "reserved_s")}
    return {**row, **row["calls"], **told, "known": "?" if row["rate"] is None else known}


def _waiting_line(row: Mapping[str, Any]) -> dict[str, Any]:
    waiting = row["waiting"]
    counts = {name: f"{waiting[name]}+" if name in waiting["more"] else waiting[name] for name in _RANKS}
    return {"seller": row["seller"], "operation": row["operation"], **counts, "since": waiting["since"] or "not noted"}


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
