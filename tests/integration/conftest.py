"""One emulator for all integration tests, started empty and ended with them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local.emulator import server

Client = Callable[[str], Any]


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Running]:
    run = tmp_path_factory.mktemp("emulator")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the server outlives the object that started it
        running = server.start(run)
    try:
        yield running
    finally:
        server.stop(run)


@pytest.fixture(scope="session")
def client(emulator: server.Running) -> Client:
    """Clients that see the emulator, with connections for sixteen threads."""

    def make(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=emulator.url,
            region_name=server.REGION,
            aws_access_key_id=server.ACCOUNT,
            aws_secret_access_key="local",
            config=Config(
                connect_timeout=2, read_timeout=20, max_pool_connections=20, retries={"total_max_attempts": 3}
            ),
        )

    return make
