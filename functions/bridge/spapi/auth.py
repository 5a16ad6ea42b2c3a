"""Login with Amazon: access tokens for sellers, and grantless ones, kept in memory until shortly before they expire.

Errors are told apart by what they mean: `invalid_grant` is a seller who has to consent again (NotAllowed),
`invalid_client` is the deployment's own secret (Misconfigured), anything else passes (Unavailable).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from bridge.domain.errors import Misconfigured, NotAllowed, Unavailable
from bridge.domain.ids import Seller
from bridge.ports import Clock

LWA = "https://api.amazon.com/auth/o2/token"
_MARGIN = timedelta(seconds=120)
_USUAL, _LONGEST = 3600, 86_400
_RECONSENT = {"invalid_grant", "unauthorized_client"}

ReadSecret = Callable[[str, bool], dict[str, Any]]
"""(name, fresh) → the JSON object in the secret; raises Misconfigured."""


@dataclass(frozen=True, slots=True)
class Token:
    value: str
    expires: datetime

    def __repr__(self) -> str:
        return f"Token(…, expires={self.expires})"


@dataclass(frozen=True, slots=True)
class Identity:
    """Where the secrets are: names, not values."""

    lwa_secret: str
    seller_secrets: str
    endpoint: str = LWA

    def seller_secret(self, seller: Seller) -> str:
        return f"{self.seller_secrets}{seller.region}/{seller.seller_id}"


class Tokens:
    """Access tokens, one per seller or scope; never shared between two of them."""

    def __init__(self, http: httpx.Client, identity: Identity, read_secret: ReadSecret, clock: Clock) -> None:
        self._http = http
        self._identity = identity
        self._read_secret = read_secret
        self._clock = clock
        self._kept: dict[tuple[str, str], Token] = {}

    def for_seller(self, seller: Seller, *, fresh: bool = False) -> str:
        """Raises NotAllowed when the seller has to consent again."""

        def form(*, reread: bool) -> dict[str, str]:
            secret = self._read_secret(self._identity.seller_secret(seller), reread)
            return {"grant_type": "refresh_token", "refresh_token": _field(secret, "refresh_token")}

        return self._token(("seller", str(seller)), form, fresh=fresh)

    def grantless(self, scope: str, *, fresh: bool = False) -> str:
        def form(*, reread: bool) -> dict[str, str]:  # noqa: ARG001 - there is no secret of a seller to read again
            return {"grant_type": "client_credentials", "scope": scope}

        return self._token(("scope", scope), form, fresh=fresh)

    def _token(self, key: tuple[str, str], form: Callable[..., dict[str, str]], *, fresh: bool) -> str:
        kept = self._kept.get(key)
        if kept and not fresh and kept.expires - _MARGIN > self._clock.now():
            return kept.value
        try:
            token = self._exchange(form(reread=False), reread=False)
        except (Misconfigured, NotAllowed):
            # The secret may have been rotated, or the seller connected anew, since we read it.
            token = self._exchange(form(reread=True), reread=True)
        self._kept[key] = token
        return token.value

    def _exchange(self, form: dict[str, str], *, reread: bool) -> Token:
        client = self._read_secret(self._identity.lwa_secret, reread)
        credentials = {name: _field(client, name) for name in ("client_id", "client_secret")}
        asked = self._clock.now()
        try:
            answer = self._http.post(self._identity.endpoint, data=form | credentials)
            body = answer.json()
        except httpx.HTTPError as error:
            msg = f"Login with Amazon did not answer: {type(error).__name__}"
            raise Unavailable(msg) from None
        except ValueError:
            msg = f"Login with Amazon answered {answer.status_code} without JSON"
            raise Unavailable(msg) from None
        finally:
            self._http.cookies.clear()  # one seller's cookie is not the next one's
        if not isinstance(body, dict):
            body = {}
        if answer.status_code == httpx.codes.OK and isinstance(body.get("access_token"), str):
            told = body.get("expires_in")
            life = told if isinstance(told, int) and 0 < told <= _LONGEST else _USUAL
            return Token(body["access_token"], asked + timedelta(seconds=life))
        raise _refusal(answer.status_code, str(body.get("error")))


def _field(secret: dict[str, Any], name: str) -> str:
    value = secret.get(name)
    if not isinstance(value, str) or not value:
        msg = f"a secret has no `{name}`; see docs/deploying.md for its form"
        raise Misconfigured(msg)
    return value


def _refusal(status: int, error: str) -> Exception:
    if error in _RECONSENT:
        return NotAllowed(
            f"Login with Amazon: {error}; the seller has to authorise the application again (`bridge seller add`)"
        )
    if error in {"invalid_client", "invalid_scope", "invalid_request", "unsupported_grant_type"}:
        return Misconfigured(f"Login with Amazon: {error}; check client_id and client_secret in the LWA secret")
    return Unavailable(f"Login with Amazon answered {status}")
