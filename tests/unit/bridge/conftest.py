"""No test sees the environment of the machine, and none leaves anything in it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest
from aws_lambda_powertools import Metrics

from tests.unit.bridge.console import Shell
from tests.unit.bridge.office import Office

_FOREIGN = ("AWS_", "BRIDGE_", "POWERTOOLS_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith(_FOREIGN)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(autouse=True)
def fresh_signals() -> Iterator[None]:
    """Loggers and metrics belong to the process, and a logger keeps the standard output that it finds first."""
    before = set(logging.Logger.manager.loggerDict)
    yield
    Metrics._default_dimensions.clear()
    Metrics._dimensions.clear()
    Metrics._metrics.clear()
    for name in set(logging.Logger.manager.loggerDict) - before:
        if getattr(logging.getLogger(name), "init", False):
            del logging.Logger.manager.loggerDict[name]


@pytest.fixture
def bridge(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


@pytest.fixture
def office() -> Office:
    return Office()
