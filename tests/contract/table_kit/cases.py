"""What all tests of a table share: the table, and a place in it of their own."""

from __future__ import annotations

import re
import zlib
from typing import Any

import pytest

from bridge.stores.table import Key, Table


def create_table(client: Any, name: str) -> None:
    """The table as infra/state.py describes it."""
    attributes = ("pk", "sk", "dshard", "due")
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": "S"} for attribute in attributes],
        KeySchema=_schema("pk", "sk"),
        GlobalSecondaryIndexes=[
            {"IndexName": "due", "KeySchema": _schema("dshard", "due"), "Projection": {"ProjectionType": "KEYS_ONLY"}}
        ],
    )


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


class Kit:
    """One partition and one index shard per test, so that all tests may share one table."""

    @pytest.fixture
    def table(self) -> Table:
        raise NotImplementedError

    @pytest.fixture
    def space(self, request: pytest.FixtureRequest) -> str:
        return f"{re.sub('[^a-z_]', '', request.node.originalname)}_{zlib.crc32(request.node.nodeid.encode())}"

    @pytest.fixture
    def key(self, space: str) -> Key:
        return Key(space, "A")
