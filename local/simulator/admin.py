"""The hand that moves the simulated world: JSON under /admin/, for demo and tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.simulator import placing, truth
from local.simulator.deliveries import Odds
from local.simulator.exchange import ApiError, Request, Response
from local.simulator.faults import Fault
from local.simulator.places import PLACES, REGIONS
from local.simulator.placing import Impossible
from local.simulator.records import PII_ROLE, Order, Seller
from local.simulator.world import World

PREFIX = "/admin/"


class Unknown(Exception):
    """There is nothing at this path."""


def answer(world: World, request: Request) -> Response:
    """400 with the reason for what is impossible, 404 for what does not exist."""
    segments = request.path.removeprefix(PREFIX).strip("/").split("/")
    try:
        with world.lock:
            if request.method == "GET":
                return Response(200, _read(world, request, segments))
            return Response(200, _write(world, request, segments))
    except Unknown as error:
        return Response(404, {"error": str(error)})
    except ApiError as error:
        return Response(error.status, {"error": error.message})
    except (ValueError, TypeError) as error:
        return Response(400, {"error": str(error)})


def _read(world: World, request: Request, segments: list[str]) -> Any:  # noqa: PLR0911 - one row per path
    match segments:
        case ["health"]:
            return {
                "status": "ok",
                "seed": world.draws.seed,
                "sellers": len(world.consents.sellers),
                "orders": len(world.orders),
            }
        case ["orders"]:
            return [truth.order_line(order) for order in world.orders.values()]
        case ["orders", order_id]:
            return truth.order_truth(world, _order(world, order_id))
        case ["transcript"]:
            return world.transcript.after(int(request.one("after") or 0))
        case ["notifications"]:
            return [delivery.summary() for delivery in world.deliveries.log]
        case ["figures"]:
            return truth.figures(world)
        case ["canaries"]:
            return truth.canaries(world)
    raise Unknown(request.path)


def _write(world: World, request: Request, segments: list[str]) -> Any:  # noqa: PLR0911 - one row per path
    raw = request.json() if request.body else {}
    match segments:
        case ["application"]:
            return _register(world, raw)
        case ["sellers"]:
            return _add_seller(world, raw)
        case ["sellers", seller_id, ("revoke" | "restore") as action]:
            seller = world.consents.sellers.get(seller_id)
            if seller is None:
                raise Unknown(request.path)
            seller.revoked = action == "revoke"
            return {"seller_id": seller_id, "revoked": seller.revoked}
        case ["orders"]:
            return truth.order_line(placing.place_order(world, placing.read_wish(world, raw)))
        case ["orders", order_id, action]:
            order = _order(world, order_id)
            _act(world, order, action, raw)
            return truth.order_line(order)
        case ["deliveries"]:
            world.deliveries.odds = Odds(**raw)
            return raw
        case ["faults"]:
            world.faults.plant(
                Fault(**{"kind" if name == "status" else name: _kind(name, value) for name, value in raw.items()})
            )
            return raw
        case ["reset"]:
            world.reset(raw.get("seed"))
            return {"status": "ok"}
    raise Unknown(request.path)


def _kind(name: str, value: Any) -> Any:
    return str(value) if name in {"status", "kind"} else value


def _order(world: World, order_id: str) -> Order:
    order = world.orders.get(order_id)
    if order is None:
        msg = f"no order {order_id}"
        raise Unknown(msg)
    return order


def _register(world: World, raw: Mapping[str, Any]) -> dict[str, Any]:
    """`withdraw` is a secret that stops working."""
    values = [raw.get(name) for name in ("application_id", "client_id", "client_secret")]
    if not all(isinstance(value, str) and value for value in values):
        msg = "application_id, client_id and client_secret are required"
        raise Impossible(msg)
    application = world.consents.register(*map(str, values))
    if raw.get("withdraw"):
        world.consents.withdraw(application.client_id, str(raw["withdraw"]))
    return {
        "application_id": application.application_id,
        "client_id": application.client_id,
        "secrets": len(application.secrets),
    }


def _add_seller(world: World, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The seller authorises the application; again for a known seller: new roles and marketplaces."""
    applications = world.consents.applications
    client_id = raw.get("client_id") or next(iter(applications), None)
    marketplaces = tuple(raw.get("marketplace_ids") or ())
    region, seller_id = raw.get("region"), raw.get("seller_id")
    if client_id not in applications or not seller_id or region not in REGIONS:
        msg = "register an application first; seller_id and region (na, eu, fe) are required"
        raise Impossible(msg)
    if not marketplaces or any(
        marketplace not in PLACES or PLACES[marketplace].region != region for marketplace in marketplaces
    ):
        msg = "marketplace_ids are of the seller's region"
        raise Impossible(msg)
    known = world.consents.sellers.get(seller_id)
    token = raw.get("refresh_token") or (known.refresh_token if known else world.consents.refresh_token())
    roles = frozenset(raw.get("roles", ("Inventory and Order Tracking", PII_ROLE)))
    world.consents.sellers[seller_id] = Seller(seller_id, region, marketplaces, roles, client_id, token)
    return {"seller_id": seller_id, "refresh_token": token}


def _act(world: World, order: Order, action: str, raw: Mapping[str, Any]) -> None:
    actions: dict[str, Callable[[], None]] = {
        "release": lambda: placing.release(world, order),
        "cancel": lambda: placing.cancel(world, order, raw.get("by", "BUYER")),
        "request-cancel": lambda: placing.request_cancel(world, order, raw.get("reason", "ORDERED_BY_MISTAKE")),
        "ship": lambda: placing.ship(world, order),
        "touch": lambda: placing.touch(world, order, raw.get("set", {})),
        "delivery": lambda: _disturb(world, order, raw),
    }
    if action not in actions:
        msg = f"no action {action}"
        raise Unknown(msg)
    actions[action]()


def _disturb(world: World, order: Order, raw: Mapping[str, Any]) -> None:
    disturbance = placing.read_disturbance(raw)
    if disturbance is not None:
        world.deliveries.disturb(order.order_id, disturbance)
