"""The operator's command line on a running deployment, and messages that nobody can act on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local import machine
from local.simulator.remote import Placed
from tests.e2e.stage import AMERICA, DE, EUROPE, US, Stage, until

pytestmark = pytest.mark.emulator

SAMPLE = machine.ROOT / "tests" / "events" / "ORDER_CHANGE.json"


def notification(stage: Stage, order: Placed | None, **metadata: str) -> dict[str, Any]:
    """As Amazon would have sent it for an order, to the subscription that we have."""
    body: dict[str, Any] = json.loads(SAMPLE.read_text(encoding="utf-8"))
    _, sellers = stage.bridge("seller", "list")
    subscription = next(row["subscriptions"]["ORDER_CHANGE"] for row in sellers if row["seller"] == f"eu:{EUROPE}")
    change = body["Payload"]["OrderChangeNotification"]
    change["SellerId"] = metadata.pop("SellerId", EUROPE)
    if order is None:
        del change["AmazonOrderId"]
    else:
        change["AmazonOrderId"] = order.order_id
    body["NotificationMetadata"] |= {"ApplicationId": machine.APPLICATION, "SubscriptionId": subscription, **metadata}
    return body


def in_camel_case(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: in_camel_case(part) for name, part in value.items()}
    return [in_camel_case(part) for part in value] if isinstance(value, list) else value


@contextmanager
def gathered(stage: Stage) -> Iterator[None]:
    """The inbox reads nothing meanwhile, so that it finds all of it in one batch."""
    client, name = stage.machine.client("lambda"), stage.function("InboxFunction")
    (mapping,) = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield
    finally:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def test_bad_messages_stop_no_neighbour_and_are_shown_with_their_reason(stage: Stage) -> None:
    good, camel = (stage.order("SKU-0011", delivery={"lose": True}) for _ in range(2))
    nobody = Placed("305-0000000-0000000", EUROPE, DE, good.grand_total, "EUR")
    bodies = [
        "this is not JSON",
        json.dumps(["a", "list"]),
        json.dumps(notification(stage, nobody) | {"NotificationType": "NEVER_HEARD_OF"}),
        json.dumps(notification(stage, nobody, ApplicationId="amzn1.sp.solution.foreign")),
        json.dumps(notification(stage, nobody, SellerId="A9FOREIGNSELLER")),
        json.dumps(notification(stage, None)),
        json.dumps({"padding": "x" * (1024 * 1024 - 15)}),
        json.dumps(notification(stage, good)),
        json.dumps(in_camel_case(notification(stage, camel))),
    ]
    assert len(bodies[6]) == 1024 * 1024
    before = {line["what"]: 0 for line in stage.notes("foreign")}
    queue = stage.machine.outputs["NotificationsQueueUrl"]
    with gathered(stage):
        for body in bodies:
            stage.machine.client("sqs").send_message(QueueUrl=queue, MessageBody=body)
    for order in (good, camel):
        stage.handed(order)
        assert "notification came in" in stage.timeline(order)["steps"]
    assert before == {}
    assert sorted(line["what"] for line in stage.notes("foreign")) == ["application", "seller"]
    _, rows = stage.bridge("parked", "list")
    reasons = sorted(row["reason"] for row in rows if row["what"].startswith("message"))
    assert reasons == sorted(
        [
            "not JSON",
            "JSON, but not an object",
            "no reaction to notifications of type NEVER_HEARD_OF",
            "ORDER_CHANGE without a usable AmazonOrderId",
            "no NotificationMetadata",
        ]
    )
    large = next(row for row in rows if row["reason"] == "no NotificationMetadata")
    assert stage.bridge("parked", "show", str(large["number"]))[1]["kept"]["size"] == 1024 * 1024


def test_a_paused_seller_waits_and_a_resumed_one_catches_up(stage: Stage) -> None:
    assert stage.bridge("seller", "pause", AMERICA)[0] == 0
    try:
        order = stage.order(marketplace=US)
        waiting = until("it laid aside", lambda: stage.timeline(order).get("open"))
        assert [(work["work"], work["state"]) for work in waiting] == [("hand_to_erp", "paused")]
        assert stage.reads(order) == []
    finally:
        status, resumed = stage.bridge("seller", "resume", AMERICA)
    assert (status, resumed["mode"]) == (0, "live")
    stage.handed(order)


def test_a_seller_in_dry_run_is_observed_and_nothing_is_written_outward(stage: Stage) -> None:
    assert stage.bridge("seller", "dry-run", AMERICA)[0] == 0
    try:
        order = stage.order(marketplace=US)
        (waiting,) = until("its rehearsal", lambda: stage.timeline(order).get("open"))
        assert (waiting["work"], waiting["reason"]) == ("hand_to_erp", "dry run")
        assert [line["total"] for line in stage.notes("would hand to the ERP")] == [f"{order.grand_total} USD"]
        assert stage.warehouse.sales(order.order_id) == []
    finally:
        assert stage.bridge("seller", "resume", AMERICA)[0] == 0
    stage.handed(order)


def test_the_state_of_everything_at_a_glance(stage: Stage) -> None:
    status, sellers = stage.bridge("seller", "list")
    assert status == 0
    assert {row["seller"]: row["mode"] for row in sellers} == {f"eu:{EUROPE}": "live", f"na:{AMERICA}": "live"}
    _, told = stage.bridge("status")
    assert {row["seller"] for row in told["sellers"]} == {f"eu:{EUROPE}", f"na:{AMERICA}"}
    queues = {row["queue"] for row in told["queues"]}
    assert queues == {
        f"{name}{kind}" for name in ("Notifications", "Orders", "Erp", "Lines", "Shipments") for kind in ("", "Dead")
    }
    assert bool(told["parked"]) == any("parked" in finding for finding in told["findings"])
    assert stage.bridge("order", "305-0000000-0000000") == (1, [])
