"""Login with Amazon: a token for each seller and for nobody else, and errors that say who has to act."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from bridge.domain.errors import BridgeError, Misconfigured, NotAllowed, Unavailable
from bridge.domain.ids import EU, NA, Seller, SellerId
from bridge.spapi.auth import Identity, Tokens
from tests.fakes.world import SELLER, TestClock

OTHER = Seller(EU, SellerId("A3OTHER"))
CANARY = "canary"


class Lwa:
    """Amazon's token endpoint and the secrets; `refuse` is the error it answers with while it is set."""

    def __init__(self) -> None:
        self.clock = TestClock()
        self.secrets: dict[str, dict[str, Any]] = {
            "lwa": {"client_id": "client-1", "client_secret": f"{CANARY}-secret-1"}
        }
        for seller in (SELLER, OTHER, Seller(NA, SELLER.seller_id)):
            self.secrets[f"bridge/{seller.region}/{seller.seller_id}"] = {"refresh_token": f"{CANARY}-{seller}"}
        self.forms: list[dict[str, str]] = []
        self.cookies: list[str] = []
        self.read: list[tuple[str, bool]] = []
        self.answer: Callable[[dict[str, str]], httpx.Response] = self._token
        http = httpx.Client(transport=httpx.MockTransport(self._receive))
        self.tokens = Tokens(http, Identity("lwa", "bridge/"), self._secret, self.clock)

    def _secret(self, name: str, fresh: bool) -> dict[str, Any]:
        self.read.append((name, fresh))
        if name not in self.secrets:
            raise Misconfigured(f"secret {name} cannot be read")
        return self.secrets[name]

    def _receive(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "https://api.amazon.com/auth/o2/token"
        self.cookies.append(request.headers.get("cookie", ""))
        self.forms.append({name: values[0] for name, values in parse_qs(request.content.decode()).items()})
        return self.answer(self.forms[-1])

    def _token(self, form: dict[str, str]) -> httpx.Response:
        whose = form.get("refresh_token") or form["scope"]
        return httpx.Response(200, json={"access_token": f"{whose}/{len(self.forms)}", "expires_in": 3600})

    def refuse(self, error: str, status: int = 400) -> None:
        body = {"error": error, "error_description": f"{CANARY} description"}
        self.answer = lambda _: httpx.Response(status, json=body)


@pytest.fixture
def lwa() -> Lwa:
    return Lwa()


def test_a_token_is_asked_for_as_amazon_wants_it(lwa: Lwa) -> None:
    lwa.tokens.for_seller(SELLER)
    lwa.tokens.grantless("sellingpartnerapi::notifications")
    client = {"client_id": "client-1", "client_secret": f"{CANARY}-secret-1"}
    assert lwa.forms == [
        {"grant_type": "refresh_token", "refresh_token": f"{CANARY}-{SELLER}", **client},
        {"grant_type": "client_credentials", "scope": "sellingpartnerapi::notifications", **client},
    ]


def test_a_token_is_kept_until_shortly_before_its_end(lwa: Lwa) -> None:
    first = lwa.tokens.for_seller(SELLER)
    lwa.clock.time += timedelta(seconds=3479)
    assert lwa.tokens.for_seller(SELLER) == first
    lwa.clock.time += timedelta(seconds=1)
    assert lwa.tokens.for_seller(SELLER) != first
    assert len(lwa.forms) == 2


def test_a_fresh_token_is_a_new_one_and_is_kept(lwa: Lwa) -> None:
    old = lwa.tokens.for_seller(SELLER)
    fresh = lwa.tokens.for_seller(SELLER, fresh=True)
    assert fresh != old
    assert lwa.tokens.for_seller(SELLER) == fresh


def test_no_seller_gets_anothers_token(lwa: Lwa) -> None:
    sellers = [SELLER, OTHER, Seller(NA, SELLER.seller_id)]
    for _ in range(2):
        for seller in sellers:
            assert lwa.tokens.for_seller(seller).startswith(f"{CANARY}-{seller}/")
    assert len(lwa.forms) == 3
    assert lwa.tokens.grantless(str(SELLER)).startswith(f"{SELLER}/")


def test_no_cookie_is_ever_sent_back(lwa: Lwa) -> None:
    plain = lwa.answer

    def with_cookie(form: dict[str, str]) -> httpx.Response:
        answer = plain(form)
        answer.headers["set-cookie"] = f"session={CANARY}; Domain=amazon.com; Path=/"
        return answer

    lwa.answer = with_cookie
    for seller in (SELLER, OTHER):
        lwa.tokens.for_seller(seller)
    assert lwa.cookies == ["", ""]


@pytest.mark.parametrize("error", ["invalid_grant", "unauthorized_client"])
def test_a_seller_who_took_back_the_consent(lwa: Lwa, error: str) -> None:
    lwa.refuse(error)
    with pytest.raises(NotAllowed, match=error):
        lwa.tokens.for_seller(SELLER)
    assert len(lwa.forms) == 2


@pytest.mark.parametrize("error", ["invalid_client", "invalid_scope", "invalid_request", "unsupported_grant_type"])
def test_a_wrong_client_is_the_deployments_own_mistake(lwa: Lwa, error: str) -> None:
    lwa.refuse(error, 401)
    with pytest.raises(Misconfigured, match=error):
        lwa.tokens.for_seller(SELLER)
    assert len(lwa.forms) == 2


PASSING: dict[str, Any] = {
    "500": httpx.Response(500, json={"error": "server_error"}),
    "429": httpx.Response(429, json={"error": "slow_down"}),
    "HTML": httpx.Response(503, text=f"<html>{CANARY}"),
    "200 HTML": httpx.Response(200, text=f"<html>{CANARY}"),
    "200 empty": httpx.Response(200),
    "200 without token": httpx.Response(200, json={"token_type": "bearer"}),
    "200 with null": httpx.Response(200, json={"access_token": None}),
    "200 list": httpx.Response(200, json=[CANARY]),
    "400 without error": httpx.Response(400, json={}),
    "no connection": httpx.ConnectError(CANARY),
    "time-out": httpx.ReadTimeout(CANARY),
}


def answering(shape: Any) -> Callable[[dict[str, str]], httpx.Response]:
    def answer(_: dict[str, str]) -> httpx.Response:
        if isinstance(shape, Exception):
            raise shape
        return httpx.Response(shape.status_code, headers=shape.headers, content=shape.content)

    return answer


@pytest.mark.parametrize("shape", PASSING.values(), ids=PASSING)
def test_anything_else_passes(lwa: Lwa, shape: Any) -> None:
    lwa.answer = answering(shape)
    with pytest.raises(Unavailable):
        lwa.tokens.for_seller(SELLER)
    assert len(lwa.forms) == 1
    lwa.answer = lwa._token
    assert lwa.tokens.for_seller(SELLER)


@pytest.mark.parametrize("life", ["soon", None, [], {}, True, "nan", "inf", -1, 1e300])
def test_an_odd_life_of_a_token_is_no_bug(lwa: Lwa, life: Any) -> None:
    body = {"access_token": "t", "expires_in": life}
    lwa.answer = lambda _: httpx.Response(200, content=json.dumps(body))
    assert lwa.tokens.for_seller(SELLER) == "t"


def test_a_rotated_secret_is_read_again_at_once(lwa: Lwa) -> None:
    lwa.answer = lambda form: (
        lwa._token(form)
        if form["client_secret"].endswith("2")
        else httpx.Response(401, json={"error": "invalid_client"})
    )
    stale = lwa.secrets["lwa"]

    def secret(name: str, fresh: bool) -> dict[str, Any]:
        lwa.read.append((name, fresh))
        return lwa.secrets[name] if fresh or name != "lwa" else stale

    lwa.secrets["lwa"] = {"client_id": "client-1", "client_secret": f"{CANARY}-secret-2"}
    lwa.tokens._read_secret = secret
    assert lwa.tokens.for_seller(SELLER)
    assert [form["client_secret"][-1] for form in lwa.forms] == ["1", "2"]
    assert ("lwa", True) in lwa.read


def test_a_seller_who_was_connected_anew_is_read_again_at_once(lwa: Lwa) -> None:
    name = f"bridge/{SELLER.region}/{SELLER.seller_id}"

    def first_refuse(form: dict[str, str]) -> httpx.Response:
        lwa.secrets[name] = {"refresh_token": "new"}
        lwa.answer = lwa._token
        return httpx.Response(400, json={"error": "invalid_grant"})

    lwa.answer = first_refuse
    assert lwa.tokens.for_seller(SELLER) == "new/2"
    assert (name, True) in lwa.read


@pytest.mark.parametrize("secret", [{}, {"refresh_token": ""}, {"refresh_token": None}, {"refreshToken": CANARY}])
def test_a_secret_of_another_form_is_named_by_its_field(lwa: Lwa, secret: dict[str, Any]) -> None:
    lwa.secrets[f"bridge/{SELLER.region}/{SELLER.seller_id}"] = secret
    with pytest.raises(Misconfigured, match="no `refresh_token`") as wrong:
        lwa.tokens.for_seller(SELLER)
    assert CANARY not in str(wrong.value)
    assert lwa.forms == []


@pytest.mark.parametrize("shape", [*PASSING.values(), "invalid_grant", "invalid_client", "other"], ids=str)
def test_no_error_shows_a_token_or_a_body(lwa: Lwa, shape: Any) -> None:
    if isinstance(shape, str):
        lwa.refuse(shape)
    else:
        lwa.answer = answering(shape)
    with pytest.raises(BridgeError) as error:
        lwa.tokens.for_seller(SELLER)
    assert CANARY not in "".join(traceback.format_exception(error.value))


def test_what_is_kept_does_not_print_tokens(lwa: Lwa) -> None:
    lwa.tokens.for_seller(SELLER)
    assert CANARY not in repr(lwa.tokens._kept)
