"""`bridge status`: are all sellers connected, is every sweep up to date, does anything wait for a human?"""

from __future__ import annotations

import argparse
from typing import Any

from bridge.cli import show
from bridge.cli.deployment import Deployment
from bridge.domain.sellers import Mode, SellerRecord

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
    overdue = len(deployment.desk.due(deployment.clock.now(), 100))
    findings = [f"{row['seller']}: {row['finding']}" for row in sellers if row["finding"]]
    findings += [
        f"{row['queue']}: {row['waiting']} dead messages; see docs/runbooks/dead-letters.md"
        for row in queues
        if row["dead"] and row["waiting"]
    ]
    if parked:
        findings.append(f"{parked} parked; `bridge parked list`")
    value = {
        "stage": deployment.stage,
        "sellers": sellers,
        "queues": queues,
        "overdue": overdue,
        "parked": parked,
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
        *(f"! {finding}" for finding in findings),
    ]
    show.answer(value, "\n\n".join(parts[:2]) + "\n\n" + "\n".join(parts[2:]), as_json=asked.json)
    return 1 if findings else 0


def _seller(deployment: Deployment, record: SellerRecord) -> dict[str, Any]:
    orders = deployment.sellers.cursor(record.seller, "orders").at
    looked = deployment.sellers.cursor(record.seller, "shipments_looked").at
    lag = (deployment.clock.now() - (orders or record.go_live)).total_seconds()
    finding = ""
    if record.mode is Mode.NEEDS_CONSENT:
        finding = f"needs consent: {record.reason}"
    elif record.mode is not Mode.PAUSED and lag > LATE_S:
        finding = f"orders were last searched {lag:.0f} s ago; see docs/runbooks/sweep-late.md"
    return {
        "seller": str(record.seller),
        "mode": str(record.mode),
        "orders_seen_until": orders.isoformat(timespec="seconds") if orders else "never",
        "shipments_seen_until": looked.isoformat(timespec="seconds") if looked else "never",
        "finding": finding,
    }


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
