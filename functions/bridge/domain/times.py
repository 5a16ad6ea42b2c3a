"""Times as the bridge keeps them: aware UTC in memory, fixed-width UTC text at rest, which sorts as time does."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from bridge.domain.errors import Unreadable

_LENGTH = 27
_EARLIEST, _LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""Hours can be added to any time between them."""


@lru_cache(maxsize=1024)
def to_text(moment: datetime) -> str:
    """`2026-11-24T03:00:00.000000Z`, always 27 characters; ValueError for a naive time.

    One write to the table tells the same moment several times: it is put into words once.
    """
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            msg = "a time without a zone"
            raise ValueError(msg)
        moment = moment.astimezone(UTC)
    text = moment.isoformat()
    return text[:26] + "Z" if moment.microsecond else text[:19] + ".000000Z"


def from_text(text: str) -> datetime:
    """The inverse of `to_text`; ValueError for any other text."""
    if len(text) != _LENGTH or not text.endswith("Z"):
        msg = "not a time as the bridge writes it"
        raise ValueError(msg)
    return datetime.fromisoformat(text)


def read_time(raw: object) -> datetime:
    """Any ISO 8601 time that Amazon writes; Unreadable when it is none or has no zone."""
    if not isinstance(raw, str):
        msg = f"time expected, got {type(raw).__name__}"
        raise Unreadable(msg)
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError as error:
        msg = "a time that is not ISO 8601"
        raise Unreadable(msg) from error
    if moment.tzinfo is None:
        msg = "a time without a zone"
        raise Unreadable(msg)
    if not _EARLIEST <= moment <= _LATEST:
        msg = "a time outside the calendar"
        raise Unreadable(msg)
    return moment.astimezone(UTC)
