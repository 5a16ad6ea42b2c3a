"""`bridge order ID`: what happened to one order, in order of time."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

from bridge.cli import show
from bridge.cli.deployment import Deployment
from bridge.domain.ids import OrderId, OrderKey
from bridge.domain.lifecycle import Head
from bridge.domain.times import from_text
from bridge.domain.work import Work
from bridge.effects import EFFECTS

_WORDS = {
    "hinted": "notification came in",
    "read": "read from Amazon",
    "handed": "order in the ERP",
    "held": "held in the ERP: the buyer asked to cancel",
    "amended": "the ERP's document follows Amazon's change",
    "cancelled": "cancelled in the ERP",
    "refused": "the ERP cannot fulfil",
    "shipped": "shipment reported by the ERP",
    "confirmed": "tracking confirmed at Amazon",
    "shown": "Amazon shows the tracking",
}


def add_commands(commands: Any) -> None:
    parser = commands.add_parser("order", help="the timeline of one order")
    parser.add_argument("order_id", help="Amazon's order id, like 305-1234567-1234567")
    parser.set_defaults(run=timeline)


def timeline(deployment: Deployment, asked: argparse.Namespace) -> int:
    """1 when no connected seller has such an order."""
    found = [_one(deployment, head) for head in _heads(deployment, OrderId(asked.order_id))]
    text = "\n\n".join(_text(entry) for entry in found) or f"no connected seller has an order {asked.order_id}"
    show.answer(found, text, as_json=asked.json)
    return 0 if found else 1


def _heads(deployment: Deployment, order_id: OrderId) -> list[Head]:
    keys = [OrderKey(*record.seller, order_id) for record in deployment.sellers.all()]
    heads = [deployment.orders.get(key) for key in keys]
    return [head for head in heads if head.revision]


def _one(deployment: Deployment, head: Head) -> dict[str, Any]:
    begin = min((from_text(at) for at in head.times.values()), default=None)
    steps = [
        {
            "at": at,
            "after_s": round((from_text(at) - begin) / timedelta(seconds=1), 1) if begin else 0.0,
            "what": _WORDS.get(name, name),
        }
        for name, at in sorted(head.times.items(), key=lambda entry: entry[1])
    ]
    return {
        "order": str(head.key),
        "status": head.status or "not read yet",
        "fulfilled_by": head.fulfilled_by,
        "erp": head.erp_number,
        "problem": head.erp_problem,
        "unknown_to_this_version": list(head.unknown),
        "steps": steps,
        "parcels": [
            {
                "reference": parcel.reference,
                "carrier": parcel.carrier,
                "tracking": parcel.tracking,
                "confirmed": accepted,
            }
            for parcel, accepted in deployment.parcels.all(head.key)
        ],
        "open": _open(deployment, head.key),
    }


def _open(deployment: Deployment, key: OrderKey) -> list[dict[str, Any]]:
    """Work that is not done, with why."""
    works = [Work(kind, key) for kind in EFFECTS if kind != "confirm_shipment"]
    works += [Work("confirm_shipment", key, parcel.part) for parcel, _ in deployment.parcels.all(key)]
    items = [(work, deployment.desk.state(work) or {}) for work in works]
    return [
        {
            "work": work.kind,
            "state": item.get("shelf", "due"),
            "due": item["due"],
            "tries": item.get("tries", 0),
            "reason": item.get("reason", ""),
        }
        for work, item in items
        if "due" in item
    ]


def _text(entry: dict[str, Any]) -> str:
    erp = f"ERP {entry['erp']}" if entry["erp"] else ""
    lines = [f"{entry['order']}  {entry['status']}  {entry['fulfilled_by']}  {erp}".rstrip()]
    lines += [f"  {step['at'][:19]}Z  +{step['after_s']:>8.1f} s  {step['what']}" for step in entry["steps"]]
    lines += [
        f"  parcel {parcel['reference']}: {parcel['carrier']} {parcel['tracking']}  "
        f"{'confirmed' if parcel['confirmed'] else 'not confirmed yet'}"
        for parcel in entry["parcels"]
    ]
    lines += [
        f"  open: {work['work']} {work['state']} since {work['due'][:19]}Z {work['reason']}".rstrip()
        for work in entry["open"]
    ]
    if entry["unknown_to_this_version"]:
        lines.append(f"  unknown to this version: {', '.join(entry['unknown_to_this_version'])}")
    if entry["problem"]:
        lines.append(f"  problem: {entry['problem']}")
    return "\n".join(lines)
