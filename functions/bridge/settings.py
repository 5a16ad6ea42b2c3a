"""What a deployed function is told through its environment: one field here is one `BRIDGE_…` variable.

No field has a default: `infra/` does not type-check until it passes every one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.domain.errors import Misconfigured

PREFIX = "BRIDGE_"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Strings only, because an environment holds nothing else; empty means "does not apply here"."""

    stage: str
    """Name of the deployment: dev, prod, …"""
    table: str
    """Name of the DynamoDB table."""
    queue_orders: str
    """URL of the work queue of the orders lane."""
    queue_erp: str
    """URL of the work queue of the ERP lane."""
    queue_shipments: str
    """URL of the work queue of the shipments lane."""
    queue_lines: str
    """URL of the queue whose messages have a waiting line served."""
    kinds: str
    """Comma-separated kinds of work this function may carry (names of EFFECTS, or names of sweeps)."""
    application_id: str
    """Id of our SP-API application (amzn1.sp.solution.…): notifications of others are dropped. Empty: not checked."""
    lwa_secret: str
    """Secret with {"client_id": …, "client_secret": …} of Login with Amazon."""
    seller_secrets: str
    """Prefix of the secrets with {"refresh_token": …}; the rest of the name is `<region>/<seller>`."""
    erp: str
    """Name of the connector (a row of CONNECTORS) or its dotted path."""
    erp_secret: str
    """Secret with the connector's own settings, as JSON."""
    api_secret: str
    """Secret with {"api_secrets": […]}: what callers outside AWS sign with."""
    erp_target: str
    """Queue, bus or bucket that the connector writes to, where it is one of AWS's; empty for all others."""
    spapi_endpoint: str
    """Base URL that replaces Amazon's regional endpoints; empty in production."""
    lwa_endpoint: str
    """URL that replaces https://api.amazon.com/auth/o2/token; empty in production."""
    orders_period_s: str
    """Seconds between two searches of one seller's orders (300 at Amazon)."""
    orders_idle_s: str
    """Seconds between two searches while half of Amazon's quota for them, or more, is unused (180 at Amazon)."""
    search_overlap_s: str
    """Seconds that each search of orders looks back over the last one (180 at Amazon)."""
    shipments_period_s: str
    """Seconds between two looks at one seller's shipments in the ERP."""
    shipments_overlap_s: str
    """Seconds that each look at the ERP looks back over the last one (90: longest ERP transaction)."""
    readback_s: str
    """Seconds after a confirmed shipment until Amazon is asked whether it shows the parcel (900)."""

    def environment(self) -> dict[str, str]:
        """The variables that `read` reads."""
        return {PREFIX + name.upper(): value for name, value in dataclasses.asdict(self).items()}

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Raises Misconfigured with the names of all missing variables."""
        names = [field.name for field in dataclasses.fields(cls)]
        missing = [PREFIX + name.upper() for name in names if PREFIX + name.upper() not in environ]
        if missing:
            msg = f"environment variables are missing: {', '.join(missing)}"
            raise Misconfigured(msg)
        return cls(**{name: environ[PREFIX + name.upper()] for name in names})
