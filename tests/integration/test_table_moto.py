"""DynamoTable on moto, one caller at a time."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from bridge.stores.dynamodb import DynamoTable
from bridge.stores.table import Table
from tests.contract.table_kit import SerialTableKit, create_table


@pytest.fixture(scope="module")
def on_moto() -> Iterator[Table]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        create_table(client, "core")
        yield DynamoTable(client, "core")


class TestDynamoTableOnMoto(SerialTableKit):
    @pytest.fixture
    def table(self, on_moto: Table) -> Table:
        return on_moto
