"""The table in memory keeps DynamoDB's promises: tests that use it prove something."""

from __future__ import annotations

import pytest

from bridge.stores.table import Table
from tests.contract.table_kit import TableKit
from tests.fakes.table import MemoryTable


class TestMemoryTable(TableKit):
    @pytest.fixture
    def table(self) -> Table:
        return MemoryTable()
