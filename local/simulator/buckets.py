"""Amazon's usage plans: a token bucket per application, seller and operation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Limit:
    """`rate` requests per second after `burst` at once."""

    rate: float
    burst: int

    @property
    def header(self) -> str:
        """As in x-amzn-RateLimit-Limit."""
        return str(float(self.rate))


_NOTIFICATIONS = Limit(1, 5)

# From Amazon's models, November 2026; a contract test compares them.
LIMITS: dict[str, Limit] = {
    "searchOrders": Limit(0.0056, 20),
    "getOrder": Limit(0.5, 30),
    "confirmShipment": Limit(2, 10),
    "getMarketplaceParticipations": Limit(0.016, 15),
    "getSubscriptions": _NOTIFICATIONS,
    "getSubscription": _NOTIFICATIONS,
    "createSubscription": _NOTIFICATIONS,
    "getSubscriptionById": _NOTIFICATIONS,
    "deleteSubscriptionById": _NOTIFICATIONS,
    "getDestinations": _NOTIFICATIONS,
    "createDestination": _NOTIFICATIONS,
    "getDestination": _NOTIFICATIONS,
    "deleteDestination": _NOTIFICATIONS,
}


class Buckets:
    """All buckets of this world; a bucket starts full."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str, str], tuple[float, datetime]] = {}

    def take(self, key: tuple[str, str, str], now: datetime) -> bool:
        """Take one token from the bucket of (application, seller, operation); False when none is left."""
        limit = LIMITS[key[2]]
        level, since = self._levels.get(key, (float(limit.burst), now))
        level = min(float(limit.burst), level + max(0.0, (now - since).total_seconds()) * limit.rate)
        # A billionth of a token is rounding, not a refusal.
        granted = level >= 1 - 1e-9
        self._levels[key] = (level - 1 if granted else level, now)
        return granted
