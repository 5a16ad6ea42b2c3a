"""Amazon's side of the queue: puts notifications onto it through AWS's own client."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError


class SqsPost:
    """`post(arn, body)` for queues of an AWS emulator at `endpoint`."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._clients: dict[tuple[str, str], Any] = {}
        self._urls: dict[str, str] = {}

    def __call__(self, arn: str, body: str) -> None:
        """Raises OSError when the queue did not take the message."""
        region, account, name = arn.split(":")[3:6]
        client = self._client(region, account)
        try:
            if arn not in self._urls:
                self._urls[arn] = client.get_queue_url(QueueName=name)["QueueUrl"]
            client.send_message(QueueUrl=self._urls[arn], MessageBody=body)
        except (BotoCoreError, ClientError) as error:
            self._urls.pop(arn, None)
            msg = f"queue {name} did not take the notification: {type(error).__name__}"
            raise OSError(msg) from error

    def _client(self, region: str, account: str) -> Any:
        if (region, account) not in self._clients:
            # Emulators take the account from a 12-digit access key.
            self._clients[region, account] = boto3.client(
                "sqs",
                endpoint_url=self._endpoint,
                region_name=region,
                aws_access_key_id=account,
                aws_secret_access_key="test",  # noqa: S106 - emulators check nothing
                config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2}),
            )
        return self._clients[region, account]
