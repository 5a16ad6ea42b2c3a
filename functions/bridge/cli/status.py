"""`bridge status`: are all sellers connected, is every sweep up to date, does anything wait for a human?"""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any

from bridge.cli import backfill, show
from bridge.cli.deployment import Deployment
from bridge.domain.backfill import Outcome
from bridge.domain.circuit import Circuit
from bridge.domain.sellers import Mode, SellerRecord
from bridge.sweeps.each_seller import lag_s

LATE_S = 900


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "status", help="sellers, sweeps, queues and what is parked; 1 when something needs a human"
    )
    parser.set_defaults(run=status)


def status(deployment: Deployment, asked: argparse.Namespace) -> int:
    """1 when a seller, a sweep, a queue or something parked needs a human."""
    sellers = [_seller(deployment, record) for record in deployment.sellers.all()]
    queues = _queues(deployment)
    parked = len(deployment.parking.list())
    overdue = deployment.desk.overdue(deployment.clock.now())
    findings = [f"{row['seller']}: {row['finding']}" for row in sellers if row["finding"]]
    findings += [
        f"{row['queue']}: {row['waiting']} dead messages; see docs/runbooks/dead-letters.md"
        for row in queues
        if row["dead"] and row["waiting"]
    ]
    findings += _silence(deployment.circuit)
    if parked:
        findings.append(f"{parked} parked; `bridge parked list`")
    filling = _backfills(deployment)
    findings += [f"backfill of {text}" for row, text in filling if row["state"] == Outcome.FAILED]
    value = {
        "stage": deployment.stage,
        "sellers": sellers,
        "queues": queues,
        "overdue": overdue,
        "parked": parked,
        "backfills": [row for row, _ in filling],
        "findings": findings,
    }
    parts = [
        show.table(
            sellers,
            ("seller", "mode", "orders_seen_until", "shipments_seen_until"),
            "no seller yet: `bridge seller add`",
        ),
        show.table(queues, ("queue", "waiting", "in_flight"), ""),
        f"overdue work: {overdue}   parked: {parked}",
        *(f"backfill of {text}" for row, text in filling if row["state"] != Outcome.FAILED),
        *(f"! {finding}" for finding in findings),
    ]
    show.answer(value, "\n\n".join(parts[:2]) + "\n\n" + "\n".join(parts[2:]), as_json=asked.json)
    return 1 if findings else 0


def _silence(circuit: Circuit) -> list[str]:
    if circuit.next_try is None:
        return []
    again = circuit.next_try.isoformat(timespec="seconds")
    if circuit.reason:
        why = f"{circuit.reason}; no order is handed over until that is put right"
        return [f"ERP turns everything away: {why}, next try {again}; see docs/runbooks/misconfigured.md"]
    return [f"ERP: {circuit.failures} requests without an answer, next try {again}; see docs/runbooks/erp-silent.md"]


def _backfills(deployment: Deployment) -> list[tuple[dict[str, Any], str]]:
    """Those that are under way, or have failed."""
    found = [(record, deployment.backfills.get(record.seller)) for record in deployment.sellers.all()]
    over = {Outcome.DONE, Outcome.STOPPED}
    return [backfill.report(deployment, record, one) for record, one in found if one and one.outcome not in over]


def _seller(deployment: Deployment, record: SellerRecord) -> dict[str, Any]:
    orders = deployment.sellers.cursor(record.seller, "orders").at
    looked = deployment.sellers.cursor(record.seller, "shipments").looked
    return {
        "seller": str(record.seller),
        "mode": str(record.mode),
        "orders_seen_until": orders.isoformat(timespec="seconds") if orders else "never",
        "shipments_seen_until": looked.isoformat(timespec="seconds") if looked else "never",
        "finding": _finding(record, {"orders": orders, "shipments": looked}, deployment.clock.now()),
    }


def _finding(record: SellerRecord, seen: dict[str, datetime | None], now: datetime) -> str:
    if record.mode is Mode.NEEDS_CONSENT:
        return f"needs consent: {record.reason}"
    late = {name: lag for name, at in seen.items() if (lag := lag_s(record, at, now)) > LATE_S}
    if record.mode is Mode.PAUSED or not late:
        return ""
    told = ", ".join(f"{name} {lag:.0f} s ago" for name, lag in late.items())
    return f"last looked at: {told}; see docs/runbooks/sweep-late.md"


def _queues(deployment: Deployment) -> list[dict[str, Any]]:
    sqs = deployment.client("sqs")
    rows = []
    for output, url in deployment.outputs.items():
        if output.endswith(("QueueUrl", "DeadUrl")):
            names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            name = output.removesuffix("Url").removesuffix("Queue")
            rows.append(
                {
                    "queue": name,
                    "dead": output.endswith("DeadUrl"),
                    "waiting": int(counts[names[0]]),
                    "in_flight": int(counts[names[1]]),
                }
            )
    return sorted(rows, key=lambda row: str(row["queue"]))
