"""A fresh Amazon for every test."""

from __future__ import annotations

import pytest

from tests.unit.simulator.market import Market


@pytest.fixture
def market() -> Market:
    return Market()
