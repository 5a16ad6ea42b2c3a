"""Every kind of condition, and what it says of an item and of no item."""

from __future__ import annotations

import pytest

from bridge.stores.table import (
    Absent,
    Compare,
    Condition,
    ConditionFailed,
    Item,
    Key,
    Present,
    Put,
    Table,
    Update,
    both,
    either,
    equals,
)

Case = tuple[Condition, bool, bool]
"""Condition, whether it holds for THERE, whether it holds where there is no item."""

THERE: Item = {"s": "m", "n": 5, "t": True, "nil": None, "l": [1, "x"], "m": {"a": 1}, "status": "x"}

CONDITIONS: list[Case] = [
    (Absent("s"), False, True),
    (Absent("gone"), True, True),
    (Absent("nil"), False, True),
    (Present("s"), True, False),
    (Present("gone"), False, False),
    (equals("s", "m"), True, False),
    (equals("s", "M"), False, False),
    (equals("n", 5), True, False),
    (equals("t", value=True), True, False),
    (equals("l", [1, "x"]), True, False),
    (equals("l", ["x", 1]), False, False),
    (equals("m", {"a": 1}), True, False),
    (equals("status", "x"), True, False),
    (Compare("s", "<>", "m"), False, True),
    (Compare("s", "<>", "n"), True, True),
    (Compare("gone", "<>", "m"), True, True),
    *[(Compare("s", "<", value), value > "m", False) for value in ("l", "m", "n", "é", "M")],
    *[(Compare("s", "<=", value), value >= "m", False) for value in ("l", "m", "n", "M")],
    *[(Compare("s", ">", value), value < "m", False) for value in ("l", "m", "n", "\U0001d11e")],
    *[(Compare("s", ">=", value), value <= "m", False) for value in ("l", "m", "n")],
    *[(Compare("n", "<", value), value > 5, False) for value in (-1, 5, 6, 10**20)],
    *[(Compare("n", "<=", value), value >= 5, False) for value in (4, 5, 6)],
    *[(Compare("n", ">", value), value < 5, False) for value in (-1, 4, 5, 40)],
    *[(Compare("n", ">=", value), value <= 5, False) for value in (4, 5, 6)],
    (Compare("gone", "<", "9"), False, False),
    (Compare("gone", ">=", 0), False, False),
    (both(Present("s"), equals("n", 5)), True, False),
    (both(Present("s"), equals("n", 6)), False, False),
    (both(Absent("gone"), Absent("lost")), True, True),
    (either(Absent("s"), equals("n", 5)), True, True),
    (either(equals("n", 4), equals("n", 6)), False, False),
    (either(Absent("s"), Compare("s", "<", "z")), True, True),
    (both(either(Absent("gone"), equals("gone", 1)), either(equals("s", "q"), Compare("n", ">", 4))), True, False),
    (either(both(Present("gone"), Present("s")), both(Absent("gone"), Present("n"))), True, False),
]

# What compares across types; moto does not know it.
ACROSS_TYPES: list[Case] = [
    (equals("n", "5"), False, False),
    (equals("t", 1), False, False),
    (equals("nil", None), True, False),
    (equals("gone", None), False, False),
    (Compare("n", "<>", "5"), True, True),
    (Compare("s", "<", 9), False, False),
    (Compare("n", "<", "9"), False, False),
]


def named(case: Case) -> str:
    return str(case[0]).translate(str.maketrans("", "", "()' "))[:70]


def check(table: Table, space: str, case: Case, there: Item = THERE) -> None:
    """By every way of writing: a condition that holds lets the write through, another one changes nothing."""
    condition, of_it, of_none = case
    for sk, item, expected in (("there", there, of_it), ("nowhere", None, of_none)):
        for write in (_put, _update, _transact):
            key = Key(space, f"{sk}-{write.__name__}")
            if item is not None:
                table.put(Put(key, item))
            before = table.get(key)
            if expected:
                write(table, key, condition)
                assert (table.get(key) or {})["written"] == 1
                continue
            with pytest.raises(ConditionFailed) as failed:
                write(table, key, condition)
            assert failed.value.index == 0
            assert failed.value.item == before
            assert table.get(key) == before


def _put(table: Table, key: Key, condition: Condition) -> None:
    table.put(Put(key, {"written": 1}, condition))


def _update(table: Table, key: Key, condition: Condition) -> None:
    table.update(Update(key, set={"written": 1}, when=condition))


def _transact(table: Table, key: Key, condition: Condition) -> None:
    table.transact([Update(key, set={"written": 1}, when=condition)])
