"""The conformance kit on a real Tryton: its people, a network that breaks, and what the kit asks an heir for.

An heir's module has a fixture `running`: the ERP it means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

import httpx
import pytest

from bridge.domain.ids import OrderKey
from bridge.erp.tryton import Tryton, connect
from bridge.erp.tryton.config import read_config
from bridge.ports import Erp
from local.erp import server
from local.erp.warehouse import Warehouse as TrytonWarehouse
from tests.contract.erp_kit import ErpKit
from tests.contract.erp_kit.cases import Interrupted, Seen, Warehouse


class People:
    """The warehouse of the real ERP, as the kit asks it."""

    def __init__(self, warehouse: TrytonWarehouse) -> None:
        self.tryton = warehouse

    def documents(self, key: OrderKey) -> list[Seen]:
        ready = {shipment.order_id for shipment in self.tryton.to_ship()}
        return [
            Seen(sale.total, sale.customer, sale.address, ready=sale.order_id in ready)
            for sale in self.tryton.sales(key.order_id)
        ]

    def ship(
        self,
        key: OrderKey,
        carrier: str,
        parcels: str | Mapping[str, Sequence[str]],
        *,
        only: Mapping[str, int] | None = None,
    ) -> str:
        return self.tryton.ship(key.order_id, carrier, parcels, only=only)

    def correct_tracking(self, key: OrderKey, old: str, new: str) -> None:
        self.tryton.correct_tracking(key.order_id, old, new)

    def cannot_fulfil(self, key: OrderKey) -> None:
        self.tryton.cannot_fulfil(key.order_id)

    def release(self, key: OrderKey) -> None:
        self.tryton.release(key.order_id)


class Unsteady(httpx.BaseTransport):
    """The network between us and the ERP, which breaks at the n-th write."""

    def __init__(self, write: int, *, after: bool) -> None:
        self._real, self._left, self._after = httpx.HTTPTransport(), write, after

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._left -= request.method != "GET"
        broken = self._left == 0 and request.method != "GET"
        if broken and not self._after:
            msg = "broken before"
            raise httpx.ConnectError(msg)
        response = self._real.handle_request(request)
        if broken:
            response.read()
            msg = "broken after"
            raise httpx.ReadTimeout(msg)
        return response

    def close(self) -> None:
        self._real.close()


class Meanwhile(httpx.BaseTransport):
    """The network between us and the ERP; just before the n-th write somebody else does something."""

    def __init__(self, write: int, act: Callable[[], object]) -> None:
        self._real, self._left, self._act = httpx.HTTPTransport(), write, act

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._left -= request.method != "GET"
        if self._left == 0 and request.method != "GET":
            self._act()
        return self._real.handle_request(request)

    def close(self) -> None:
        self._real.close()


class TrytonSide:
    """What the kit wants of its heir."""

    @pytest.fixture
    def people(self, running: server.Running) -> Iterator[People]:
        with closing(TrytonWarehouse(running.url, running.warehouse_key)) as warehouse:
            yield People(warehouse)

    @pytest.fixture
    def erp(self, running: server.Running) -> Iterator[Erp]:
        with closing(connect(running.config)) as tryton:
            yield tryton

    @pytest.fixture
    def warehouse(self, people: People) -> Warehouse:
        return people

    @pytest.fixture
    def interrupted(self, running: server.Running) -> Interrupted:
        @contextmanager
        def interrupt(write: int, *, after: bool) -> Iterator[Erp]:
            with httpx.Client(transport=Unsteady(write, after=after)) as client:
                yield Tryton(read_config(running.config), client)

        return interrupt


class TrytonKit(TrytonSide, ErpKit):
    """The kit against the ERP `running`."""
