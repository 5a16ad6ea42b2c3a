"""The ERP told us something, through its queue."""

from __future__ import annotations

from typing import Any

from bridge import doors

_handle = doors.erp_in_handler()  # fails here, at INIT, if misconfigured


def handler(event: dict[str, Any], context: Any) -> Any:
    return _handle(event, context)
