"""The connector `sqs`: every message goes to a queue of the seller's, inside AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3

from bridge.domain.errors import Misconfigured
from bridge.erp.publish import Publisher
from bridge.erp.publish.aws import SHORT, call, target
from bridge.erp.publish.envelope import Envelope

MAX_BYTES = 1024 * 1024 - 1024
"""SQS takes 1 MiB with the attributes: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""
_FIFO = ".fifo"


class Sqs:
    """A `Channel`. A FIFO queue gets one order's messages in order; a standard queue need not."""

    def __init__(self, arn: str, client: Any = None) -> None:
        """Raises Misconfigured when `arn` is not that of a queue."""
        parts = arn.split(":")
        if len(parts) != 6 or parts[2] != "sqs":
            msg = f"`erp_target` must be the ARN of an SQS queue, not {arn!r}"
            raise Misconfigured(msg)
        region, account, name = parts[3:]
        self._client = client or boto3.client("sqs", region_name=region, config=SHORT)
        self._url = f"{str(self._client.meta.endpoint_url).rstrip('/')}/{account}/{name}"
        self._what = f"the queue {name}"
        self._fifo = name.endswith(_FIFO)

    def deliver(self, envelope: Envelope) -> None:
        parameters: dict[str, Any] = {
            "QueueUrl": self._url,
            "MessageBody": envelope.within(MAX_BYTES, "SQS"),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in {"id": envelope.id, "type": envelope.type}.items()
            },
        }
        if self._fifo:
            parameters |= {"MessageGroupId": envelope.key.order_id, "MessageDeduplicationId": envelope.id}
        call(self._client.send_message, self._what, **parameters)


def connect(config: Mapping[str, object]) -> Publisher:
    """Raises Misconfigured when the deployment names no queue; does not call SQS yet."""
    return Publisher(Sqs(target(config, "queue")), config)
