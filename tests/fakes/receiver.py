"""A seller's webhook on this machine: it checks every signature, knows what it has had, and answers as it is told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

SECRET = "whsec_" + base64.b64encode(b"canary-webhook-secret-24").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"canary-webhook-secret-old").decode()
HOST = "127.0.0.1"


@dataclass
class Behaviour:
    """What is answered. `drop` "before" closes without taking anything, "after" takes it and then closes."""

    status: int = 202
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    drop: str = ""


class Receiver:
    """Deliveries with a good signature, as often as they came; `documents` once per id, as every receiver should."""

    def __init__(self, secret: str = SECRET) -> None:
        self.behaviour = Behaviour()
        self.deliveries: list[tuple[str, str]] = []
        self.documents: dict[str, dict[str, Any]] = {}
        self.refused = 0
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.orders: dict[str, dict[str, Any]] = {}
        """What a look-up tells, by order id."""
        self.url = ""
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._lock = threading.Lock()

    def texts(self, order_id: str) -> list[str]:
        return [text for _, text in self.deliveries if json.loads(text)["order_id"] == order_id]

    def times_of(self, name: str) -> int:
        return Counter(found for found, _ in self.deliveries)[name]

    def signed(self, headers: dict[str, str], body: bytes) -> bool:
        """As https://www.standardwebhooks.com tells receivers to, written without a look at the sender's code."""
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mine = base64.b64encode(hmac.new(self._key, content, hashlib.sha256).digest()).decode()
        given = [part.partition(",") for part in headers["webhook-signature"].split(" ")]
        return any(version == "v1" and hmac.compare_digest(theirs, mine) for version, _, theirs in given)

    def take(self, name: str, text: str) -> None:
        with self._lock:
            self.deliveries.append((name, text))
            self.documents.setdefault(name, json.loads(text))


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        behaviour = receiver.behaviour
        body, headers = self._read()
        if behaviour.drop != "before" and not receiver.signed(headers, body):
            receiver.refused += 1
            self._answer(401, {}, b"bad signature")
            return
        if 200 <= behaviour.status < 300 and behaviour.drop != "before":
            receiver.take(headers["webhook-id"], body.decode())
        if behaviour.drop:
            self.close_connection = True
            return
        self._answer(behaviour.status, behaviour.headers, behaviour.body)

    def do_GET(self) -> None:
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        body, headers = self._read()
        found = receiver.orders.get(self.path.rpartition("/")[2])
        if not receiver.signed(headers, body):
            self._answer(401, {}, b"")
        elif receiver.behaviour.status >= 300:
            self._answer(receiver.behaviour.status, {}, b"")
        else:
            self._answer(200 if found else 404, {}, json.dumps(found or {}).encode())

    def _read(self) -> tuple[bytes, dict[str, str]]:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.receiver.requests.append((self.command, self.path, headers))  # type: ignore[attr-defined]
        return body, headers

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that goes away in the middle (as it does from a host that cannot prove its name) is no news."""


@contextmanager
def serving(receiver: Receiver, tls: Any = None) -> Iterator[Receiver]:
    """The receiver listens on a free port of this machine while the block runs."""
    with _Server((HOST, 0), _Handler) as server:
        server.receiver = receiver  # type: ignore[attr-defined]
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        receiver.url = f"http://{HOST}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
