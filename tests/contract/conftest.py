"""The ERP on PostgreSQL, started once for all tests that want it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.erp import server
from local.erp.postgres import Cluster, free_port
from local.erp.postgres_programs import Absent, directory
from tests.contract.erp_kit.cases import SHOPS


@pytest.fixture(scope="session")
def programs() -> Path:
    """PostgreSQL's. Without them it fails where everything has to be proven, and skips elsewhere."""
    try:
        return directory()
    except Absent as absent:
        if os.environ.get("CI") == "true":
            pytest.fail(str(absent))
        pytest.skip(str(absent))


@pytest.fixture(scope="session")
def erp_on_postgres(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Running]:
    started = server.start_on_postgres(tmp_path_factory.mktemp("erp"), free_port(), shops=SHOPS)
    yield started
    server.end(started)


@pytest.fixture(scope="session")
def cluster(erp_on_postgres: server.Running) -> Cluster:
    assert erp_on_postgres.cluster
    return erp_on_postgres.cluster
