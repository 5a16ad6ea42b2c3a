"""A small Amazon with a clock that the test moves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from local.simulator import admin, gate
from local.simulator.exchange import Request, Response
from local.simulator.scale import SCALES
from local.simulator.world import World

US, DE, GB, JP = "ATVPDKIKX0DER", "A1PA6795UKMFR9", "A1F83G8C2ARO7P", "A1VC38T7YXB528"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:notifications"
START = datetime(2026, 11, 24, 9, tzinfo=UTC)


class Market:
    """The world with everything a test says to it, without a server."""

    def __init__(self, seed: int = 1) -> None:
        self.now = START
        self.posted: list[tuple[datetime, str, dict[str, Any]]] = []
        self.world = World(seed=seed, scale=SCALES["amazon"], clock=lambda: self.now, post=self._post)
        self.admin("application", application_id="amzn1.sp.solution.a", client_id="client", client_secret="secret")
        self.refresh_tokens = {
            seller: self.admin("sellers", seller_id=seller, region=region, marketplace_ids=marketplaces)[
                "refresh_token"
            ]
            for seller, region, marketplaces in (("A1NA", "na", [US]), ("A1EU", "eu", [DE, GB]), ("A1FE", "fe", [JP]))
        }

    def _post(self, arn: str, body: str) -> None:
        self.posted.append((self.now, arn, json.loads(body)))

    def advance(self, seconds: float) -> None:
        """Time passes; what is due happens."""
        self.now += timedelta(seconds=seconds)
        self.world.agenda.run_due()

    def admin(self, path: str, **body: Any) -> Any:
        told = self.admin_response(path, **body)
        assert told.status == 200, told.body
        return told.body

    def admin_response(self, path: str, **body: Any) -> Response:
        return admin.answer(self.world, Request("POST", f"/admin/{path}", body=json.dumps(body).encode()))

    def read(self, path: str) -> Any:
        return admin.answer(self.world, Request("GET", f"/admin/{path}")).body

    def place(self, marketplace: str = US, **wish: Any) -> str:
        seller = {US: "A1NA", DE: "A1EU", GB: "A1EU", JP: "A1FE"}[marketplace]
        asked = {"seller_id": seller, "marketplace_id": marketplace, "items": [{"sku": "MUG", "quantity": 3}], **wish}
        order_id: str = self.admin("orders", **asked)["order_id"]
        return order_id

    def lwa(self, **form: str) -> Response:
        asked = {"client_id": "client", "client_secret": "secret", **form}
        request = Request("POST", "/auth/o2/token", body=urlencode(asked).encode())
        return gate.answer(self.world, request).response

    def token(self, seller: str = "A1NA") -> str:
        told = self.lwa(grant_type="refresh_token", refresh_token=self.refresh_tokens[seller])
        value: str = told.body["access_token"]
        return value

    def grantless(self) -> str:
        told = self.lwa(grant_type="client_credentials", scope="sellingpartnerapi::notifications")
        value: str = told.body["access_token"]
        return value

    def call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, *, token: str = "", body: Any = None
    ) -> Response:
        request = Request(
            method,
            path,
            {name: [value] for name, value in (query or {}).items()},
            {"x-amz-access-token": token or self.token(), "user-agent": "test/1"},
            b"" if body is None else json.dumps(body).encode(),
        )
        return gate.answer(self.world, request).response

    def get_order(self, order_id: str, *sections: str, seller: str = "A1NA") -> Any:
        query = {"includedData": ",".join(sections)} if sections else {}
        told = self.call("GET", f"/orders/2026-01-01/orders/{order_id}", query, token=self.token(seller))
        assert told.status == 200, told.body
        return told.body["order"]

    def search(self, *, seller: str = "A1NA", **query: str) -> Response:
        return self.call("GET", "/orders/2026-01-01/orders", query, token=self.token(seller))

    def subscribe(self, *sellers: str, **subscription: Any) -> None:
        body = {"name": "bridge", "resourceSpecification": {"sqs": {"arn": QUEUE}}}
        told = self.call("POST", "/notifications/v1/destinations", token=self.grantless(), body=body)
        asked = {"payloadVersion": "1.0", "destinationId": told.body["payload"]["destinationId"], **subscription}
        for seller in sellers:
            path = "/notifications/v1/subscriptions/ORDER_CHANGE"
            assert self.call("POST", path, token=self.token(seller), body=asked).status == 200

    def confirm(
        self, order_id: str, *, quantities: Mapping[str, int] | None = None, marketplace: str = US, **changes: Any
    ) -> Response:
        """`quantities` by item id; all of every item if not given."""
        order = self.world.orders[order_id]
        lines = quantities or {item.item_id: item.quantity for item in order.items}
        detail = {
            "packageReferenceId": "1",
            "carrierCode": "UPS",
            "trackingNumber": "1Z999",
            "shipDate": self.now.isoformat(),
            "orderItems": [{"orderItemId": item_id, "quantity": quantity} for item_id, quantity in lines.items()],
            **changes,
        }
        body = {
            "marketplaceId": marketplace,
            "packageDetail": {name: value for name, value in detail.items() if value is not None},
        }
        path = f"/orders/v0/orders/{order_id}/shipmentConfirmation"
        return self.call("POST", path, token=self.token(order.seller_id), body=body)
