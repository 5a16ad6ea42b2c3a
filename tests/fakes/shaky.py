"""A client of AWS with a bad day: the n-th write is lost, or its answer, or AWS says what a test wants it to say."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

WRITES = {"send_message", "put_events", "put_object"}


class Shaky:
    """Everything but the bad day is the real client."""

    def __init__(self, client: Any, step: int = 0, *, after: bool = False, error: ClientError | None = None) -> None:
        self._client, self._step, self._after, self._error = client, step, after, error
        self._seen, self._lock = 0, threading.Lock()

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)
        return self._bad(real) if name in WRITES else real

    def _bad(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def write(**parameters: Any) -> Any:
            with self._lock:
                self._seen += 1
                struck = self._seen == self._step
            if self._error:
                raise self._error
            if struck and not self._after:
                raise EndpointConnectionError(endpoint_url="https://aws.test")
            answer = real(**parameters)
            if struck:
                raise ReadTimeoutError(endpoint_url="https://aws.test")
            return answer

        return write


def says(code: str, status: int = 400, quoting: str = "") -> ClientError:
    """AWS's answer with this code, its message quoting what it was sent, as some do."""
    told = {"Error": {"Code": code, "Message": quoting}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, "Write")  # type: ignore[arg-type]
