"""A proxy before DynamoDB that answers a part of the requests itself, as AWS does on bad days, or loses the answer."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
WHO = "x-test-thread"
"""Header that tells the threads of one client apart; see `told_apart`."""


class Fate(StrEnum):
    """What becomes of a request. `LOST` never arrives, `UNANSWERED` is carried out; the others AWS answers with."""

    PASS = "pass"
    CONFLICT = "TransactionConflictException"
    THROTTLED = "ThrottlingException"
    OVERLOADED = "ProvisionedThroughputExceededException"
    BROKEN = "InternalServerError"
    IN_PROGRESS = "TransactionInProgressException"
    LOST = "lost"
    UNANSWERED = "unanswered"


@dataclass(frozen=True)
class Request:
    """One attempt of one call."""

    operation: str
    body: dict[str, Any]
    thread: str

    @property
    def token(self) -> str:
        return str(self.body.get("ClientRequestToken", ""))


Plan = Callable[[Request], Fate]


@dataclass
class Proxy:
    """`plan` decides about every request; `seen` is what came, and what became of it."""

    url: str
    plan: Plan = lambda _: Fate.PASS
    seen: list[tuple[Request, Fate]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fate(self, request: Request) -> Fate:
        with self.lock:
            fate = self.plan(request)
            self.seen.append((request, fate))
        return fate

    def follow(self, *fates: Fate) -> None:
        """The next writes meet these fates, all others pass."""
        left = list(fates)
        self.plan = lambda request: left.pop(0) if left and request.operation in WRITES else Fate.PASS
        self.seen.clear()

    @property
    def fates(self) -> list[Fate]:
        return [fate for request, fate in self.seen if request.operation in WRITES]


@contextmanager
def before(url: str) -> Iterator[Proxy]:
    """A proxy on a free port of 127.0.0.1, before the DynamoDB at `url`."""
    target = urlsplit(url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            request = Request(
                self.headers["x-amz-target"].rpartition(".")[2], json.loads(raw), self.headers.get(WHO, "")
            )
            fate = proxy.fate(request)
            if fate in {Fate.PASS, Fate.UNANSWERED}:
                status, kept, body = self._forwarded(raw)
            else:
                status, kept, body = (500 if fate is Fate.BROKEN else 400), {}, _error(request, fate)
            if fate in {Fate.LOST, Fate.UNANSWERED}:
                self.close_connection = True
                with suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(status)
            for name, value in kept.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _forwarded(self, raw: bytes) -> tuple[int, dict[str, str], bytes]:
            upstream = http.client.HTTPConnection(str(target.hostname), target.port, timeout=20)
            try:
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                upstream.request("POST", self.path, raw, headers)
                answer = upstream.getresponse()
                body = answer.read()
                names = ("content-type", "x-amz-crc32", "x-amzn-requestid")
                kept = {name: value for name in names if (value := answer.getheader(name))}
                return answer.status, kept, body
            finally:
                upstream.close()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _error(request: Request, fate: Fate) -> bytes:
    """As DynamoDB words it; a transaction is cancelled where a single write meets a conflict."""
    body: dict[str, Any] = {"message": "canary"}
    name = fate.value
    if fate is Fate.CONFLICT and request.operation == "TransactWriteItems":
        name = "TransactionCanceledException"
        others = [{"Code": "None"}] * (len(request.body["TransactItems"]) - 1)
        body["CancellationReasons"] = [*others, {"Code": "TransactionConflict", "Message": "canary"}]
    return json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{name}", **body}).encode()


def told_apart(client: Any) -> Any:
    """The boto3 client, whose requests say which thread they are of."""

    def say(params: dict[str, Any], **_: Any) -> None:
        params["headers"][WHO] = str(threading.get_ident())

    client.meta.events.register("before-call.dynamodb", say)
    return client


def first_attempts_conflict() -> Plan:
    """Every write of every thread meets a conflict at first, and none at its second attempt."""
    repeating: set[str] = set()

    def plan(request: Request) -> Fate:
        if request.operation not in WRITES:
            return Fate.PASS
        if request.thread in repeating:
            repeating.remove(request.thread)
            return Fate.PASS
        repeating.add(request.thread)
        return Fate.CONFLICT

    return plan
