"""SQS standard queues and their mapping to a function: at least once, in no order, five tries, then dead letters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from botocore.exceptions import EndpointConnectionError

from tests.simulation.calls import Calls, Port
from tests.simulation.clock import Hub
from tests.simulation.strand import Strand
from tests.simulation.weather import Weather

VISIBILITY_S, MAX_RECEIVES, CONCURRENCY = 180.0, 5, 2


def _no_connection(what: str) -> None:
    raise EndpointConnectionError(endpoint_url="sqs", error=what)


SEND = Port("queue.send", _no_connection, timeout=10.0, latency=(0.005, 0.03), repeats=True)


class Message:
    __slots__ = ("body", "number", "receives")

    def __init__(self, number: int, body: str) -> None:
        self.number = number
        self.body = body
        self.receives = 0

    def record(self) -> dict[str, Any]:
        return {
            "messageId": str(self.number),
            "receiptHandle": f"{self.number}.{self.receives}",
            "body": self.body,
            "attributes": {"ApproximateReceiveCount": str(self.receives)},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
        }


class Function(Protocol):
    def invoke(self, event: Any, done: Callable[[Strand], None]) -> None: ...


class Queue:
    """`batch` messages at once to at most two invocations of `function`."""

    def __init__(self, hub: Hub, weather: Weather, *, batch: int, name: str) -> None:
        self.name = name
        self.function: Function | None = None
        self.dead: list[Message] = []
        self.unfinished = 0
        self.concurrency = CONCURRENCY
        self.visibility_s = VISIBILITY_S
        self.stopped = False
        self._hub = hub
        self._weather = weather
        self._batch = batch
        self._ready: list[Message] = []
        self._running = 0
        self._numbers = 0
        self._poll_planned = False

    def send(self, body: str, delay: float = 0.0) -> None:
        self._enqueue(body, delay)
        if self._weather.happens(self._weather.rates.message_doubled):
            self._enqueue(body, delay + self._weather.within(0, 300))

    def stop(self) -> None:
        """No invocations any more, and everything in the queue is forgotten, as after its retention."""
        self.stopped = True
        self.unfinished -= len(self._ready)
        self._ready.clear()

    def go_on(self) -> None:
        self.stopped = False

    def _enqueue(self, body: str, delay: float) -> None:
        self._numbers += 1
        self.unfinished += 1
        message = Message(self._numbers, body)
        self._hub.after(delay, lambda: self._show(message))

    def _show(self, message: Message) -> None:
        if self.stopped:
            self.unfinished -= 1
            return
        if message.receives >= MAX_RECEIVES:
            self.dead.append(message)
            self.unfinished -= 1
            return
        self._ready.append(message)
        self._plan_poll()

    def _plan_poll(self) -> None:
        if not self._poll_planned:
            self._poll_planned = True
            self._hub.after(0.02, self._poll)

    def _poll(self) -> None:
        self._poll_planned = False
        while self._ready and self._running < self.concurrency:
            batch = []
            while self._ready and len(batch) < self._batch:
                at = (
                    int(self._weather.within(0, len(self._ready) - 0.001)) if self._weather.rates.message_doubled else 0
                )
                batch.append(self._ready.pop(at))
            self._deliver(batch)

    def _deliver(self, batch: list[Message]) -> None:
        hub, received = self._hub, self._hub.now
        self._running += 1
        for message in batch:
            message.receives += 1

        def done(strand: Strand) -> None:
            self._running -= 1
            failed = failed_of(strand)
            for message in batch:
                again = failed is None or str(message.number) in failed
                if again or self._weather.happens(self._weather.rates.delete_lost):
                    hub.at(received + self.visibility_s, lambda message=message: self._show(message))  # type: ignore[misc]
                else:
                    self.unfinished -= 1
            if self._ready:
                self._plan_poll()

        assert self.function is not None
        self.function.invoke({"Records": [message.record() for message in batch]}, done)


def failed_of(strand: Strand) -> set[str] | None:
    """The ids that a partial batch response names; None is the whole batch."""
    if strand.crashed or strand.error is not None:
        return None
    return {failure["itemIdentifier"] for failure in (strand.result or {}).get("batchItemFailures", [])}


class Client:
    """A boto3 SQS client, as far as the product uses it; a queue's URL is its name."""

    def __init__(self, queues: dict[str, Queue], calls: Calls) -> None:
        self._queues = queues
        self._calls = calls

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int) -> None:  # noqa: N803 - boto3's names
        queue = self._queues[QueueUrl]
        self._calls(SEND, lambda: queue.send(MessageBody, DelaySeconds), QueueUrl)
