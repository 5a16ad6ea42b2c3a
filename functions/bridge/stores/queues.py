"""The lanes' queues on SQS: a work message carries ids and a slot, nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bridge.domain.work import Work, encode
from bridge.ports import Signals

_LONGEST_DELAY = timedelta(seconds=900)


class WorkQueue:
    """`urls` is kind of work → queue URL. See ports.WorkQueue."""

    def __init__(self, client: Any, urls: Mapping[str, str], signals: Signals) -> None:
        self._client = client
        self._urls = urls
        self._signals = signals

    def send(self, work: Work, *, delay: timedelta = timedelta(0), slot: datetime | None = None) -> None:
        """Never raises for SQS: the work is due in the table, and the sweep finds it there."""
        seconds = max(0, math.ceil(min(delay, _LONGEST_DELAY).total_seconds()))
        if work.kind not in self._urls:
            self._signals.note("work of a kind that this version does not know", kind=work.kind)
            return
        try:
            self._client.send_message(
                QueueUrl=self._urls[work.kind], MessageBody=encode(work, slot), DelaySeconds=seconds
            )
        except (ClientError, BotoCoreError) as error:
            self._signals.note(
                "not sent, left to the sweep", kind=work.kind, order=work.key.order_id, reason=type(error).__name__
            )
