"""A receiver that drips keeps nobody: connecting, sending, headers and body of the answer have one end together."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest

from bridge.domain.errors import Unavailable
from bridge.erp.publish import Publisher
from bridge.erp.watched import Watched
from bridge.erp.webhook import WHOLE_S, Webhook
from bridge.erp.webhook.bounded import ENDS, Bounded, _Stream
from bridge.erp.webhook.config import read_config
from bridge.stores.circuits import Circuits
from tests.contract.erp_kit.cases import order
from tests.contract.test_webhook import certified
from tests.fakes.receiver import HOST, SECRET
from tests.fakes.world import World

SHORT_S = 0.5
PIECES, PAUSE_S = 400, 0.05
"""Who drips is done at last, with an answer that is good: without an end the message would be taken."""
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n"
HEADERS = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-drip: ".ljust(PIECES - 4, b"x") + b"\r\n\r\n"
ANSWERS: dict[str, tuple[bytes, list[bytes]]] = {
    "headers": (b"", [HEADERS[n : n + 1] for n in range(PIECES)]),
    "body": (HEAD, [b" "] * PIECES),
    "chunks": (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        [b"1\r\n \r\n"] * (PIECES - 1) + [b"0\r\n\r\n"],
    ),
    "early hints": (b"", [b"HTTP/1.1 103 Early Hints\r\n\r\n"] * (PIECES - 1) + [b"HTTP/1.1 204 No Content\r\n\r\n"]),
}
"""What comes at once, and what comes byte by byte."""


@dataclass
class Dripping:
    """What a receiver saw of its callers."""

    port: int = 0
    came: int = 0
    dripped: int = 0
    """Pieces that were sent before the caller had gone."""
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def dripping(
    at_once: bytes, pieces: list[bytes], *, tls: ssl.SSLContext | None = None, reads: bool = True
) -> Iterator[Dripping]:
    """A receiver on a free port of this machine. One that does not read leaves the request where it is."""
    seen, over = Dripping(), threading.Event()

    def answer(connection: socket.socket) -> None:
        if reads:
            read_request(connection)
        connection.sendall(at_once)
        for piece in pieces:
            if over.wait(PAUSE_S):
                return
            connection.sendall(piece)
            seen.dripped += 1

    def serve() -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                connection, _ = listener.accept()
                seen.came += 1
                with (
                    suppress(OSError),
                    closing(tls.wrap_socket(connection, server_side=True) if tls else connection) as c,
                ):
                    answer(c)
                seen.ended.set()

    with socket.create_server((HOST, 0)) as listener:
        seen.port = listener.getsockname()[1]
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield seen
        finally:
            over.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def read_request(connection: socket.socket) -> None:
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    told = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < sum(told):
        body += connection.recv(65536)


@contextmanager
def webhook(port: int, *, trust: ssl.SSLContext | None = None, **more: Any) -> Iterator[Webhook]:
    scheme, host = ("https", "erp.test") if trust else ("http", HOST)
    raw = {"url": f"{scheme}://{host}:{port}/amazon", "signing_secrets": [SECRET], "private_hosts": [host]}
    with httpx.Client(transport=Bounded(trust), timeout=httpx.Timeout(60), trust_env=False) as client:
        yield Webhook(read_config({**raw, **more}), client, resolve=lambda _: [HOST], whole_s=SHORT_S)


@pytest.mark.parametrize("what", sorted(ANSWERS))
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_who_drips_is_left(what: str, secure: bool, tmp_path: Path) -> None:
    tls, trust = certified("erp.test", tmp_path) if secure else (None, None)
    at_once, pieces = ANSWERS[what]
    with dripping(at_once, pieces, tls=tls) as seen, webhook(seen.port, trust=trust) as channel:
        with pytest.raises(Unavailable, match=r"not within 0\.5 s; ReadTimeout"):
            Publisher(channel, {}).hold(order().key, "x")
        assert seen.ended.wait(30), "the connection was closed on it"
        assert seen.came == 1, "what may have been taken is not sent to another address"
        assert 0 < seen.dripped < PIECES


@pytest.mark.parametrize("what", sorted(ANSWERS))
def test_the_same_answer_at_once_is_taken(what: str) -> None:
    """So what is refused above is the dripping."""
    at_once, pieces = ANSWERS[what]
    with dripping(at_once + b"".join(pieces), []) as seen, webhook(seen.port) as channel:
        Publisher(channel, {}).hold(order().key, "x")
        assert seen.came == 1


def test_who_does_not_read_is_left() -> None:
    """More than the buffers between two programs hold; sending has no end of its own."""
    end = time.monotonic() + SHORT_S
    with dripping(b"", [b""] * PIECES, reads=False) as seen, httpx.Client(transport=Bounded(), timeout=60) as client:
        request = client.build_request("POST", f"http://{HOST}:{seen.port}/", content=b"x" * 64 * 1024 * 1024)
        request.extensions[ENDS] = end
        with pytest.raises(httpx.WriteTimeout):
            client.send(request)


def test_who_shakes_no_hand_is_left() -> None:
    """TLS is part of connecting: nothing was sent."""
    with dripping(b"", [b""] * PIECES, reads=False) as seen:
        trust = ssl.create_default_context()
        with webhook(seen.port, trust=trust) as channel, pytest.raises(Unavailable, match="ConnectTimeout"):
            Publisher(channel, {}).hold(order().key, "x")


def test_a_connection_that_is_too_late_for_tls_is_closed() -> None:
    mine, theirs = socket.socketpair()
    with closing(theirs), pytest.raises(httpcore.ConnectTimeout):
        _Stream(Plain(mine), time.monotonic()).start_tls(ssl.create_default_context())
    assert mine.fileno() == -1


class Plain(httpcore.NetworkStream):
    """A connected socket."""

    def __init__(self, connected: socket.socket) -> None:
        self._connected = connected

    def close(self) -> None:
        self._connected.close()


def test_addresses_share_one_end() -> None:
    """Once it is over no other address is called."""
    with dripping(b"", [b""] * PIECES, reads=False) as seen:
        trust, asked = ssl.create_default_context(), f"https://erp.test:{seen.port}/"
        raw = {"url": asked, "signing_secrets": [SECRET], "private_hosts": ["erp.test"]}
        with httpx.Client(transport=Bounded(trust), timeout=60) as client:
            found = [HOST, "127.0.0.2", "127.0.0.3"]
            channel = Webhook(read_config(raw), client, resolve=lambda _: found, whole_s=SHORT_S)
            with pytest.raises(Unavailable, match="ConnectTimeout"):
                Publisher(channel, {}).hold(order().key, "x")
        assert seen.came == 1


def look_up(erp: Watched) -> None:
    erp.find(order().key)


def tell(erp: Watched) -> None:
    erp.hold(order().key, "x")


@pytest.mark.parametrize("ask", [look_up, tell])
def test_the_circuit_counts_who_drips(ask: Callable[[Watched], None]) -> None:
    world = World()
    circuit = Circuits(world.table, world.clock, "webhook")
    at_once, pieces = ANSWERS["headers"]
    with dripping(at_once, pieces) as seen:
        url = f"http://{HOST}:{seen.port}/orders/{{order_id}}"
        with webhook(seen.port, lookup_url=url) as channel:
            erp = Watched(
                Publisher(channel, {}, look_up=channel.look_up, lookup_lag=timedelta(0)), circuit, world.signals
            )
            for _ in range(5):
                with pytest.raises(Unavailable):
                    ask(erp)
    assert world.signals.counts["ErpCircuitOpen"] == 1


def test_the_end_is_what_the_lease_counts_on() -> None:
    assert WHOLE_S == 10.0
