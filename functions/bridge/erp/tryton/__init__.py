"""The connector for Tryton 8.2 over its REST interface; needs the modules sale, web_shop, stock_package_shipping."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx

from bridge.domain.documents import CancelAnswer, Document, ErpOrder, Recipient, Shipment
from bridge.domain.errors import Refused
from bridge.domain.ids import OrderKey, Seller
from bridge.erp.tryton.config import Config, read_config
from bridge.erp.tryton.names import Names
from bridge.erp.tryton.rest import Rest
from bridge.erp.tryton.sales import Sales, as_order
from bridge.erp.tryton.shipments import Shipments
from bridge.erp.tryton.stops import Stops


class Tryton:
    """An `Erp` of shape find + create; a sale in draft or quotation is half-made, and `create` resumes it."""

    lookup_lag = timedelta(0)

    def __init__(self, config: Config, client: httpx.Client | None = None) -> None:
        self._config = config
        self._rest = Rest(config.url, config.database, config.key, client)
        self._names = Names(self._rest)
        self._sales = Sales(config, self._rest, self._names)
        self._stops = Stops(self._rest, self._sales)
        self._shipments = Shipments(config, self._rest)

    def close(self) -> None:
        self._rest.close()

    def find(self, key: OrderKey) -> ErpOrder | None:
        self._enter_company()
        sale = self._sales.find(key)
        return as_order(sale) if sale else None

    def create(self, document: Document, recipient: Recipient) -> ErpOrder:
        self._enter_company()
        return self._sales.create(document, recipient)

    def cancel(self, key: OrderKey) -> CancelAnswer:
        self._enter_company()
        return self._stops.cancel(key)

    def hold(self, key: OrderKey, reason: str) -> None:
        self._enter_company()
        self._stops.hold(key, reason)

    def list_shipments(self, seller: Seller, since: datetime) -> list[Shipment]:
        self._enter_company()
        return self._shipments.since(seller, since)

    def _enter_company(self) -> None:
        """Tryton shows prices and stock only to callers that say for which company."""
        if "company" in self._rest.context:
            return
        domain = [["party.name", "=", self._config.company]] if self._config.company else []
        found = self._rest.search("company.company", domain, ["id"], limit=2)
        if len(found) != 1:
            msg = f'the ERP has {"several companies" if found else "no such company"}: set "company" in its secret'
            raise Refused(msg)
        self._rest.context = {"company": found[0]["id"]}


def connect(config: dict[str, object]) -> Tryton:
    """Raises Misconfigured with what the ERP secret lacks; does not call the ERP yet."""
    return Tryton(read_config(config))
