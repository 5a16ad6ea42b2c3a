"""Every operation that we call is Amazon's: method, path, rate, burst, and whether a seller has to authorise it."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import bridge.spapi
from bridge.spapi.operation import Operation
from tests.contract.amazon_models import described, require


def operations() -> list[Operation]:
    modules = [
        importlib.import_module(f"bridge.spapi.{found.name}") for found in pkgutil.iter_modules(bridge.spapi.__path__)
    ]
    found = {value for module in modules for value in vars(module).values() if isinstance(value, Operation)}
    return sorted(found, key=lambda operation: operation.name)


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: str(operation.name))
def test_an_operation_is_amazons(operation: Operation) -> None:
    require()
    _, amazons = described(operation.method, re.sub(r"\{\w+\}", "x", operation.path))
    assert amazons["operationId"] == operation.name
    rate, burst = re.findall(r"\|\s*([\d.]+)\s*\|\s*(\d+)\s*\|", amazons["description"])[0]
    assert (operation.rate, operation.burst) == (float(rate), int(burst))
    assert bool(operation.grantless) == ("is grantless" in amazons["description"])


def test_all_operations_are_looked_at() -> None:
    assert [operation.name for operation in operations()] == [
        "confirmShipment",
        "createDestination",
        "createSubscription",
        "deleteSubscriptionById",
        "getDestinations",
        "getMarketplaceParticipations",
        "getOrder",
        "getSubscription",
        "searchOrders",
    ]
