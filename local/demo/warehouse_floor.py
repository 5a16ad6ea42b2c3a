"""The people in the warehouse: they ship what the ERP shows them, and some press the button that tells the bridge."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bridge.domain.documents import Shipment
from bridge.domain.ids import Region, Seller, SellerId
from bridge.erp import connector
from local.emulator.server import ACCOUNT, REGION
from local.erp.warehouse import Warehouse
from local.machine import Machine


class Floor:
    """Ships one order after the other, as one pair of hands does."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._warehouse = Warehouse(machine.erp.url, machine.erp.warehouse_key)
        self._erp = connector("tryton")(machine.erp.config)

    def ship(self, order_id: str, carrier: str, tracking: str) -> None:
        self._warehouse.ship(order_id, carrier, tracking)

    def tell(self, seller_id: str, region: str, order_id: str) -> None:
        """`POST /v1/shipments`, signed as docs/http-api.md says, with what the ERP has stored."""
        seller = Seller(Region(region), SellerId(seller_id))
        since = datetime.now(UTC) - timedelta(minutes=5)
        for shipment in self._erp.list_shipments(seller, since):
            if shipment.key.order_id == order_id:
                post(self._machine, "shipments", _body(shipment)).raise_for_status()

    def sales(self) -> dict[str, Any]:
        return {sale.order_id: sale for sale in self._warehouse.sales()}

    def close(self) -> None:
        self._warehouse.close()


def _body(shipment: Shipment) -> dict[str, Any]:
    return {
        "region": shipment.key.region,
        "seller_id": shipment.key.seller_id,
        "order_id": shipment.key.order_id,
        "shipment_id": shipment.shipment_id,
        "packages": [
            {
                "package_id": package.package_id,
                "carrier": package.carrier,
                "tracking": package.tracking,
                "shipped_at": package.shipped_at.isoformat(),
                "lines": [{"order_item_id": item_id, "quantity": quantity} for item_id, quantity in package.lines],
            }
            for package in shipment.packages
        ],
    }


def post(machine: Machine, route: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    """The emulator knows an API by its host name, and listens on one port for all of them."""
    url = urlsplit(f"{machine.outputs['ApiUrl']}/{route}")
    emulator = urlsplit(machine.emulator.url)
    content = json.dumps(body)
    request = AWSRequest("POST", url.geturl(), data=content, headers={"content-type": "application/json"})
    SigV4Auth(Credentials(ACCOUNT, "local"), "execute-api", REGION).add_auth(request)
    api_id = url.netloc.partition(".")[0]
    headers = {**headers, **dict(request.headers), "host": f"{api_id}.execute-api.localhost:{emulator.port}"}
    return httpx.post(f"{machine.emulator.url}{url.path}", content=content, headers=headers, timeout=30)
