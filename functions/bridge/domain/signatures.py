"""Signatures of callers outside AWS: HMAC-SHA256 over time, method, path and body. Pure: the time is told.

Secrets are written as the Standard Webhooks specification writes them (`whsec_` and base64), and so are signatures
(`v1,` and base64, several with spaces between). https://github.com/standard-webhooks/standard-webhooks
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bridge.domain.errors import BridgeError, Misconfigured

WINDOW = timedelta(minutes=5)
"""How far the caller's clock may be from ours."""
PREFIX, VERSION = "whsec_", "v1,"
_SHORTEST, _LONGEST = 24, 64
_MOST_SIGNATURES = 5


class Unsigned(BridgeError):
    """Nobody who knows a secret has said this now."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is signed. `timestamp` is seconds since 1970 as the caller wrote them."""

    timestamp: str
    method: str
    path: str
    body: bytes

    @property
    def content(self) -> bytes:
        return f"{self.timestamp}.{self.method}.{self.path}.".encode() + self.body

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def sign(key: bytes, call: Call) -> str:
    return VERSION + base64.b64encode(hmac.digest(key, call.content, "sha256")).decode()


def verify(keys: Sequence[bytes], call: Call, signatures: str, now: datetime) -> None:
    """Raises Unsigned. Every key is compared with every signature, so that the time taken tells nothing."""
    if not re.fullmatch(r"[0-9]{1,11}", call.timestamp):
        msg = "bridge-timestamp must be the seconds since 1970, as a whole number"
        raise Unsigned(msg)
    if abs(now - datetime.fromtimestamp(int(call.timestamp), UTC)) > WINDOW:
        msg = f"bridge-timestamp is more than {WINDOW.seconds // 60} minutes from our clock"
        raise Unsigned(msg)
    given = [one.encode(errors="replace") for one in signatures.split(" ")[:_MOST_SIGNATURES]]
    fitting = [hmac.compare_digest(sign(key, call).encode(), one) for key in keys for one in given]
    if not any(fitting):
        msg = "bridge-signature fits none of the secrets; what is signed is `<timestamp>.<method>.<path>.<body>`"
        raise Unsigned(msg)


def read_keys(config: Mapping[str, object]) -> tuple[bytes, ...]:
    """`api_secrets` of the API secret: one, or two while one replaces the other. Misconfigured, never with a value."""
    raw = config.get("api_secrets")
    keys = [secret_key(entry) for entry in raw] if isinstance(raw, list) and 1 <= len(raw) <= 2 else []
    if not keys or None in keys:
        msg = (
            'the API secret lacks "api_secrets": a list of one secret, or of two while one replaces the other, each '
            f'"{PREFIX}" and base64 of {_SHORTEST} to {_LONGEST} random bytes'
        )
        raise Misconfigured(msg)
    return tuple(key for key in keys if key)


def secret_key(raw: object) -> bytes | None:
    """The bytes in `whsec_<base64>`; None when it is not that, or of another length than 24 to 64 bytes."""
    if not isinstance(raw, str) or not raw.startswith(PREFIX):
        return None
    try:
        key = base64.b64decode(raw.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if _SHORTEST <= len(key) <= _LONGEST else None
