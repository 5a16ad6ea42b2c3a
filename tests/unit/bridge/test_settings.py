"""Settings: every variable is needed, and every one is named when it is missing."""

from __future__ import annotations

import dataclasses

import pytest

from bridge.domain.errors import Misconfigured
from bridge.settings import Settings

NAMES = [field.name for field in dataclasses.fields(Settings)]
VALUES = {f"BRIDGE_{name.upper()}": f"value of {name}" for name in NAMES}


def test_there_and_back() -> None:
    settings = Settings.read(VALUES)
    assert settings.environment() == VALUES
    assert Settings.read(settings.environment()) == settings


def test_other_variables_do_not_matter() -> None:
    assert Settings.read({**VALUES, "PATH": "/bin", "BRIDGE_OLD": "x"}) == Settings.read(VALUES)


@pytest.mark.parametrize("name", VALUES)
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(Misconfigured, match=f"missing: {name}$"):
        Settings.read({key: value for key, value in VALUES.items() if key != name})


def test_all_missing_variables_are_named_at_once() -> None:
    with pytest.raises(Misconfigured) as missing:
        Settings.read({})
    assert all(name in str(missing.value) for name in VALUES)


def test_an_empty_variable_is_a_value() -> None:
    assert Settings.read({**VALUES, "BRIDGE_SPAPI_ENDPOINT": ""}).spapi_endpoint == ""


@pytest.mark.parametrize("name", NAMES)
def test_no_setting_has_a_default(name: str) -> None:
    field = next(field for field in dataclasses.fields(Settings) if field.name == name)
    assert field.default is dataclasses.MISSING
    assert field.default_factory is dataclasses.MISSING
