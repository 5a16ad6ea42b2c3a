"""The table in memory keeps DynamoDB's promises: tests that use it prove something."""

from __future__ import annotations

import pytest

from bridge.stores.table import Table
from tests.contract.table_kit import StrictTableKit
from tests.fakes.table import MemoryTable


class TestMemoryTable(StrictTableKit):
    @pytest.fixture
    def table(self) -> Table:
        return MemoryTable()
