"""The HTTP client that the product's SP-API client is given: Login with Amazon and SP-API without a socket."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import format_datetime
from typing import Any

import httpx

from bridge.domain.ids import Region, Seller, SellerId
from tests.simulation.amazon import Amazon
from tests.simulation.calls import Calls, Port
from tests.simulation.clock import moment


class Answer:
    """As much of httpx.Response as the product reads."""

    def __init__(self, status: int, content: Any, date: str = "") -> None:
        self.status_code = status
        self.is_success = 200 <= status < 300
        self.headers = {"date": date} if date else {}
        self._content = content

    def json(self) -> Any:
        if self._content is None:
            msg = "no JSON"
            raise ValueError(msg)
        return self._content


def _failing(what: str) -> Answer:
    if what == "failed":
        return Answer(503, None)
    raise httpx.ReadTimeout(what)


_USUAL: dict[str, Any] = {"fail": _failing, "timeout": 10.0, "latency": (0.05, 0.4), "remote": True}
GET, SEARCH, CONFIRM = (Port(f"amazon.{name}", **_USUAL) for name in ("getOrder", "searchOrders", "confirmShipment"))
LOGIN = Port("lwa.token", **_USUAL)


class Web:
    """`down` is an outage of Login with Amazon; `revoked` are sellers who took their consent back."""

    def __init__(self, amazon: Amazon, calls: Calls) -> None:
        self.cookies: dict[str, str] = {}
        self.down = False
        self.revoked: set[Seller] = set()
        self._amazon = amazon
        self._calls = calls

    def post(self, url: str, *, data: dict[str, str]) -> Any:
        def exchange() -> Answer:
            if self.down:
                return Answer(500, None)
            _, region, seller_id = data["refresh_token"].split("|")
            seller = Seller(Region(region), SellerId(seller_id))
            if seller in self.revoked:
                self._amazon.book.refused_logins[seller] += 1
                return Answer(400, {"error": "invalid_grant"})
            return Answer(200, {"access_token": data["refresh_token"].replace("refresh", "access"), "expires_in": 3600})

        return self._calls(LOGIN, exchange, data.get("refresh_token", ""))

    def request(self, method: str, url: str, *, params: Any, json: Any, headers: dict[str, str]) -> Any:
        seller = self._seller(headers["x-amz-access-token"], url)
        path = url.split(".com", 1)[1]
        port, effect = self._asked(method, seller, path, params, json)
        # The bucket stands at Amazon's door: a request may be carried out late, but it is counted when it comes.
        granted = self._calls.dead or self._amazon.granted(seller, port.name.partition(".")[2])
        if seller in self.revoked:
            return self._calls(port, lambda: Answer(403, _DENIED), path)
        return self._calls(port, effect if granted else lambda: Answer(429, _QUOTA), path)

    def _asked(
        self, method: str, seller: Seller, path: str, params: Any, body: Any
    ) -> tuple[Port, Callable[[], Answer]]:
        if method == "POST":
            if self._amazon.on_confirm and not self._calls.dead:
                self._amazon.on_confirm(body["packageDetail"]["trackingNumber"])
            return CONFIRM, lambda: Answer(*self._amazon.confirm(seller, path.split("/")[4], body))
        if path.endswith("/orders"):
            since, token = params["lastUpdatedAfter"], params.get("paginationToken")
            before = params.get("lastUpdatedBefore", "")
            return SEARCH, lambda: self._dated(*self._amazon.search(seller, since, token, before))
        personal, order_id = "RECIPIENT" in params["includedData"], path.rsplit("/", 1)[-1]
        return GET, lambda: Answer(*self._amazon.get_order(seller, order_id, personal=personal))

    def _seller(self, token: str, url: str) -> Seller:
        _, region, seller_id = token.split("|")
        if f"-{region}." not in url:
            self._amazon.book.troubles.append(("cross_tenant", f"a token of {region} at {url}"))
        return Seller(Region(region), SellerId(seller_id))

    def _dated(self, status: int, content: Any) -> Answer:
        return Answer(status, content, format_datetime(moment(self._amazon.second).replace(microsecond=0), usegmt=True))


_QUOTA, _DENIED = ({"errors": [{"code": code}]} for code in ("QuotaExceeded", "Unauthorized"))
