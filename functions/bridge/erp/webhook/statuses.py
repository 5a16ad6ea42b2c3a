"""What a receiver's status means for the message: by the number alone, its words are never read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from bridge.domain.errors import BridgeError, Misconfigured, NotNow, Refused, Unavailable

LONGEST_PATIENCE = timedelta(hours=1)
_LATER = {408, 425}
_WRONG_PLACE = {401, 403, 404, 405, *range(300, 400)}
_HINTS = {
    401: 'the receiver does not accept our signature: is "signing_secrets" in the ERP secret what it checks with?',
    403: 'the receiver does not accept our signature: is "signing_secrets" in the ERP secret what it checks with?',
    404: 'the receiver has nothing there: is "url" in the ERP secret right?',
    405: 'the receiver takes no POST there: is "url" in the ERP secret right?',
    410: "the receiver says that this address is gone for good: put its successor into the ERP secret, then retry",
    413: "the receiver finds the message too large: let it take 1 MiB, then retry",
}


def said_no(status: int, retry_after: str, now: datetime) -> BridgeError:
    """The error for any status but 2xx.

    What would be said to every message is the deployment's fault and parks none: Misconfigured, which rings.
    """
    if status in _WRONG_PLACE:
        hint = _HINTS.get(status, 'a redirect, which is not followed: put its target as "url" into the ERP secret')
        return Misconfigured(f"the webhook was answered HTTP {status}: {hint}")
    until = _until(retry_after, now)
    if status == 429:
        return NotNow("the webhook's receiver asks for patience (HTTP 429)", until)
    if status in _LATER or status >= 500 or status < 200:
        return Unavailable(f"the webhook was answered HTTP {status}", until)
    return Refused(f"the webhook was refused (HTTP {status}): {_HINTS.get(status, 'its own log knows why')}")


def _until(retry_after: str, now: datetime) -> datetime | None:
    """Of `Retry-After` in seconds or as a date; at most an hour ahead, None when there is none or none to be read."""
    try:
        if retry_after.isascii() and retry_after.isdigit():
            asked = timedelta(seconds=min(int(retry_after), 86_400))
        else:
            moment = parsedate_to_datetime(retry_after)
            asked = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return now + min(max(asked, timedelta(0)), LONGEST_PATIENCE)
