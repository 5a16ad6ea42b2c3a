"""Every form in which Amazon's notifications arrive, as one Message. The only file that knows of the forms.

Amazon writes the envelope in PascalCase or camelCase, per type, and has changed the casing of a type without a new
version (amzn/selling-partner-api-models@8a4a5a5): keys are compared without case. On EventBridge it lies in `detail`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bridge.domain.errors import Unreadable

_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Message:
    """A notification; keys of `payload` are in lower case at every depth."""

    kind: str
    notification_id: str
    application_id: str
    subscription_id: str
    payload: dict[str, Any]

    def named(self, path: Sequence[str]) -> str | None:
        """The text at a path of the payload, None when there is none."""
        value: Any = self.payload
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value if isinstance(value, str) and value else None


def open_envelope(body: str) -> Message:
    """Raises Unreadable, never anything else, whatever the body is."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError) as error:
        msg = "not JSON"
        raise Unreadable(msg) from error
    if not isinstance(raw, dict):
        msg = "JSON, but not an object"
        raise Unreadable(msg)
    envelope = _lower(raw, 0)
    if "detail-type" in envelope and isinstance(envelope.get("detail"), dict):
        envelope = envelope["detail"]
    metadata = envelope.get("notificationmetadata")
    if not isinstance(metadata, dict):
        msg = "no NotificationMetadata"
        raise Unreadable(msg)
    payload = envelope.get("payload")
    return Message(
        kind=_text(envelope, "notificationtype"),
        notification_id=_text(metadata, "notificationid"),
        application_id=str(metadata.get("applicationid") or ""),
        subscription_id=str(metadata.get("subscriptionid") or ""),
        payload=payload if isinstance(payload, dict) else {},
    )


def _lower(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        msg = "JSON nested deeper than any notification"
        raise Unreadable(msg)
    if isinstance(value, dict):
        return {str(name).lower(): _lower(part, depth + 1) for name, part in value.items()}
    if isinstance(value, list):
        return [_lower(part, depth + 1) for part in value]
    return value


def _text(raw: dict[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 200:
        msg = f"no {name}"
        raise Unreadable(msg)
    return value
