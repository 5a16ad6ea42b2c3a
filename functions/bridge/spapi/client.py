"""The one way to SP-API: a slot of quota, a token, one request, and an answer that is right or the right error."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import httpx

from bridge.domain.errors import BridgeError, Refused, Throttled, Unavailable
from bridge.domain.ids import EU, FE, NA, Region, Seller
from bridge.domain.pacing import User
from bridge.ports import Clock
from bridge.spapi.auth import Tokens
from bridge.spapi.operation import Operation
from bridge.spapi.pacing import Pacer

# https://developer-docs.amazon.com/sp-api/docs/sp-api-endpoints
ENDPOINTS: dict[Region, str] = {
    NA: "https://sellingpartnerapi-na.amazon.com",
    EU: "https://sellingpartnerapi-eu.amazon.com",
    FE: "https://sellingpartnerapi-fe.amazon.com",
}
TIMEOUT = httpx.Timeout(10.0, connect=1.0)
USER_AGENT = f"spapi-bridge/0.1 (Language=Python/{platform.python_version()}; Platform=AWS-Lambda)"
DENIED = "Denied"
"""Code of what Amazon answers 401 or 403 to, with a fresh token."""
_FAR_OFF = timedelta(hours=1)
"""No two clocks that are set right differ by so much."""
_TRANSIENT = {408, 425, 500, 502, 503, 504}


class Client:
    """One per worker: it keeps its connections."""

    def __init__(self, http: httpx.Client, tokens: Tokens, pacer: Pacer, clock: Clock, *, endpoint: str = "") -> None:
        self._http = http
        self.tokens = tokens
        self.pacer = pacer
        self._clock = clock
        self._endpoint = endpoint

    def call(  # noqa: PLR0913 - one request, its parts by name
        self,
        operation: Operation,
        seller: Seller,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        slot: datetime | None = None,
        user: User = User.LIVE,
    ) -> tuple[dict[str, Any], datetime]:
        """Amazon's answer as JSON (empty for 204) and Amazon's clock.

        `slot` is one that an earlier try reserved; `user` decides how far away a new one may be.

        Raises Throttled, Unavailable, Refused (with Amazon's code, or DENIED, for 4xx) or NotAllowed.
        """
        self.pacer.wait(operation, seller, slot, user)
        url = (self._endpoint or ENDPOINTS[seller.region]) + operation.path.format(
            **{name: quote(value, safe="") for name, value in (path or {}).items()}
        )
        answer = self._send(operation, seller, url, query, body, fresh=False)
        if answer.status_code in {401, 403}:
            # An access token may be refused before its time; a fresh one tells whether it is the token or the seller.
            answer = self._send(operation, seller, url, query, body, fresh=True)
        return self._read(operation, answer)

    def _send(
        self, operation: Operation, seller: Seller, url: str, query: Any, body: Any, *, fresh: bool
    ) -> httpx.Response:
        token = (
            self.tokens.grantless(operation.grantless, fresh=fresh)
            if operation.grantless
            else self.tokens.for_seller(seller, fresh=fresh)
        )
        headers = {"x-amz-access-token": token, "user-agent": USER_AGENT}
        try:
            answer = self._http.request(operation.method, url, params=query, json=body, headers=headers)
        except httpx.HTTPError as error:
            msg = f"{operation.name}: no answer ({type(error).__name__})"
            raise Unavailable(msg) from None
        finally:
            self._http.cookies.clear()  # one seller's cookie is not the next one's
        self.pacer.learn(operation, seller, answer.status_code, answer.headers)
        return answer

    def _read(self, operation: Operation, answer: httpx.Response) -> tuple[dict[str, Any], datetime]:
        if not answer.is_success:
            raise self._error(operation, answer)
        if answer.status_code == httpx.codes.NO_CONTENT:
            return {}, self._server_time(answer)
        try:
            content = answer.json()
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict) or "errors" in content:
            msg = f"{operation.name}: {answer.status_code} without a usable body (request {_request_id(answer)})"
            raise Unavailable(msg)
        return content, self._server_time(answer)

    def _error(self, operation: Operation, answer: httpx.Response) -> BridgeError:
        status = answer.status_code
        code = _code(answer)
        what = f"{operation.name}: {status} {code} (request {_request_id(answer)})"
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return Throttled(what, self._clock.now() + timedelta(seconds=min(1 / operation.rate, 60)))
        if status in {401, 403}:
            # Login with Amazon gave a fresh token, so the consent stands: this one thing is not allowed.
            return Refused(f"{what}; is the application's role granted, and is this the seller's own region?", DENIED)
        if status in _TRANSIENT or status >= httpx.codes.INTERNAL_SERVER_ERROR or status < httpx.codes.BAD_REQUEST:
            return Unavailable(what)
        return Refused(what, code)

    def _server_time(self, answer: httpx.Response) -> datetime:
        """Ours where Amazon's cannot be: the cursor of a sweep follows it, and never comes back."""
        now = self._clock.now()
        try:
            theirs = parsedate_to_datetime(answer.headers["date"])
        except (KeyError, ValueError, OverflowError):
            return now
        if theirs.tzinfo is None:
            theirs = theirs.replace(tzinfo=UTC)
        return theirs if abs(theirs - now) <= _FAR_OFF else now


def _code(answer: httpx.Response) -> str:
    """Amazon's error code. Never the message: it may repeat what was sent."""
    try:
        return str(answer.json()["errors"][0]["code"])[:60]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return "without a code"


def _request_id(answer: httpx.Response) -> str:
    return str(answer.headers.get("x-amzn-requestid", "unknown"))[:60]
