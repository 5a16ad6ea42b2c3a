"""Site: the ground that every function of one deployment stands on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_

from bridge.settings import Settings
from infra.deployment import Deployment
from infra.erp_target import ErpTarget
from infra.queue import WorkQueue
from infra.state import StateStack
from infra.watch import Watch


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """`key` encrypts the queues, `lanes` are the work queues by lane, `target` is where the connector writes to."""

    deployment: Deployment
    state: StateStack
    watch: Watch
    key: kms.Key
    code: lambda_.Code
    layer: lambda_.LayerVersion
    lanes: Mapping[str, WorkQueue]
    lines: WorkQueue
    """Calls for a turn of a waiting line."""
    target: ErpTarget

    @property
    def queues(self) -> list[WorkQueue]:
        """Everything that whoever postpones work may write to."""
        return [*self.lanes.values(), self.lines]

    def settings(self, kinds: Iterable[str]) -> Settings:
        """What a function with these kinds of work is told."""
        return Settings(
            stage=self.deployment.stage,
            table=self.state.table.table_name,
            queue_orders=self.lanes["orders"].queue.queue_url,
            queue_erp=self.lanes["erp"].queue.queue_url,
            queue_shipments=self.lanes["shipments"].queue.queue_url,
            queue_lines=self.lines.queue.queue_url,
            kinds=",".join(kinds),
            lwa_secret=self.state.lwa_secret_arn,
            seller_secrets=self.state.seller_secrets,
            erp_secret=self.state.erp_secret_arn,
            api_secret=self.state.api_secret_arn,
            **{**self.deployment.settings, "erp_target": self.target.name},
        )
