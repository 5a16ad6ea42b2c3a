"""The simulated table keeps DynamoDB's promises: it passes the suite that DynamoDB itself passes."""

from __future__ import annotations

import threading

import pytest

from bridge.stores import table as port
from tests.contract.table_kit import StrictTableKit
from tests.simulation.calls import Calls
from tests.simulation.clock import Hub
from tests.simulation.table import Table, World
from tests.simulation.weather import Plan


class Guarded:
    """Threads are not of this world: one call at a time."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._lock = threading.Lock()

    def __getattr__(self, name: str):
        def call(*arguments: object):
            with self._lock:
                return getattr(self._table, name)(*arguments)

        return call


class TestSimulatedTable(StrictTableKit):
    @pytest.fixture
    def table(self) -> port.Table:
        return Guarded(Table(World(), Calls(Hub(), Plan({}))))  # type: ignore[return-value]
