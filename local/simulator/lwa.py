"""Login with Amazon: the token endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from local.simulator.consents import TOKEN_LIFE, Token
from local.simulator.exchange import Request, Response
from local.simulator.records import Application
from local.simulator.world import World

PATH = "/auth/o2/token"
NOTIFICATIONS_SCOPE = "sellingpartnerapi::notifications"
SCOPES = frozenset(
    {NOTIFICATIONS_SCOPE, "sellingpartnerapi::client_credential:rotation", "sellingpartnerapi::shipments:track"}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What LWA says, and whom it was about (for the transcript)."""

    response: Response
    seller_id: str = ""


class Refusal(Exception):
    """LWA's own form of an error; not Amazon's envelope."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.response = Response(status, {"error": error, "error_description": description})


def token(world: World, request: Request) -> Answer:
    """grant_type refresh_token (seller) or client_credentials (grantless scope)."""
    try:
        return _granted(world, request)
    except Refusal as refusal:
        return Answer(refusal.response)


def _granted(world: World, request: Request) -> Answer:
    form = {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
    application = _application(world, form)
    if form.get("grant_type") == "refresh_token":
        return _of_seller(world, application, form)
    if form.get("grant_type") == "client_credentials":
        return _grantless(world, application, form)
    message = "The authorization grant type is not supported by the authorization server"
    raise Refusal(400, "unsupported_grant_type", message)


def _application(world: World, form: Mapping[str, str]) -> Application:
    if not form.get("grant_type"):
        raise Refusal(400, "invalid_request", "The request is missing a required parameter : grant_type")
    application = world.consents.applications.get(form.get("client_id", ""))
    if application is None or form.get("client_secret") not in application.secrets:
        raise Refusal(401, "invalid_client", "Client authentication failed")
    return application


def _of_seller(world: World, application: Application, form: Mapping[str, str]) -> Answer:
    refresh_token = form.get("refresh_token")
    if not refresh_token:
        raise Refusal(400, "invalid_request", "The request is missing a required parameter : refresh_token")
    seller = world.consents.seller_of(refresh_token)
    if seller is None or seller.revoked:
        raise Refusal(
            400,
            "invalid_grant",
            "The request has an invalid grant parameter : refresh_token. "
            "User may have revoked or didn't grant the permission.",
        )
    if seller.client_id != application.client_id:
        raise Refusal(400, "unauthorized_client", "Not authorized for requested operation")
    issued = world.consents.issue(application.client_id, world.now(), seller_id=seller.seller_id)
    return Answer(_issued(issued, {"refresh_token": refresh_token}), seller.seller_id)


def _grantless(world: World, application: Application, form: Mapping[str, str]) -> Answer:
    scope = form.get("scope", "")
    if scope not in SCOPES:
        raise Refusal(400, "invalid_scope", "The request has an invalid parameter : scope")
    return Answer(_issued(world.consents.issue(application.client_id, world.now(), scope=scope), {"scope": scope}))


def _issued(issued: Token, more: Mapping[str, str]) -> Response:
    body = {"access_token": issued.value, **more, "token_type": "bearer", "expires_in": int(TOKEN_LIFE.total_seconds())}
    return Response(200, body, {"Cache-Control": "no-store"})
