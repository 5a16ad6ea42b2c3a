"""The deployment that a command works on, found by its stage through the outputs of its stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from bridge.domain.circuit import Circuit
from bridge.settings import Settings
from bridge.stores.backfills import Backfills
from bridge.stores.circuits import Circuits
from bridge.stores.desk import Desk
from bridge.stores.dynamodb import DynamoTable
from bridge.stores.lines import Lines
from bridge.stores.orders import Orders
from bridge.stores.parcels import Parcels
from bridge.stores.parking import Parking
from bridge.stores.queues import WorkQueue
from bridge.stores.quota import Quota
from bridge.stores.sellers import Sellers
from bridge.wiring import AWS, SystemClock, queue_urls, spapi_client, table

Client = Callable[[str], Any]


class NotDeployed(Exception):
    """There is no such deployment, or it cannot be seen with these credentials."""


class _Quiet:
    """Commands speak through their output, not through metrics."""

    def count(self, metric: str, value: float = 1) -> None:
        pass

    def note(self, event: str, **facts: str | float | None) -> None:
        pass


@dataclass(frozen=True)
class Deployment:
    """`outputs` are those of `Bridge-<stage>-Flow`."""

    stage: str
    outputs: Mapping[str, str]
    client: Client

    @classmethod
    def find(cls, stage: str, client: Client | None = None) -> Deployment:
        """Raises NotDeployed with what to do."""
        make = client or (lambda service: boto3.client(service, config=AWS))
        name = f"Bridge-{stage}-Flow"
        try:
            stack = make("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except (ClientError, BotoCoreError) as error:
            why = error.response["Error"]["Message"] if isinstance(error, ClientError) else str(error)
            msg = f"cannot see stack {name} ({why}); is --stage right, and are AWS credentials and region set?"
            raise NotDeployed(msg) from error
        return cls(stage, {entry["OutputKey"]: entry["OutputValue"] for entry in stack.get("Outputs", [])}, make)

    @cached_property
    def settings(self) -> Settings:
        return Settings.read(json.loads(self.outputs["CliSettings"]))

    @cached_property
    def table(self) -> DynamoTable:
        return table(self.settings)

    @property
    def clock(self) -> SystemClock:
        return SystemClock()

    @property
    def sellers(self) -> Sellers:
        return Sellers(self.table, self.clock)

    @property
    def backfills(self) -> Backfills:
        return Backfills(self.table, self.clock)

    @property
    def orders(self) -> Orders:
        return Orders(self.table, self.clock)

    @property
    def desk(self) -> Desk:
        return Desk(self.table, self.clock, self.orders)

    @property
    def lines(self) -> Lines:
        return Lines(self.table, self.clock)

    @property
    def quota(self) -> Quota:
        return Quota(self.table)

    @property
    def parcels(self) -> Parcels:
        return Parcels(self.table, self.clock, self.orders)

    @property
    def parking(self) -> Parking:
        return Parking(self.table, self.clock)

    @property
    def circuit(self) -> Circuit:
        return Circuits(self.table, self.clock, self.settings.erp).state()

    @cached_property
    def queue(self) -> WorkQueue:
        return WorkQueue(self.client("sqs"), queue_urls(self.settings), self.settings.queue_lines, _Quiet())

    def spapi(self) -> Any:
        """A client of SP-API with this deployment's secrets and quota."""
        import httpx

        from bridge.spapi.client import TIMEOUT

        return spapi_client(self.settings, self.table, httpx.Client(timeout=TIMEOUT))
