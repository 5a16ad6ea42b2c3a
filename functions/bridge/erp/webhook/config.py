"""What a user writes into the ERP secret for the webhook, checked while wiring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from bridge.domain.errors import Misconfigured
from bridge.domain.signatures import secret_key
from bridge.erp.webhook.destination import LOOPBACK

_HELP = {
    "url": "an https URL that takes POST, like https://erp.example.com/amazon",
    "signing_secrets": 'a list of one secret, or of two while one replaces the other, each "whsec_" and base64 of '
    "24 to 64 random bytes",
    "lookup_url": "an https URL with {order_id} in it, or leave it out",
    "lookup_lag_s": "seconds from 0 to 59 for which a look-up may miss what was delivered, or leave it out",
    "private_hosts": "a list of the host names that may have private addresses, or leave it out",
}


@dataclass(frozen=True, slots=True)
class Config:
    """`lookup_url` may stay empty. `private_hosts` may resolve to private addresses; all others may not."""

    url: str
    secrets: tuple[bytes, ...] = field(repr=False)
    lookup_url: str = ""
    lookup_lag: timedelta = timedelta(0)
    private_hosts: frozenset[str] = frozenset()


def read_config(raw: Mapping[str, object]) -> Config:
    """Raises Misconfigured with everything that is missing or wrong and what belongs there; never with a value."""
    hosts, lag = raw.get("private_hosts", []), raw.get("lookup_lag_s", 0)
    private = frozenset(hosts) if isinstance(hosts, list) and all(isinstance(h, str) for h in hosts) else None
    secrets, lookup = _secrets(raw.get("signing_secrets")), raw.get("lookup_url", "")
    wrong = [
        *([] if _usable(raw.get("url"), private) else ["url"]),
        *([] if secrets else ["signing_secrets"]),
        *([] if lookup == "" or (_usable(lookup, private) and "{order_id}" in str(lookup)) else ["lookup_url"]),
        *([] if isinstance(lag, int) and 0 <= lag < 60 else ["lookup_lag_s"]),
        *([] if private is not None else ["private_hosts"]),
    ]
    if wrong or not isinstance(lag, int):
        msg = "the ERP secret lacks " + "; ".join(f'"{name}": {_HELP[name]}' for name in wrong)
        raise Misconfigured(msg)
    return Config(str(raw["url"]), secrets, str(lookup), timedelta(seconds=lag), private or frozenset())


def _usable(raw: object, private: frozenset[str] | None) -> bool:
    """TLS always, but on this machine itself when that is named among the private hosts; no user, no password."""
    if not isinstance(raw, str):
        return False
    try:
        url = httpx.URL(raw)
    except httpx.InvalidURL:
        return False
    plain = url.scheme == "http" and url.host in LOOPBACK & (private or frozenset())
    return bool(url.host) and not url.userinfo and not url.fragment and (url.scheme == "https" or plain)


def _secrets(raw: object) -> tuple[bytes, ...]:
    """The keys; none at all when one of them is no secret of this form."""
    if not isinstance(raw, list) or not 1 <= len(raw) <= 2:
        return ()
    keys = tuple(secret_key(entry) for entry in raw)
    return tuple(key for key in keys if key) if all(keys) else ()
