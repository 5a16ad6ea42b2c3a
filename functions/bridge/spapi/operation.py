"""One operation of SP-API as data: how it is called and how often it may be."""

from __future__ import annotations

from dataclasses import dataclass


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
