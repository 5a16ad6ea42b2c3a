"""What DynamoDB refuses: a stand-in that takes it would hide a mistake until production."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bridge.stores.table import (
    Compare,
    Condition,
    ConditionFailed,
    Invalid,
    Item,
    Key,
    Put,
    Table,
    Update,
    Write,
    both,
    either,
    equals,
)
from tests.contract.table_kit.cases import Kit
from tests.contract.table_kit.conditions import Case, check, named

REFUSED = (Invalid, TypeError, ArithmeticError)
"""DynamoDB's own refusals are Invalid, never Unavailable, which would be tried again for ever.

What boto3 cannot even write down is one of the others.
"""
BIG = "x" * 410_000

ITEMS: dict[str, Item] = {
    "more than 400 KB": {"a": BIG},
    "more than 400 KB in parts": {"a": [BIG[:210_000]], "b": {"c": BIG[:210_000]}},
    "a shard that is empty": {"dshard": "", "due": "1"},
    "a shard that is null": {"dshard": None, "due": "1"},
    "a time that is empty": {"dshard": "x", "due": ""},
    "a time that is a number": {"dshard": "x", "due": 1},
    "39 digits": {"n": 10**39 + 1},
    "39 digits inside": {"n": [{"n": -(10**39) - 1}]},
    "a float": {"n": 1.5},
}
KEYS = {
    "empty partition": ("", "A"), "empty sort": ("space", ""), "long partition": ("x" * 2049, "A"),
    "long sort": ("space", "ö" * 513),
}  # fmt: skip
NO_NUMBERS: dict[str, Any] = {"text": "x", "null": None, "truth": True, "list": [1]}

DEEP = {"l": [1, {"b": 2}], "t": False, "m": {"x": 1}, "none": None}
DEEP_CASES: list[Case] = [
    (equals("l", [1, {"b": 2}]), True, False),
    (equals("l", [True, {"b": 2}]), False, False),
    (equals("m", {"x": True}), False, False),
    (Compare("m", "<>", {"x": True}), True, True),
    (Compare("m", "<>", {"x": 1}), False, True),
]
"""1 is not true, inside neither."""
NO_ORDER = [Compare("l", "<", [2]), Compare("t", "<", True), Compare("none", "<=", None), Compare("m", ">=", {"x": 1})]
"""AWS documents that it refuses these; at least they must not be true."""


class LimitsKit(Kit):
    @pytest.mark.parametrize("what", ITEMS)
    def test_an_item_that_is_none(self, table: Table, space: str, what: str) -> None:
        self._refused(table, space, [Put(Key(space, "A"), ITEMS[what])])
        self._refused(table, space, [Update(Key(space, "A"), set=ITEMS[what])])
        self._refused(table, space, [Put(Key(space, "B"), {"n": 1}), Put(Key(space, "A"), ITEMS[what])])

    def test_an_item_grows_to_its_limit_and_no_further(self, table: Table, key: Key, space: str) -> None:
        table.put(Put(key, {"a": BIG[:390_000]}))
        self._refused(table, space, [Update(key, set={"b": BIG[:20_000]})])

    @pytest.mark.parametrize("what", KEYS)
    def test_a_key_that_is_none(self, table: Table, space: str, what: str) -> None:
        pk, sk = KEYS[what]
        self._refused(table, space, [Put(Key(pk and pk.replace("space", space), sk), {})])

    @pytest.mark.parametrize("what", NO_NUMBERS)
    def test_only_numbers_are_added_to(self, table: Table, key: Key, space: str, what: str) -> None:
        table.put(Put(key, {"n": NO_NUMBERS[what]}))
        self._refused(table, space, [Update(key, add={"n": 1})])

    @pytest.mark.parametrize("nothing", [both(), either(), both(either())])
    def test_a_condition_of_nothing(self, table: Table, key: Key, space: str, nothing: Condition) -> None:
        self._refused(table, space, [Put(key, {}, nothing)])

    def test_transactions_of_none_of_too_many_and_of_one_twice(self, table: Table, space: str) -> None:
        self._refused(table, space, [])
        self._refused(table, space, [Put(Key(space, f"{n:03}"), {}) for n in range(101)])
        self._refused(table, space, [Put(Key(space, "A"), {}), Update(Key(space, "A"), set={"a": 1})])

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_query_for_nothing(self, table: Table, space: str, limit: int) -> None:
        with pytest.raises(REFUSED):
            table.due(space, "9", limit)

    @pytest.mark.parametrize("case", DEEP_CASES, ids=named)
    def test_conditions_on_what_is_inside(self, table: Table, space: str, case: Case) -> None:
        check(table, space, case, there=DEEP)

    @pytest.mark.parametrize("condition", NO_ORDER, ids=lambda condition: named((condition, False, False)))
    def test_what_has_no_order_is_not_in_order(self, table: Table, key: Key, condition: Condition) -> None:
        table.put(Put(key, DEEP))
        with pytest.raises((ConditionFailed, *REFUSED)):
            table.update(Update(key, set={"written": 1}, when=condition))
        assert "written" not in (table.get(key) or {})

    @staticmethod
    def _refused(table: Table, space: str, writes: Sequence[Write]) -> None:
        before = table.query(space)
        with pytest.raises(REFUSED):
            table.transact(writes)
        for write in writes if len(writes) == 1 else ():
            with pytest.raises(REFUSED):
                table.put(write) if isinstance(write, Put) else table.update(write)
        assert table.query(space) == before
