"""Stands in for a vulnerability service that speaks OSV, on this machine only: pip-audit itself is the real one."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Mapping
from typing import Any


class Vulnerabilities:
    """Knows what it is told: `name==version` → the id of its vulnerability. As a context it gives its address."""

    def __init__(self, known: Mapping[str, str]) -> None:
        class Desk(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                body = json.dumps(_answer(known, asked)).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Desk)
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}/v1/query"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _answer(known: Mapping[str, str], asked: Mapping[str, Any]) -> dict[str, Any]:
    name, version = asked["package"]["name"], asked["version"]
    found = known.get(f"{name.lower()}=={version}")
    if not found:
        return {}
    package = {"name": name, "ecosystem": "PyPI"}
    affected = {"package": package, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}
    return {"vulns": [{"id": found, "details": "planted", "affected": [affected]}]}
