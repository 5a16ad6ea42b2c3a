"""The lanes' queues on SQS: a work message carries ids and a slot, nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bridge.domain import lines
from bridge.domain.lines import Line
from bridge.domain.work import Work, encode
from bridge.ports import Signals

_LONGEST_DELAY = timedelta(seconds=900)


class WorkQueue:
    """`urls` is kind of work → queue URL, `lines` that of the queue of waiting lines. See ports.WorkQueue."""

    def __init__(self, client: Any, urls: Mapping[str, str], lines: str, signals: Signals) -> None:
        self._client = client
        self._urls = urls
        self._lines = lines
        self._signals = signals

    def send(self, work: Work, *, delay: timedelta = timedelta(0), slot: datetime | None = None) -> None:
        """Never raises for SQS: the work is due in the table, and the sweep finds it there."""
        if work.kind not in self._urls:
            self._signals.note("work of a kind that this version does not know", kind=work.kind)
            return
        self._send(self._urls[work.kind], encode(work, slot), delay, kind=work.kind, order=work.key.order_id)

    def call(self, line: Line, *, delay: timedelta = timedelta(0)) -> None:
        self._send(self._lines, lines.encode(line), delay, seller=str(line.seller), what=line.operation)

    def _send(self, url: str, body: str, delay: timedelta, **facts: str) -> None:
        seconds = max(0, math.ceil(min(delay, _LONGEST_DELAY).total_seconds()))
        try:
            self._client.send_message(QueueUrl=url, MessageBody=body, DelaySeconds=seconds)
        except (ClientError, BotoCoreError) as error:
            self._signals.note("not sent, left to the sweep", reason=type(error).__name__, **facts)
