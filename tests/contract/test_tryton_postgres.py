"""The Tryton connector against Tryton on PostgreSQL, where writers do not queue up: several callers at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.erp import server
from local.erp.postgres import free_port
from tests.contract.erp_kit.cases import SHOPS
from tests.contract.tryton_kit import TrytonKit


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Running]:
    started = server.start_on_postgres(tmp_path_factory.mktemp("erp"), free_port(), shops=SHOPS)
    yield started
    server.end(started)


@pytest.mark.emulator
class TestTrytonOnPostgres(TrytonKit):
    pass
