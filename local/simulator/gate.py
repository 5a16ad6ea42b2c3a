"""The way in: which operation, who calls, is there quota left; then Amazon's answer, noted in the transcript."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from local.simulator import lwa, notifications_v1, orders_2026_01_01, orders_v0, sellers_v1
from local.simulator.buckets import LIMITS
from local.simulator.consents import Token
from local.simulator.exchange import ApiError, Request, Response, quota_exceeded, unauthorized
from local.simulator.faults import Fault
from local.simulator.moments import stamp
from local.simulator.operation import Call, Operation
from local.simulator.records import Seller
from local.simulator.world import World

OPERATIONS: tuple[Operation, ...] = (
    *orders_2026_01_01.OPERATIONS,
    *orders_v0.OPERATIONS,
    *notifications_v1.OPERATIONS,
    *sellers_v1.OPERATIONS,
)
TOKEN_OPERATION, UNKNOWN_OPERATION = "token", "unknown"
_LIMIT_SHOWN = frozenset({200, 201, 202, 204, 400, 404})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is sent; a fault replaces or garbles it on the wire."""

    response: Response
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class _Match:
    operation: Operation
    parameters: Mapping[str, str]


def answer(world: World, request: Request) -> Outcome:
    """Amazon's answer to any request that is not for the admin API."""
    with world.lock:
        if request.path == lwa.PATH and request.method == "POST":
            return _answer_token(world, request)
        match = _match(request)
        name = match.operation.name if match else UNKNOWN_OPERATION
        fault = world.faults.take(name)
        response = Response(200, {}) if fault and not fault.after_effect else _answer_api(world, request, match)
        response = _planted(fault, response) if fault else response
        response = replace(response, headers={**response.headers, "x-amzn-RequestId": world.draws.identity("request")})
        _note(world, request, match, response, fault)
        return Outcome(response, fault)


def _answer_token(world: World, request: Request) -> Outcome:
    fault = world.faults.take(TOKEN_OPERATION)
    spoiled = fault is not None and not fault.after_effect
    told = lwa.Answer(Response(500)) if spoiled else lwa.token(world, request)
    response = _planted(fault, told.response) if fault else told.response
    world.transcript.add(
        at=stamp(world.clock()),
        method=request.method,
        path=request.path,
        operation=TOKEN_OPERATION,
        seller_id=told.seller_id,
        order_id="",
        status=_told(response, fault),
        fault=fault.kind if fault else "",
    )
    return Outcome(response, fault)


def _match(request: Request) -> _Match | None:
    for operation in OPERATIONS:
        parameters = operation.matches(request)
        if parameters is not None:
            return _Match(operation, parameters)
    return None


def _answer_api(world: World, request: Request, match: _Match | None) -> Response:
    try:
        return _carry_out(world, request, match)
    except ApiError as error:
        response = error.response()
        limit = LIMITS.get(match.operation.name) if match else None
        return _with_limit(response, limit.header) if limit and response.status in _LIMIT_SHOWN else response


def _carry_out(world: World, request: Request, match: _Match | None) -> Response:
    if match is None:
        details = f"{request.method} {request.path}"
        raise ApiError(501, "NotImplemented", "The simulator does not have this operation.", details)
    operation, token = match.operation, _token(world, request)
    seller = _caller(world, operation, token)
    if not world.buckets.take((token.client_id, token.seller_id, operation.name), world.clock()):
        raise quota_exceeded()
    application = world.consents.applications[token.client_id]
    response = operation.handle(Call(world, request, match.parameters, application, seller))
    return _with_limit(response, LIMITS[operation.name].header)


def _with_limit(response: Response, limit: str) -> Response:
    return replace(response, headers={**response.headers, "x-amzn-RateLimit-Limit": limit})


def _token(world: World, request: Request) -> Token:
    if not request.headers.get("user-agent"):
        raise ApiError(400, "InvalidInput", "The request has no user-agent header.")
    token = world.consents.tokens.get(request.headers.get("x-amz-access-token", ""))
    if token is None:
        raise unauthorized("The access token is missing, malformed or invalid.")
    if token.expires <= world.clock():
        raise unauthorized("The access token you provided has expired.")
    return token


def _caller(world: World, operation: Operation, token: Token) -> Seller | None:
    if operation.scope != token.scope:
        raise unauthorized("The access token does not carry the scope or the seller that this operation needs.")
    if operation.scope:
        return None
    seller = world.consents.sellers.get(token.seller_id)
    if seller is None or seller.revoked:
        raise unauthorized("The application is not authorised by this seller any more.")
    return seller


def _planted(fault: Fault, own: Response) -> Response:
    if fault.kind == "html503":
        return Response(503, "<html><body><h1>503 Service Unavailable</h1></body></html>")
    if not fault.kind.isdigit():
        return own
    status = int(fault.kind)
    codes = {403: "Unauthorized", 429: "QuotaExceeded", 500: "InternalFailure", 503: "ServiceUnavailable"}
    return ApiError(status, codes.get(status, "InvalidInput"), "A planted fault.").response()


def _told(response: Response, fault: Fault | None) -> int:
    """The status that the caller saw; 0 when the caller saw none."""
    return 0 if fault is not None and fault.kind in {"hang", "reset"} else response.status


def _note(world: World, request: Request, match: _Match | None, response: Response, fault: Fault | None) -> None:
    token = world.consents.tokens.get(request.headers.get("x-amz-access-token", ""))
    world.transcript.add(
        at=stamp(world.clock()),
        method=request.method,
        path=request.path,
        operation=match.operation.name if match else UNKNOWN_OPERATION,
        seller_id=token.seller_id if token else "",
        order_id=match.parameters.get("orderId", "") if match else "",
        status=_told(response, fault),
        included_data=tuple(sorted(request.many("includedData"))),
        fault=fault.kind if fault else "",
    )
