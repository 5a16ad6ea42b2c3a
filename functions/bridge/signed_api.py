"""The HTTP API for callers outside AWS, who sign with a secret: whoever may speak, speaks to the same routes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any

from bridge import api
from bridge.domain.errors import BridgeError, Misconfigured
from bridge.domain.signatures import Call, Unsigned, verify
from bridge.ports import Ports

PREFIX = "/hmac"
ROUTES = tuple(route.replace(" ", f" {PREFIX}", 1) for route in api.ROUTES)
"""The routes of the API with a prefix: API Gateway lets everybody through here, and nothing else through to them."""


def consumer(
    ports: Ports, keys: Callable[[], Sequence[bytes]], first: Callable[[str], bool]
) -> Callable[[dict[str, Any], Any], api.Response]:
    """`first` notes a call's digest, and says whether it is new: a signature is good for one call."""
    respond = api.consumer(ports)

    def consume(event: dict[str, Any], context: Any) -> api.Response:
        try:
            call, signatures = _call(event)
            verify(keys(), call, signatures, ports.clock.now())
            _once(call, first)
        except Unsigned as error:
            ports.signals.count("Unsigned")
            ports.signals.note("unsigned", reason=str(error))  # a text of ours, without a word of the caller's
            return api.answer(401, error=str(error))
        except BridgeError as error:
            if isinstance(error, Misconfigured):
                ports.signals.count("Misconfigured")
            ports.signals.note("api", reason=str(error))
            return api.answer(503, error="not stored; sign it anew and send it again")
        return respond({**event, "routeKey": f"{call.method} {call.path.removeprefix(PREFIX)}"}, context)

    return consume


def _once(call: Call, first: Callable[[str], bool]) -> None:
    if not first(call.digest):
        msg = "this was said with this timestamp before; sign every attempt anew"
        raise Unsigned(msg)


def _call(event: dict[str, Any]) -> tuple[Call, str]:
    """What was said, and its signatures. The path is that of the route, whatever way the request came."""
    headers = event.get("headers") or {}
    method, _, path = str(event.get("routeKey")).partition(" ")
    body = str(event.get("body") or "")
    try:
        content = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, ValueError) as error:
        msg = "the body is not what it says it is"
        raise Unsigned(msg) from error
    call = Call(str(headers.get("bridge-timestamp", "")), method, path, content)
    return call, str(headers.get("bridge-signature", ""))
