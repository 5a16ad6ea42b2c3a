"""Every operation that we know is Amazon's: method, path, rate, burst, and whether a seller has to authorise it.

What Amazon's model does not say, the quotas of the whole application, stands in one table with its source.
"""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import bridge.spapi
from bridge.spapi.operation import Operation
from tests.contract.amazon_models import described, require

DOCS = "https://developer-docs.amazon.com/sp-api/"
LIMITS_OF_LISTINGS = f"{DOCS}docs/listings-items-api-rate-limits"
PREVIEWS = f"{DOCS}changelog/update-listings-items-api-v2021-08-01-now-supports-previewing-errors"

# Shared bucket → calls a second by application and region, and the page that says so. Bursts are on no page.
SHARED = {
    "getListingsItem": (100, LIMITS_OF_LISTINGS),
    "deleteListingsItem": (100, LIMITS_OF_LISTINGS),
    "putListingsItem": (100, LIMITS_OF_LISTINGS),
    "putListingsItem.variations": (25, LIMITS_OF_LISTINGS),
    "patchListingsItem": (500, LIMITS_OF_LISTINGS),
    "patchListingsItem.variations": (5, LIMITS_OF_LISTINGS),
    "patchListingsItem.productData": (100, LIMITS_OF_LISTINGS),
    "listingsItems.validationPreview": (1, PREVIEWS),  # 20 in LIMITS_OF_LISTINGS: the lower counts
}


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


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: str(operation.name))
def test_what_all_sellers_share_is_what_amazons_page_says(operation: Operation) -> None:
    for shared in operation.shared:
        rate, source = SHARED[shared.name]
        assert shared.rate == rate, f"{shared.name}: see {source}"
        assert shared.burst <= operation.burst, "no page tells a higher one"


def test_a_quota_that_many_operations_share_is_the_same_in_all() -> None:
    found = {shared for operation in operations() for shared in operation.shared}
    assert sorted(shared.name for shared in found) == sorted(SHARED)


def test_variants_of_an_operation_come_out_of_the_same_bucket_of_the_seller() -> None:
    limits = {(operation.name, operation.limit) for operation in operations()}
    assert len(limits) == len({operation.name for operation in operations()})


def test_all_operations_are_looked_at() -> None:
    assert sorted({operation.name for operation in operations()}) == [
        "confirmShipment",
        "createDestination",
        "createSubscription",
        "deleteListingsItem",
        "deleteSubscriptionById",
        "getDestinations",
        "getListingsItem",
        "getMarketplaceParticipations",
        "getOrder",
        "getSubscription",
        "patchListingsItem",
        "putListingsItem",
        "searchOrders",
    ]
    assert len(operations()) == 13 + 5, "with variants"
