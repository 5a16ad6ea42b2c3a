"""The people in the warehouse: they ship what the ERP shows them, and some press the button that tells the bridge."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bridge.domain.documents import Shipment
from bridge.domain.ids import Region, Seller, SellerId
from bridge.domain.signatures import Call, secret_key, sign
from bridge.erp.tryton import connect
from local.emulator.server import ACCOUNT, REGION
from local.erp.warehouse import Warehouse
from local.machine import Machine

ROOT = Credentials(ACCOUNT, "local")


class Floor:
    """Ships one order after the other, as one pair of hands does."""

    def __init__(self, machine: Machine, credentials: Credentials = ROOT) -> None:
        """`credentials` are the AWS role's that the ERP tells of its shipments with."""
        self._machine = machine
        self._credentials = credentials
        self._warehouse = Warehouse(machine.erp.url, machine.erp.warehouse_key)
        self._erp = connect(machine.erp.config)

    def ship(self, order_id: str, carrier: str, tracking: str) -> None:
        self._warehouse.ship(order_id, carrier, tracking)

    def tell(self, seller_id: str, region: str, order_id: str) -> None:
        """`POST /v1/shipments`, signed as docs/http-api.md says, with what the ERP has stored."""
        seller = Seller(Region(region), SellerId(seller_id))
        since = datetime.now(UTC) - timedelta(minutes=5)
        for shipment in self._erp.list_shipments(seller, since):
            if shipment.key.order_id == order_id:
                post(self._machine, "shipments", _body(shipment), self._credentials).raise_for_status()

    def sales(self) -> dict[str, Any]:
        return {sale.order_id: sale for sale in self._warehouse.sales()}

    def close(self) -> None:
        self._warehouse.close()
        self._erp.close()


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


def post(
    machine: Machine, route: str, body: dict[str, Any], credentials: Credentials | None = ROOT, **headers: str
) -> httpx.Response:
    """The answer of the HTTP API; without credentials the request is not signed."""
    told = urlsplit(f"{machine.outputs['ApiUrl']}/{route}")
    content = json.dumps(body)
    where = f"{urlsplit(machine.emulator.url).scheme}://{_host(machine, told)}{told.path}"
    request = AWSRequest("POST", where, data=content, headers={"content-type": "application/json"})
    if credentials is not None:
        SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
    return _sent(machine, told, content, {**headers, **dict(request.headers)})


def post_signed(machine: Machine, route: str, body: dict[str, Any], secret: str) -> httpx.Response:
    """The answer at the door for callers outside AWS, who sign with one of `api_secrets`."""
    told, content = urlsplit(f"{machine.outputs['HmacApiUrl']}/{route}"), json.dumps(body)
    call = Call(str(int(datetime.now(UTC).timestamp())), "POST", told.path, content.encode())
    key = secret_key(secret)
    if key is None:
        msg = "that is no secret"
        raise ValueError(msg)
    said = {"bridge-timestamp": call.timestamp, "bridge-signature": sign(key, call)}
    return _sent(machine, told, content, {"content-type": "application/json", **said})


def _sent(machine: Machine, told: SplitResult, content: str, headers: Mapping[str, str]) -> httpx.Response:
    trust = ssl.create_default_context(cafile=machine.emulator.certificate or None)
    sent = {**headers, "host": _host(machine, told)}
    return httpx.post(f"{machine.emulator.url}{told.path}", content=content, headers=sent, timeout=30, verify=trust)


def _host(machine: Machine, told: SplitResult) -> str:
    """The emulator knows an API by its host name, and listens on one port for all of them."""
    return f"{told.netloc.partition('.')[0]}.execute-api.localhost:{urlsplit(machine.emulator.url).port}"
