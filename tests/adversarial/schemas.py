"""Amazon's JSON Schemas of notifications, each as a strategy of the bodies that it allows."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.contract.amazon_models import MODELS
from tests.contract.test_envelope import FILES as SAMPLES
from tests.contract.test_envelope import bodies

Json = Any
SCHEMAS = sorted((MODELS / "schemas" / "notifications").glob("*.json"))
NAMES = [path.stem for path in (*SCHEMAS, *SAMPLES)] or ["Amazon's notifications are not there"]
"""One per schema and one per sample: some types have a sample only."""

CLOCKS = st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z")
_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@functools.cache
def bodies_of(name: str) -> st.SearchStrategy[Json]:
    """Valid bodies of one notification; without Amazon's files this fails or skips, as all contract tests do."""
    samples = bodies()
    for path, sample in zip(SAMPLES, samples, strict=True):
        if path.stem == name:
            return st.just(sample)
    path = next(path for path in SCHEMAS if path.stem == name)
    schema = json.loads(path.read_text(encoding="utf-8"))
    return allowed(schema, schema).map(lambda body: named(body, name))


def kind_of(body: Json) -> str:
    """The type that the body itself names."""
    return next((str(value) for name, value in body.items() if name.lower() == "notificationtype"), "")


def named(body: Json, name: str) -> Json:
    """The body under the type that the schema is for, where the schema only says that it is some text."""
    if kind_of(body) in KINDS:
        return body
    kept = {field: value for field, value in body.items() if field.lower() != "notificationtype"}
    return {**kept, "NotificationType": _kind_named(name)}


def _kind_named(file: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=FBA)(?=[A-Z])", "_", file.partition("Notification")[0]).upper()


KINDS = {path.stem.split("__")[0] for path in SAMPLES}
_SCHEMA_KINDS = {_kind_named(path.stem) for path in SCHEMAS}
ONE_EACH = [name for name in NAMES if name.split("__")[0] not in _SCHEMA_KINDS]
"""Every schema, and the samples of types that have none."""


def allowed(schema: Mapping[str, Json], root: Mapping[str, Json]) -> st.SearchStrategy[Json]:
    """What the subset of JSON Schema that Amazon uses allows."""
    reference = schema.get("$ref") or schema.get("#ref")  # B2B_ANY_OFFER_CHANGED has the second, by mistake
    if reference:
        aim = root["definitions"].get(reference.rpartition("/")[2])  # one schema refers to what it does not define
        return allowed(aim, root) if aim else st.sampled_from(schema["examples"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of(*(allowed(part, root) for part in schema["anyOf"]))
    kinds = schema.get("type", "object")
    if isinstance(kinds, list):
        return st.one_of(*(allowed({**schema, "type": kind}, root) for kind in kinds))
    return _MAKERS[kinds](schema, root)


def _object(schema: Mapping[str, Json], root: Mapping[str, Json]) -> st.SearchStrategy[Json]:
    parts = {name: allowed(part, root) for name, part in schema.get("properties", {}).items()}
    required = {name: parts.pop(name) for name in schema.get("required", ()) if name in parts}
    return st.fixed_dictionaries(required, optional=parts)


def _array(schema: Mapping[str, Json], root: Mapping[str, Json]) -> st.SearchStrategy[Json]:
    entries = schema.get("items", {"type": "string"})
    kinds = entries if isinstance(entries, list) else [entries]
    return st.lists(st.one_of(*(allowed(kind, root) for kind in kinds)), max_size=2)


def _string(schema: Mapping[str, Json], _: Mapping[str, Json]) -> st.SearchStrategy[Json]:
    if schema.get("format") == "date-time":
        return CLOCKS
    examples = [example for example in schema.get("examples", ()) if isinstance(example, str)]
    return st.sampled_from(examples) | _WORDS if examples else _WORDS


def _integer(schema: Mapping[str, Json], _: Mapping[str, Json]) -> st.SearchStrategy[Json]:
    return st.integers(min_value=schema.get("minimum"))


_MAKERS = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _integer,
    "number": lambda _schema, _root: st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
    "boolean": lambda _schema, _root: st.booleans(),
    "null": lambda _schema, _root: st.none(),
}
