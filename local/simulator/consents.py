"""Who may call Amazon: applications, the sellers who authorised them, and tokens."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from local.simulator.draws import Draws
from local.simulator.records import Application, Seller

TOKEN_LIFE = timedelta(seconds=3600)


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """An access token: of a seller, or (seller_id empty) of the application for one grantless scope."""

    value: str
    client_id: str
    expires: datetime
    seller_id: str = ""
    scope: str = ""


@dataclass(slots=True)
class Consents:
    """State only; lwa.py decides."""

    draws: Draws
    canary: str
    applications: dict[str, Application] = field(default_factory=dict)
    """By client id."""
    sellers: dict[str, Seller] = field(default_factory=dict)
    """By seller id."""
    tokens: dict[str, Token] = field(default_factory=dict)

    def register(self, application_id: str, client_id: str, secret: str) -> Application:
        """A further secret for a known client id stays valid beside the earlier ones."""
        application = self.applications.setdefault(client_id, Application(application_id, client_id, []))
        application.application_id = application_id
        if secret not in application.secrets:
            application.secrets.append(secret)
        return application

    def withdraw(self, client_id: str, secret: str) -> None:
        """The secret stops working; no-op when it never did."""
        application = self.applications.get(client_id)
        if application is not None:
            with contextlib.suppress(ValueError):
                application.secrets.remove(secret)

    def refresh_token(self) -> str:
        return f"Atzr|{self.canary}{self.draws.code('refresh', 40)}"

    def issue(self, client_id: str, now: datetime, *, seller_id: str = "", scope: str = "") -> Token:
        value = f"Atza|{self.canary}{self.draws.code('access', 60)}"
        token = Token(value, client_id, now + TOKEN_LIFE, seller_id, scope)
        self.tokens[value] = token
        return token

    def seller_of(self, refresh_token: str) -> Seller | None:
        return next((seller for seller in self.sellers.values() if seller.refresh_token == refresh_token), None)

    def secrets(self) -> Iterable[str]:
        return [secret for application in self.applications.values() for secret in application.secrets]
