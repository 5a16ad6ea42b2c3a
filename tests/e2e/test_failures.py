"""What dies, stops or lies about: nothing is lost, nothing is doubled, and nothing personal is left behind."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from local import leaks
from local.erp import server as erp
from local.simulator.remote import Placed
from tests.e2e.stage import Stage, until

pytestmark = pytest.mark.emulator

TRACKING = "JJD-KILLED"
RECOVERED_S = 240.0


@dataclass(frozen=True)
class Killed:
    """The orders whose workers died: while Amazon was asked, while the ERP was told, after Amazon was told."""

    asking: Placed
    creating: Placed
    confirming: Placed
    workers: tuple[list[int], list[int], list[int]]


def hung(stage: Stage, operation: str, order: Placed) -> bool:
    return any(
        entry["fault"] == "hang" and entry["operation"] == operation and entry["order_id"] == order.order_id
        for entry in stage.amazon.transcript()
    )


def rows(database: Path, query: str, *values: str) -> list[tuple[object, ...]]:
    """Read past the ERP, which may stand still at the moment."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)) as connection:
        return connection.execute(query, values).fetchall()


def serving_erp(stage: Stage) -> int:
    """The process of the ERP that answers; its parent only watches it."""
    running = erp.recall(stage.machine.run)
    assert running is not None
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(running.pid)], capture_output=True, text=True, check=True
    )
    (pid,) = listed.stdout.split()
    return int(pid)


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def killed_while_asking(stage: Stage) -> tuple[Placed, list[int]]:
    stage.amazon.plant_fault("getOrder", "hang", seconds=20)
    order = stage.order("SKU-0007")
    until("a hanging getOrder", lambda: hung(stage, "getOrder", order), every_s=0.1)
    return order, stage.kill_workers("OutboxErp")


def killed_while_creating(stage: Stage) -> tuple[Placed, list[int]]:
    """The customer is in the ERP, and the request to make the sale is on its way or half done."""
    database, server = stage.machine.run / "db" / "erp.sqlite", serving_erp(stage)
    order = stage.order("SKU-0008")
    party = "SELECT id FROM party_party WHERE code = ?"
    until("its customer in the ERP", lambda: rows(database, party, f"AMZ-{order.order_id}"), every_s=0.02)
    time.sleep(0.03)  # long enough for the next request to be sent, and too short for the ERP to have carried it out
    with standing_still(server):
        workers = stage.kill_workers("OutboxErp")
    return order, workers


def killed_after_confirming(stage: Stage, order: Placed) -> list[int]:
    stage.amazon.plant_fault("confirmShipment", "hang", after_effect=True, seconds=20)
    stage.warehouse.ship(order.order_id, "DHL", TRACKING)

    def hangs() -> bool:
        seen = hung(stage, "confirmShipment", order)
        if not seen:
            stage.look_for_shipments()
        return seen

    until("a hanging confirmShipment", hangs, every_s=0.3)
    return stage.kill_workers("OutboxShipments")


@pytest.fixture(scope="session")
def killed(stage: Stage) -> Killed:
    confirming = stage.order("SKU-0009")
    stage.handed(confirming)
    third = killed_after_confirming(stage, confirming)
    asking, first = killed_while_asking(stage)
    creating, second = killed_while_creating(stage)
    return Killed(asking, creating, confirming, (first, second, third))


def test_workers_killed_at_three_points(stage: Stage, killed: Killed) -> None:
    assert all(killed.workers), killed.workers
    assert [entry["status"] for entry in stage.reads(killed.asking)] == [0]
    assert "order in the ERP" not in stage.timeline(killed.asking)["steps"]
    assert "order in the ERP" not in stage.timeline(killed.creating)["steps"]
    assert "tracking confirmed at Amazon" not in stage.timeline(killed.confirming)["steps"]
    assert set(stage.packages(killed.confirming)) == {TRACKING}


def test_orders_of_hours_without_an_erp_arrive_once(stage: Stage) -> None:
    running = erp.recall(stage.machine.run)
    assert running is not None
    erp.stop(running.pid)
    orders = [stage.order("SKU-0010") for _ in range(4)]
    try:
        until("a try for every order", lambda: all(stage.reads(order) for order in orders))
    finally:
        port = int(running.url.rpartition(":")[2])
        erp.remember(stage.machine.run, erp.start(stage.machine.run, port, shops=running.config["shops"], keep=True))  # type: ignore[arg-type]
    for order in orders:
        stage.handed(order)


def test_what_was_killed_is_done_once(stage: Stage, killed: Killed) -> None:
    for order in (killed.asking, killed.creating):
        stage.handed(order, patience_s=RECOVERED_S)
        assert stage.happened(order, "order in the ERP")["open"] == []
    assert stage.happened(killed.confirming, "tracking confirmed at Amazon", patience_s=RECOVERED_S)
    (package,) = stage.packages(killed.confirming).values()
    assert package["confirmations"] == 1


def test_nothing_lies_in_a_dead_letter_queue_and_amazon_never_said_too_many(stage: Stage) -> None:
    _, told = stage.bridge("status")
    assert {row["queue"]: row["waiting"] for row in told["queues"] if row["dead"] and row["waiting"]} == {}
    assert stage.notes("bug") == []
    assert stage.amazon.figures()["http_429"] == 0
    doubled = [sale.order_id for sale in stage.warehouse.sales()]
    assert sorted(doubled) == sorted(set(doubled))


def test_no_canary_is_found_anywhere_and_one_that_is_planted_is(stage: Stage) -> None:
    found = leaks.search(stage.machine)
    assert dict(found.places) == {}
    assert min(found.searched[kind] for kind in ("log event", "item", "environment", "line")) > 0
    name = stage.amazon.canaries()["fields"]["name"][0]
    sqs = stage.machine.client("sqs")
    sqs.send_message(QueueUrl=stage.machine.outputs["ErpDeadUrl"], MessageBody=f"planted: {name}")
    key = {"pk": {"S": "planted"}, "sk": {"S": "planted"}}
    table = stage.machine.outputs["TableName"]
    stage.machine.client("dynamodb").put_item(TableName=table, Item={**key, "name": {"S": name.upper()}})
    found = leaks.search(stage.machine)
    assert sorted(place.split()[0] for place in found.places) == ["item", "message"]
