"""Amazon's side of the queue: puts notifications onto it through AWS's own client, from Amazon's own AWS account."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# Where SP-API delivers from: https://developer-docs.amazon.com/sp-api/docs/set-up-notifications-with-amazon-sqs
AMAZON = "437568002678"


class SqsPost:
    """`post(arn, body)` for queues of an AWS emulator at `endpoint`."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}

    def __call__(self, arn: str, body: str) -> None:
        """Raises OSError when the queue did not take the message."""
        region, account, name = arn.split(":")[3:6]
        try:
            # Not looked up: the queue's policy lets Amazon send, and not ask for its address.
            self._client(region).send_message(QueueUrl=f"{self._endpoint}/{account}/{name}", MessageBody=body)
        except (BotoCoreError, ClientError) as error:
            msg = f"queue {name} did not take the notification: {type(error).__name__}"
            raise OSError(msg) from error

    def _client(self, region: str) -> Any:
        if region not in self._clients:
            # Emulators take the account from a 12-digit access key.
            self._clients[region] = boto3.client(
                "sqs",
                endpoint_url=self._endpoint,
                region_name=region,
                aws_access_key_id=AMAZON,
                aws_secret_access_key="test",  # noqa: S106 - emulators check nothing
                config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2}),
            )
        return self._clients[region]
