"""The ERP told us something, from outside AWS."""

from __future__ import annotations

from typing import Any

from bridge import doors

_handle = doors.signed_api_handler()  # fails here, at INIT, if misconfigured


def handler(event: dict[str, Any], context: Any) -> Any:
    return _handle(event, context)
