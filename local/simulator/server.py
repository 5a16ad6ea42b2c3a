"""The HTTP server around the world: Amazon's paths, Login with Amazon's path and /admin/."""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local.simulator import admin, gate
from local.simulator.exchange import ApiError, Request, Response
from local.simulator.faults import Fault
from local.simulator.world import World

_LARGEST_BODY = 1 << 20
_LOOPBACK = frozenset({"127.0.0.1", "::1"})


class Server(ThreadingHTTPServer):
    """Serves one world; `start` and `close` for use inside another process."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, world: World, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__((host, port), _Handler)
        self.world = world
        self.closing = threading.Event()
        self._serving = (
            threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True),
            threading.Thread(target=world.agenda.run_until_stopped, daemon=True),
        )

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> None:
        for thread in self._serving:
            thread.start()

    def close(self) -> None:
        """Stop accepting, release hanging requests, wait for the threads."""
        self.closing.set()
        self.world.agenda.stop()
        self.shutdown()
        self.server_close()
        for thread in self._serving:
            thread.join(5)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that went away (killed workers) are no news; anything else is a bug and shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Server", ""
    disable_nagle_algorithm = True
    timeout = 120
    server: Server

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Silent: paths and headers are for the transcript only."""

    def _serve(self) -> None:
        request = self._read()
        if request is None:
            return
        if request.path.startswith(admin.PREFIX):
            local = self.client_address[0] in _LOOPBACK
            self._send(admin.answer(self.server.world, request) if local else Response(403, {"error": "loopback only"}))
            return
        try:
            outcome = gate.answer(self.server.world, request)
        except Exception:
            # A bug of the simulator must look like one, not like Amazon.
            self._send(ApiError(500, "SimulatorBug", "The simulator failed.").response())
            raise
        if outcome.fault is None:
            self._send(outcome.response)
        else:
            self._send_spoiled(outcome.response, outcome.fault)

    def _read(self) -> Request | None:
        length = self.headers.get("content-length", "0")
        if "transfer-encoding" in self.headers or not length.isdecimal() or int(length) > _LARGEST_BODY:
            self.close_connection = True
            self._send(
                ApiError(413, "PayloadTooLarge", "The request size exceeded the maximum accepted size.").response()
            )
            return None
        url = urlsplit(self.path)
        return Request(
            method=self.command,
            path=url.path,
            query=parse_qs(url.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
        )

    def _send(self, response: Response, *, cut: bool = False) -> None:
        html = isinstance(response.body, str)
        text = response.body if html else "" if response.body is None else json.dumps(response.body, ensure_ascii=False)
        content = text.encode()
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Type", "text/html" if html else "application/json")
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        # end_headers has sent the head; the body follows without delay because Nagle is off.
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.wfile.flush()

    def _send_spoiled(self, response: Response, fault: Fault) -> None:
        if fault.kind == "truncate":
            self._send(response, cut=True)
        elif fault.kind == "hang":
            self.server.closing.wait(fault.seconds)
        elif fault.kind == "reset":
            # Linger of zero seconds: close sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
        else:
            self._send(response)
            return
        self.close_connection = True
