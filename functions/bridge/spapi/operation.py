"""One operation of SP-API as data: how it is called and how often it may be."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.domain.pacing import Limit


@dataclass(frozen=True, slots=True)
class Shared:
    """A bucket that all sellers of a region share: one of the whole application, or one for a special kind of call."""

    name: str
    rate: float
    burst: int

    @property
    def limit(self) -> Limit:
        return Limit(self.rate, self.burst)


@dataclass(frozen=True, slots=True)
class Operation:
    """`rate` in calls a second and `burst` in calls, per selling partner and application, as Amazon's model says."""

    name: str
    method: str
    path: str
    rate: float
    burst: int
    grantless: str = ""
    """Scope of the token for operations that no seller authorises; empty for the others."""
    shared: tuple[Shared, ...] = ()
    """Buckets that a call comes out of as well; Amazon's header never tells of them."""

    @property
    def limit(self) -> Limit:
        return Limit(self.rate, self.burst)
