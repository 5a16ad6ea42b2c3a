"""What can go wrong, named by what the queue does about it.

BridgeError
├── Unreadable      nobody can act on this message           → parked with the reason, acknowledged
├── Refused         the target said no, and will again       → parked with the reason, acknowledged
├── NotNow          try again later                          → stays due
│   ├── NotBegun    nothing was sent, so the try leaves no doubt and does not count
│   │   ├── Throttled    no slot of Amazon's quota is free yet
│   │   └── CircuitOpen  the ERP has not answered for a while, or turns everything away
│   ├── Unavailable the target did not answer, or not well
│   └── Unacknowledged  the target has it, and has not said what became of it
├── NotAllowed      the seller's consent is gone             → seller quarantined, a human is called
└── Misconfigured   the deployment itself is wrong           → fails while wiring

Messages never carry personal data, tokens or bodies: they end up in logs and in `bridge parked`.
"""

from __future__ import annotations

from datetime import datetime


class BridgeError(Exception):
    """Base of everything the bridge raises on purpose."""


class Unreadable(BridgeError):
    """The message cannot be understood; reading it again would not help."""


class Refused(BridgeError):
    """A target refused for good; a human has to change something first. `code` is the target's own, if it has one."""

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.code = code


class NotNow(BridgeError):
    """Later. `until` (aware UTC) is the earliest useful moment, when it is known."""

    def __init__(self, reason: str, until: datetime | None = None) -> None:
        super().__init__(reason)
        self.until = until


class NotBegun(NotNow):
    """Later, and nothing was sent anywhere: the try leaves no doubt, and does not count."""


class CircuitOpen(NotBegun):
    """The ERP did not answer several times in a row, or turns everything away: it is left in peace until `until`."""


class Throttled(NotBegun):
    """Amazon's quota has no slot before `until`; `slot` is set when one of `operation` was reserved there."""

    def __init__(self, reason: str, until: datetime, *, slot: datetime | None = None, operation: str = "") -> None:
        super().__init__(reason, until)
        self.slot = slot
        self.operation = operation


class Unavailable(NotNow):
    """The target did not answer in time, answered 5xx, or answered something unusable."""


class Unacknowledged(NotNow):
    """The target took a message and has not answered it: it is told again, under the same id, if no answer comes."""


class NotAllowed(BridgeError):
    """The seller's authorisation does not work any more (revoked, expired, role missing)."""


class Misconfigured(BridgeError):
    """A setting or secret of the deployment is missing or wrong."""
