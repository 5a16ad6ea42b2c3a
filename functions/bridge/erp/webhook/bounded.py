"""A connection for one message that has one end for all of it: connecting, sending, and the answer's headers and body.

httpx's time-outs are for single steps, and begin anew with every byte that comes: who drips is always in time.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpcore
import httpx

ENDS = "ends"
"""The extension of a request that says when it has to be over, as `time.monotonic()` tells."""


class Bounded(httpx.BaseTransport):
    """HTTP/1.1 over a new connection for each request. Raises what httpx's own transport does, at `ENDS` at the latest.

    `trust` is whom to believe; by default whom httpx believes.
    """

    def __init__(self, trust: ssl.SSLContext | None = None) -> None:
        self._trust = trust or httpx.create_ssl_context(trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=cast("httpx.SyncByteStream", request.stream),
            extensions=request.extensions,
        )
        network = _Network(request.extensions[ENDS])
        connection = httpcore.HTTPConnection(asked.url.origin, self._trust, network_backend=network)
        try:
            with _as_httpx():
                answer = connection.handle_request(asked)
        except BaseException:
            connection.close()
            raise
        stream = _Body(cast("Iterable[bytes]", answer.stream), connection)
        return httpx.Response(answer.status, headers=answer.headers, stream=stream, extensions=answer.extensions)


class _Body(httpx.SyncByteStream):
    """The connection ends with it."""

    def __init__(self, pieces: Iterable[bytes], connection: httpcore.HTTPConnection) -> None:
        self._pieces = pieces
        self._connection = connection

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._pieces

    def close(self) -> None:
        self._connection.close()


@contextmanager
def _as_httpx() -> Iterator[None]:
    """The two libraries name their errors alike."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        name = type(error).__name__
        raise getattr(httpx, name)(name) from error


class _Network(httpcore.NetworkBackend):
    def __init__(self, ends: float) -> None:
        self._ends = ends

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        patience = _left(self._ends, timeout, httpcore.ConnectTimeout)
        stream = httpcore.SyncBackend().connect_tcp(host, port, patience, local_address, socket_options)
        return _Stream(stream, self._ends)


class _Stream(httpcore.NetworkStream):
    """Every step may take what is left, and no more than it is given."""

    def __init__(self, stream: httpcore.NetworkStream, ends: float) -> None:
        self._stream = stream
        self._ends = ends

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            patience = _left(self._ends, timeout, httpcore.ConnectTimeout)
        except httpcore.ConnectTimeout:
            self.close()  # as httpcore's own stream does when it fails: nobody else knows of it yet
            raise
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, patience), self._ends)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._ends, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Piece by piece, as the receiver takes them: httpcore would give each the same time anew."""
        connected: socket.socket = self._stream.get_extra_info("socket")
        rest = memoryview(buffer)
        while rest:
            connected.settimeout(_left(self._ends, timeout, httpcore.WriteTimeout))
            try:
                rest = rest[connected.send(rest) :]
            except TimeoutError as error:
                raise httpcore.WriteTimeout from error
            except OSError as error:
                raise httpcore.WriteError from error

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(ends: float, timeout: float | None, too_late: type[httpcore.TimeoutException]) -> float:
    """Seconds for the next step, above 0; raises `too_late` when there are none."""
    left = ends - time.monotonic()
    if left <= 0:
        raise too_late
    return left if timeout is None else min(left, timeout)
