"""Where a connector that publishes inside AWS writes to, and what its lane may do there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.deployment import Deployment
from infra.state import StateStack

SQS, EVENTBRIDGE, FILE_DROP = "sqs", "eventbridge", "file_drop"
"""Rows of CONNECTORS, in bridge.erp."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Exactly these actions on exactly these resources, `via` one AWS service only."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    via: str = ""


@dataclass(frozen=True, slots=True)
class ErpTarget:
    """`name` is what the connector is told; empty for a connector that writes to nothing of AWS's."""

    name: str
    grants: tuple[Grant, ...] = ()


def erp_target(scope: Construct, deployment: Deployment, state: StateStack) -> ErpTarget:
    """Makes what the chosen connector needs. ValueError when the deployer has to name a queue and did not."""
    made: Mapping[str, Callable[[], ErpTarget]] = {
        SQS: lambda: _queue(deployment),
        EVENTBRIDGE: lambda: _bus(scope, deployment.stage),
        FILE_DROP: lambda: _bucket(state),
    }
    chosen = deployment.settings["erp"]
    return made[chosen]() if chosen in made else ErpTarget(deployment.settings["erp_target"])


def _queue(deployment: Deployment) -> ErpTarget:
    """The seller's own; its policy has to let us in as well, if it is in another account."""
    queue, key = deployment.settings["erp_target"], deployment.erp_target_key
    if not re.fullmatch(r"arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:[\w-]{1,80}(\.fifo)?", queue):
        msg = f"-c erp=sqs needs -c erp_target=<the ARN of the seller's queue>, not {queue!r}"
        raise ValueError(msg)
    grants = [Grant(("sqs:SendMessage",), (queue,))]
    if key:
        grants.append(Grant(("kms:GenerateDataKey", "kms:Decrypt"), (key,), via="sqs"))
    return ErpTarget(queue, tuple(grants))


def _bus(scope: Construct, stage: str) -> ErpTarget:
    # No dead letters: an event that EventBridge cannot encrypt is told again, and they would hold recipients.
    key = kms.Key(
        scope,
        "ErpBusKey",
        description=f"spapi-bridge {stage}: orders on the event bus",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.DESTROY,
    )
    bus = events.EventBus(scope, "ErpBus", kms_key=key, description=f"spapi-bridge {stage}: orders for the ERP")
    return ErpTarget(bus.event_bus_arn, (Grant(("events:PutEvents",), (bus.event_bus_arn,)),))


def _bucket(state: StateStack) -> ErpTarget:
    bucket = state.drop
    if bucket is None:
        msg = "the State stack was made for another connector than the Flow stack"
        raise ValueError(msg)
    places = tuple(bucket.arn_for_objects(f"{prefix}/*") for prefix in ("out", "manifests"))
    # A single PutObject needs no Decrypt: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    return ErpTarget(
        bucket.bucket_name,
        (Grant(("s3:PutObject",), places), Grant(("kms:GenerateDataKey",), (state.key.key_arn,), via="s3")),
    )
