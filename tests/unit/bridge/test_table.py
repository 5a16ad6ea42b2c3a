"""What no write may say, whatever table it goes to."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.stores.table import Key, Update


@pytest.mark.parametrize(
    "change",
    [
        {"set": {"a": 1}, "remove": ("a",)},
        {"set": {"a": 1}, "add": {"a": 1}},
        {"set": {"a": 1}, "init": {"a": 1}},
        {"init": {"a": 1}, "add": {"a": 1}},
        {"remove": ("a", "a")},
        {"set": {"pk": "x"}},
        {"remove": ("sk",)},
    ],
    ids=str,
)
def test_an_update_names_an_attribute_once_and_never_a_key(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="names an attribute twice"):
        Update(Key("p", "s"), **change)
