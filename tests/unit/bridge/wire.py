"""The client of SP-API with the network replaced: what would be sent, and whatever answer a test wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from bridge.domain.ids import Seller
from bridge.domain.pacing import User, micros
from bridge.spapi.client import Client
from bridge.spapi.pacing import Pacer
from bridge.stores.quota import Quota
from tests.fakes.table import MemoryTable
from tests.fakes.world import TestClock

TOKEN = "Atza|canary-access-token"
Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Tokens:
    """An access token, and how often a fresh one was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []

    def for_seller(self, seller: Seller, *, fresh: bool = False) -> str:
        self.asked.append((str(seller), fresh))
        return f"{TOKEN}-{len(self.asked)}"

    def grantless(self, scope: str, *, fresh: bool = False) -> str:
        self.asked.append((scope, fresh))
        return f"{TOKEN}-{len(self.asked)}"


class FreePacer(Pacer):
    """A slot some time from now, always."""

    def __init__(self, clock: TestClock) -> None:
        super().__init__(Quota(MemoryTable()), clock)
        self.clock = clock
        self.away = timedelta(0)
        self.reserved: list[tuple[str, User]] = []

    def _take(self, free: Any, user: User, count: int, reach: timedelta | None = None) -> Any:
        self.reserved.append((free.place.name, user))
        return free._replace(slots=[micros(self.clock.now() + self.away)] * count)


@dataclass
class Wire:
    """The last answer is repeated."""

    answers: list[Answer] = field(default_factory=list)
    endpoint: str = ""
    requests: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock, self.tokens = TestClock(), Tokens()
        self.pacer = FreePacer(self.clock)
        http = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.client = Client(http, self.tokens, self.pacer, self.clock, endpoint=self.endpoint)  # type: ignore[arg-type]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return answer(request)


def errors(code: str, message: str = "canary-message") -> dict[str, Any]:
    """Amazon's error envelope."""
    return {"errors": [{"code": code, "message": message, "details": "canary-details"}]}


def answer(status: int, body: Any = None, **headers: str) -> httpx.Response:
    content = {} if body is None else {"text": body} if isinstance(body, str) else {"json": body}
    return httpx.Response(status, headers={"x-amzn-requestid": "req-1", **headers}, **content)
