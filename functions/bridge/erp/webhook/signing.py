"""Signatures as Standard Webhooks has them: HMAC-SHA256 over id, time and body, under every secret that is valid."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime

PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64


def signing_key(secret: object) -> bytes | None:
    """The bytes in `whsec_<base64>`; None when it is not that, or of another length than 24 to 64 bytes."""
    if not isinstance(secret, str) or not secret.startswith(PREFIX):
        return None
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if _SHORTEST <= len(key) <= _LONGEST else None


def headers(name: str, moment: datetime, body: bytes, keys: Iterable[bytes]) -> dict[str, str]:
    """`name` is the message's id, the same at every repetition; `moment` that of this sending."""
    seconds = str(int(moment.timestamp()))
    signed = b".".join((name.encode(), seconds.encode(), body))
    signatures = (base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)
    return {
        "webhook-id": name,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
