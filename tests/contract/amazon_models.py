"""Amazon's Swagger models, made strict: what they do not name is an error."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
MODELS = Path(os.environ.get("SP_API_MODELS") or ROOT.parent / "shared" / "reference" / "sp-api-models")
FILES = {
    "/orders/2026-01-01/": "orders-api-model/orders_2026-01-01.json",
    "/orders/v0/": "orders-api-model/ordersV0.json",
    "/notifications/v1/": "notifications-api-model/notifications.json",
    "/sellers/v1/": "sellers-api-model/sellers.json",
    "/listings/2021-08-01/": "listings-items-api-model/listingsItems_2021-08-01.json",
}
FORMATS = jsonschema.FormatChecker(())


@FORMATS.checks("date-time", raises=ValueError)
def is_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def closed(schema: Any) -> Any:
    """The same schema without room for fields that the model does not name."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: closed(value) for name, value in schema.items()}
    if "properties" in strict and strict.get("type", "object") == "object":
        strict.setdefault("additionalProperties", False)
    return strict


@functools.cache
def model(file: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((MODELS / "models" / file).read_text(encoding="utf-8"))
    definitions = {name: closed(schema) for name, schema in content["definitions"].items()}
    # allOf of closed schemas would allow nothing.
    for name in ("EventFilter", "AggregationFilter", "MarketplaceFilter", "OrderChangeTypeFilter", "TrackingFilter"):
        if name in definitions:
            definitions[name] = content["definitions"][name]
    return {**content, "definitions": definitions}


def described(method: str, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The model and the operation that a request is for."""
    file = next(file for prefix, file in FILES.items() if path.startswith(prefix))
    for template, operations in model(file)["paths"].items():
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path) and method.lower() in operations:
            return model(file), operations[method.lower()]
    msg = f"{method} {path} is in no model"
    raise AssertionError(msg)


def check(schema: Mapping[str, Any], instance: Any) -> None:
    jsonschema.Draft4Validator(schema, format_checker=FORMATS).validate(instance)


def require() -> None:
    """Missing models fail where everything has to be proven, and skip elsewhere."""
    if not (MODELS / "models").is_dir():
        reason = f"Amazon's models are not at {MODELS} (set SP_API_MODELS)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
