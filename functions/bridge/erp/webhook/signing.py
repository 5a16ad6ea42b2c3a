"""Signatures as Standard Webhooks has them: HMAC-SHA256 over id, time and body, under every secret that is valid."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime


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
