"""One invocation of a function: it may wait, be killed at its time-out, or die with its sandbox at any port call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from greenlet import greenlet

from tests.simulation.clock import Hub


class Killed(BaseException):
    """The sandbox is gone. No handler may catch this."""


class Context:
    """What Lambda hands to a function."""

    function_name = "simulated"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn"
    aws_request_id = "request"

    def __init__(self, strand: Strand) -> None:
        self._strand = strand

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._strand.deadline - self._strand.hub.now) * 1000))


class Strand:
    """`name` for the transcript; `crashed`, `error` or `result` once it is over."""

    def __init__(self, hub: Hub, name: str, timeout: float) -> None:
        self.hub = hub
        self.name = name
        self.deadline = hub.now + timeout
        self.dead = False
        self.crashed = False
        self.error: Exception | None = None
        self.result: Any = None

    def start(self, handler: Callable[[Any, Any], Any], event: Any, done: Callable[[Strand], None]) -> None:
        """To be called by the world, never by another strand."""

        def run() -> None:
            self.hub.strand = self
            try:
                self.result = handler(event, Context(self))
            except Killed:
                self.crashed = True
            except Exception as error:  # noqa: BLE001 - Lambda reports it, and goes on
                self.error = error
            self.hub.strand = None
            done(self)

        greenlet(run, self.hub.main).switch()

    def wait(self, seconds: float) -> None:
        """Raises Killed at the function's time-out."""
        when = self.hub.now + seconds
        self.hub.wait_until(min(when, self.deadline))
        if when >= self.deadline:
            self.die()

    def die(self) -> NoReturn:
        """Nothing that is still on the stack (`finally`, `with`) reaches the world outside any more."""
        self.dead = True
        raise Killed
