"""What the end-to-end tests do and see: customers at Amazon, people in the ERP, the operator, dying processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from local import machine
from local.deploy import STAGE
from local.erp.warehouse import Sale, Warehouse
from local.simulator.places import PLACES
from local.simulator.remote import Amazon, Placed

T = TypeVar("T")

EUROPE, AMERICA = "A3DEMOEUROPE01", "A3DEMOAMERICA1"
DE, UK, US = "A1PA6795UKMFR9", "A1F83G8C2ARO7P", "ATVPDKIKX0DER"
PATIENCE_S = 100.0


def until(what: str, look: Callable[[], T | None], *, patience_s: float = PATIENCE_S, every_s: float = 0.5) -> T:
    """The first truthy answer; the test fails when there is none in time, and says what was seen last."""
    end = time.monotonic() + patience_s
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > end:
            msg = f"not within {patience_s:.0f} s: {what}; last seen: {seen!r}"
            raise AssertionError(msg)
        time.sleep(every_s)


@dataclass(frozen=True)
class Stage:
    """Everything of one run."""

    machine: machine.Machine
    amazon: Amazon
    warehouse: Warehouse

    def order(self, *skus: str, marketplace: str = DE, **more: Any) -> Placed:
        """A customer orders two of each SKU."""
        seller = AMERICA if PLACES[marketplace].region == "na" else EUROPE
        items = [{"sku": sku, "quantity": 2} for sku in skus or ("SKU-0001",)]
        return self.amazon.place_order(seller, marketplace, items=more.pop("items", items), **more)

    def handed(self, order: Placed, *, patience_s: float = PATIENCE_S) -> Sale:
        """The one sale of an order, when the ERP may ship it."""
        return until(f"{order.order_id} in the ERP", lambda: self._ready(order.order_id), patience_s=patience_s)

    def _ready(self, order_id: str) -> Sale | None:
        sales = self.warehouse.sales(order_id)
        assert len(sales) <= 1, f"{order_id} is in the ERP {len(sales)} times"
        return sales[0] if sales and sales[0].state == "processing" else None

    def packages(self, order: Placed) -> dict[str, dict[str, Any]]:
        """What Amazon shows as shipped, by tracking number."""
        return {package["tracking"]: package for package in self.amazon.order(order.order_id)["packages"]}

    def reads(self, order: Placed) -> list[dict[str, Any]]:
        """All getOrder requests for an order."""
        return [
            entry
            for entry in self.amazon.transcript()
            if entry["operation"] == "getOrder" and entry["order_id"] == order.order_id
        ]

    def bridge(self, *arguments: str) -> tuple[int, Any]:
        """Exit status and JSON of the operator's command."""
        command = [sys.executable, "-m", "bridge.cli", "--stage", STAGE, "--json", *arguments]
        done = subprocess.run(command, env=self.machine.environ, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    def timeline(self, order: Placed) -> dict[str, Any]:
        """What `bridge order` tells; `steps` as a set of what happened. Empty while nothing is known."""
        _, found = self.bridge("order", order.order_id)
        return {**found[0], "steps": {step["what"] for step in found[0]["steps"]}} if found else {}

    def happened(self, order: Placed, step: str, *, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """The timeline, once it has this step."""

        def look() -> dict[str, Any] | None:
            seen = self.timeline(order)
            return seen if step in seen.get("steps", ()) else None

        return until(f"{step!r} in the timeline of {order.order_id}", look, patience_s=patience_s)

    def parked(self, about: str) -> dict[str, Any] | None:
        """The row of `bridge parked list` that names this."""
        _, rows = self.bridge("parked", "list")
        return next((row for row in rows if about in row["what"] or about in row["reason"]), None)

    def function(self, part: str) -> str:
        """The name of the deployed function with this in its construct's path."""
        pages = self.machine.client("lambda").get_paginator("list_functions").paginate()
        (name,) = (f["FunctionName"] for page in pages for f in page["Functions"] if part in f["FunctionName"])
        return str(name)

    def sweep(self, part: str) -> None:
        """The sweep with this in its name, which the scheduler starts every minute, now."""
        self.machine.client("lambda").invoke(FunctionName=self.function(part), Payload=b"{}")

    def look_for_shipments(self) -> None:
        self.sweep("SweepsShipments")

    def confirmed(self, order: Placed, *trackings: str) -> dict[str, dict[str, Any]]:
        """Amazon's packages, once they are these."""

        def look() -> dict[str, dict[str, Any]] | None:
            packages = self.packages(order)
            if set(packages) == set(trackings):
                return packages
            self.look_for_shipments()
            return None

        return until(f"{', '.join(trackings)} at Amazon", look, every_s=2)

    def log_lines(self) -> list[tuple[str, str]]:
        """Log group and text of everything that was logged."""
        logs = self.machine.client("logs")
        groups = [g for page in logs.get_paginator("describe_log_groups").paginate() for g in page["logGroups"]]
        return [
            (group["logGroupName"], event["message"])
            for group in groups
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
            for event in page["events"]
        ]

    def notes(self, message: str) -> list[dict[str, Any]]:
        """The functions' log lines with this message."""
        found = [json.loads(line) for _, line in self.log_lines() if line.startswith("{")]
        return [line for line in found if line.get("message") == message]

    def kill_workers(self, part: str) -> list[int]:
        """SIGKILL for the processes that serve a function, each by its number; those numbers."""
        name, parent = self.function(part), str(self.machine.emulator.pid)
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", parent], capture_output=True, text=True, check=False
        )
        workers = [int(line.split()[0]) for line in listed.stdout.splitlines() if f"lambda-{name}-" in line]
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        return workers
