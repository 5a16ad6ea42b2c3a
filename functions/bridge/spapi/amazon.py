"""The port Amazon over the client: what effects and sweeps may ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bridge.domain.errors import Misconfigured, Throttled
from bridge.domain.ids import MarketplaceId, OrderKey, Seller
from bridge.domain.lines import Line
from bridge.domain.pacing import User
from bridge.domain.parcels import Confirmation
from bridge.domain.readings import Page, Reading
from bridge.spapi import orders_2026_01_01, orders_v0
from bridge.spapi.client import Client
from bridge.spapi.operation import Operation


def _lined(name: str) -> Operation:
    """The operations that work waits in line for (domain.lines.OPERATIONS)."""
    operations = (orders_2026_01_01.GET_ORDER, orders_v0.CONFIRM_SHIPMENT)
    return next(operation for operation in operations if operation.name == name)


class Amazon:
    """See ports.Amazon. `may_ask_recipient` is the deployment's allow-list: only the ERP lane asks for recipients."""

    def __init__(self, client: Client, *, may_ask_recipient: bool) -> None:
        self._client = client
        self._may_ask_recipient = may_ask_recipient

    def get_order(self, key: OrderKey, *, recipient: bool = False, slot: datetime | None = None) -> Reading:
        if recipient and not self._may_ask_recipient:
            msg = "this function may not ask Amazon for recipients"
            raise Misconfigured(msg)
        return orders_2026_01_01.get_order(self._client, key, recipient=recipient, slot=slot)

    def search_orders(
        self, seller: Seller, marketplaces: Sequence[MarketplaceId], *, updated_after: datetime, token: str | None
    ) -> Page:
        return orders_2026_01_01.search_orders(
            self._client, seller, marketplaces, updated_after=updated_after, token=token
        )

    def search_past(
        self,
        seller: Seller,
        marketplaces: Sequence[MarketplaceId],
        *,
        updated: tuple[datetime, datetime],
        token: str | None,
    ) -> Page:
        return orders_2026_01_01.search_past(self._client, seller, marketplaces, updated=updated, token=token)

    def searches_to_spare(self, seller: Seller) -> bool:
        return orders_2026_01_01.searches_to_spare(self._client, seller)

    def seats(self, line: Line, count: int, *, starved: bool) -> list[datetime]:
        operation = _lined(line.operation)
        try:
            return self._client.pacer.reserve(operation, line.seller, User.LINE, count)
        except Throttled:
            if starved:
                self._client.pacer.favour_line(operation, line.seller)
            return []

    def sooner_by_pages(self, seller: Seller, waiting: int) -> bool:
        return orders_2026_01_01.sooner_by_pages(self._client, seller, waiting)

    def confirm_shipment(self, key: OrderKey, confirmation: Confirmation, *, slot: datetime | None = None) -> None:
        orders_v0.confirm_shipment(self._client, key, confirmation, slot=slot)
