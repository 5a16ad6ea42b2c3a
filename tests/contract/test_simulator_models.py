"""Every answer of the simulator, and every notification, is valid against Amazon's own models."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest

from local.simulator.buckets import LIMITS
from local.simulator.gate import OPERATIONS
from local.simulator.remote import Amazon
from local.simulator.server import Server
from tests.contract.amazon_models import FILES, MODELS, check, closed, described, model, require
from tests.unit.simulator.market import DE, GB, JP, QUEUE, US, Market

EVERYTHING = (
    "BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,TAX,PAYMENT,FULFILLMENT_ORDERS"
)
LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture(scope="module", autouse=True)
def models() -> None:
    require()


class Client:
    """A client that looks up every answer in Amazon's model before it believes it."""

    def __init__(self, url: str, market: Market) -> None:
        self.http = httpx.Client(base_url=url, trust_env=False, headers={"user-agent": "contract/1"})
        self.market = market
        self.seen: set[tuple[str, int]] = set()

    def __call__(
        self, method: str, path: str, *, token: str | None = None, body: Any = None, **query: str
    ) -> httpx.Response:
        headers = {"x-amz-access-token": self.market.token() if token is None else token}
        response = self.http.request(method, path, headers=headers, params=query, json=body)
        described_by, operation = described(method, path)
        self.seen.add((operation["operationId"], response.status_code))
        answer = operation["responses"][str(response.status_code)]
        if "schema" in answer and response.status_code != 204:
            check({**answer["schema"], "definitions": described_by["definitions"]}, response.json())
        else:
            assert response.content == b""
        assert response.headers["x-amzn-RequestId"]
        assert response.headers["date"]
        assert ("x-amzn-RateLimit-Limit" in response.headers) == (
            response.status_code in {200, 201, 202, 204, 400, 404}
        )
        return response


@pytest.fixture
def market() -> Market:
    return Market()


@pytest.fixture
def call(market: Market) -> Iterator[Client]:
    server = Server(market.world)
    server.start()
    client = Client(server.url, market)
    try:
        yield client
    finally:
        client.http.close()
        server.close()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: str(operation.name))
def test_operations_are_amazons(operation: Any) -> None:
    _, described_operation = described(operation.method, re.sub(r"\{\w+\}", "x", operation.path))
    assert described_operation["operationId"] == operation.name
    rate, burst = re.findall(r"\|\s*([\d.]+)\s*\|\s*(\d+)\s*\|", described_operation["description"])[0]
    assert (LIMITS[operation.name].rate, LIMITS[operation.name].burst) == (float(rate), int(burst))
    assert bool(operation.scope) == ("is grantless" in described_operation["description"])


def test_orders_in_every_state(call: Client, market: Market) -> None:
    basket = [{"sku": "MUG", "quantity": 3, "gift_wrap": True, "discount": "1.50"}, {"sku": "TEA", "quantity": 1}]
    placed = {
        (place, state): market.place(place, items=basket, shipping="4.99", **wish)
        for place in (US, DE, GB, JP)
        for state, wish in {"pending": {"pending_s": None}, "amazon": {"fulfilled_by": "AMAZON"}, "own": {}}.items()
    }
    placed |= {(US, state): market.place(items=basket) for state in ("cancelled", "asked", "part", "shipped")}
    market.admin(f"orders/{placed[US, 'cancelled']}/cancel")
    market.admin(f"orders/{placed[US, 'asked']}/request-cancel")
    market.admin(f"orders/{placed[DE, 'amazon']}/ship")
    part = placed[US, "part"]
    market.confirm(part, quantities={market.world.orders[part].items[0].item_id: 2})
    market.confirm(placed[US, "shipped"])
    for order_id in placed.values():
        token = market.token(market.world.orders[order_id].seller_id)
        for query in ({}, {"includedData": EVERYTHING}):
            assert call("GET", f"/orders/2026-01-01/orders/{order_id}", token=token, **query).status_code == 200


def test_search(call: Client, market: Market) -> None:
    for _ in range(5):
        market.place()
    market.advance(200)
    query = {"createdAfter": LONG_AGO, "maxResultsPerPage": "2", "includedData": EVERYTHING}
    first = call("GET", "/orders/2026-01-01/orders", **query).json()
    assert len(first["orders"]) == 2
    token = first["pagination"]["nextToken"]
    assert len(call("GET", "/orders/2026-01-01/orders", paginationToken=token).json()["orders"]) == 3
    assert call("GET", "/orders/2026-01-01/orders").status_code == 400
    bad = {"lastUpdatedAfter": LONG_AGO, "marketplaceIds": DE}
    assert call("GET", "/orders/2026-01-01/orders", **bad).status_code == 403


def test_errors_of_orders(call: Client, market: Market) -> None:
    path = "/orders/2026-01-01/orders/111-0000000-0000000"
    assert call("GET", path).status_code == 404
    assert call("GET", path, token="").status_code == 403
    assert call("GET", path, includedData="NOTHING").status_code == 400
    token = market.token()
    statuses = [call("GET", path, token=token).status_code for _ in range(31)]
    assert statuses[-1] == 429
    market.admin("faults", operation="getOrder", status=500)
    assert call("GET", path, token=token).status_code == 500


def test_confirm_shipment(call: Client, market: Market) -> None:
    order_id = market.place()
    [item] = market.world.orders[order_id].items
    detail = {
        "packageReferenceId": "77",
        "carrierCode": "UPS",
        "trackingNumber": "1Z",
        "shipDate": market.now.isoformat(),
        "orderItems": [{"orderItemId": item.item_id, "quantity": 3}],
    }
    body = {"marketplaceId": US, "packageDetail": detail}
    definitions = model(FILES["/orders/v0/"])["definitions"]
    check({"$ref": "#/definitions/ConfirmShipmentRequest", "definitions": definitions}, body)
    path = f"/orders/v0/orders/{order_id}/shipmentConfirmation"
    assert call("POST", path, body=body).status_code == 204
    assert call("POST", path, body={**body, "packageDetail": {**detail, "packageReferenceId": "78"}}).status_code == 400
    assert call("POST", path, body={}, token=market.token("A1EU")).status_code == 404
    assert call("POST", path, body=body, token="none").status_code == 403


def test_notifications_api(call: Client, market: Market) -> None:
    grantless, destinations = market.grantless(), "/notifications/v1/destinations"
    body = {"name": "bridge", "resourceSpecification": {"sqs": {"arn": QUEUE}}}
    destination = call("POST", destinations, token=grantless, body=body).json()["payload"]["destinationId"]
    bus = {
        "name": "bus",
        "resourceSpecification": {"eventBridge": {"accountId": "111122223333", "region": "eu-west-1"}},
    }
    assert call("POST", destinations, token=grantless, body=bus).status_code == 200
    assert call("POST", destinations, token=grantless, body=body).status_code == 409
    assert call("POST", destinations, token=grantless, body={}).status_code == 400
    assert call("GET", destinations, token=grantless).status_code == 200
    assert call("GET", destinations).status_code == 403
    assert call("GET", f"{destinations}/{destination}", token=grantless).status_code == 200
    assert call("GET", f"{destinations}/none", token=grantless).status_code == 404

    path = "/notifications/v1/subscriptions/ORDER_CHANGE"
    assert call("GET", path).status_code == 404
    wanted = {"eventFilter": {"eventFilterType": "ORDER_CHANGE", "orderChangeTypes": ["OrderStatusChange"]}}
    asked = {"payloadVersion": "1.0", "destinationId": destination, "processingDirective": wanted}
    subscription = call("POST", path, body=asked).json()["payload"]["subscriptionId"]
    assert call("POST", path, body=asked).status_code == 409
    assert call("GET", path).status_code == 200
    assert call("GET", "/notifications/v1/subscriptions", notificationTypes="ORDER_CHANGE").status_code == 200
    assert call("GET", "/notifications/v1/subscriptions").status_code == 400
    assert call("GET", f"{path}/{subscription}", token=grantless).status_code == 200
    assert call("DELETE", f"{path}/{subscription}", token=grantless).status_code == 200
    assert call("DELETE", f"{path}/{subscription}", token=grantless).status_code == 404
    assert call("DELETE", f"{destinations}/{destination}", token=grantless).status_code == 200


def test_sellers(call: Client) -> None:
    [only] = call("GET", "/sellers/v1/marketplaceParticipations").json()["payload"]
    assert only["marketplace"]["id"] == US
    assert call("GET", "/sellers/v1/marketplaceParticipations", token="").status_code == 403


def test_notifications_are_amazons(market: Market) -> None:
    market.subscribe("A1NA", "A1EU")
    pending = market.place(pending_s=None)
    market.admin(f"orders/{pending}/release")
    market.admin(f"orders/{pending}/request-cancel")
    market.admin(f"orders/{pending}/cancel")
    shipped = market.place(DE, items=[{"sku": "MUG", "quantity": 2}, {"sku": "TEA", "quantity": 1}])
    market.confirm(shipped, quantities={market.world.orders[shipped].items[0].item_id: 2}, marketplace=DE)
    market.confirm(
        shipped, quantities={market.world.orders[shipped].items[1].item_id: 1}, marketplace=DE, packageReferenceId="2"
    )
    market.admin(f"orders/{market.place(GB, fulfilled_by='AMAZON')}/ship")
    market.advance(0)
    assert len(market.posted) == 9
    schema = json.loads(
        (MODELS / "schemas" / "notifications" / "OrderChangeNotification.json").read_text(encoding="utf-8")
    )
    for _, _, body in market.posted:
        jsonschema.Draft7Validator(closed(schema)).validate(body)


def test_faults_on_the_wire_and_the_remote_control(call: Client) -> None:
    with Amazon(str(call.http.base_url)) as amazon:
        assert amazon.healthy()
        order_id = amazon.place_order("A1NA", US, items=[{"sku": "MUG", "quantity": 1}]).order_id
        for kind in ("reset", "hang", "truncate"):
            amazon.plant_fault("getOrder", kind, seconds=0.05)
            with pytest.raises(httpx.TransportError):
                call("GET", f"/orders/2026-01-01/orders/{order_id}")
        amazon.plant_fault("getOrder", "html503")
        spoiled = call.http.get(f"/orders/2026-01-01/orders/{order_id}", headers={"x-amz-access-token": "any"})
        assert (spoiled.status_code, spoiled.headers["content-type"]) == (503, "text/html")
        amazon.cancel(order_id)
        assert amazon.order(order_id)["status"] == "CANCELLED"
        assert len(amazon.orders()) == 1
        assert amazon.figures()["operations"]["getOrder"] == {"0": 2, "200": 1, "503": 1}
        amazon.reset(seed=9)
        assert amazon.orders() == []
