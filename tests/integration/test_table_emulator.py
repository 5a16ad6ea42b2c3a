"""DynamoTable on the emulator, also with sixteen writers at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bridge.stores.dynamodb import DynamoTable
from bridge.stores.table import Table
from tests.contract.table_kit import StrictTableKit, create_table

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def on_emulator(client: Callable[[str], Any]) -> Table:
    dynamodb = client("dynamodb")
    create_table(dynamodb, "core")
    return DynamoTable(dynamodb, "core")


class TestDynamoTableOnTheEmulator(StrictTableKit):
    @pytest.fixture
    def table(self, on_emulator: Table) -> Table:
        return on_emulator
