"""Conditions and writes of one item."""

from __future__ import annotations

import pytest

from bridge.stores.table import Key, Put, Table, Update, equals
from tests.contract.table_kit.cases import Kit
from tests.contract.table_kit.conditions import CONDITIONS, Case, check, named


class OneItemKit(Kit):
    @pytest.mark.parametrize("case", CONDITIONS, ids=named)
    def test_conditions(self, table: Table, space: str, case: Case) -> None:
        check(table, space, case)

    def test_what_is_not_there_is_none(self, table: Table, key: Key) -> None:
        assert table.get(key) is None
        table.delete(key)
        assert table.get(key) is None

    def test_put_replaces_the_whole_item(self, table: Table, key: Key) -> None:
        table.put(Put(key, {"a": 1, "b": "x"}))
        table.put(Put(key, {"b": "y"}))
        assert table.get(key) == {"pk": key.pk, "sk": key.sk, "b": "y"}

    def test_update_makes_the_item_and_returns_all_of_it(self, table: Table, key: Key) -> None:
        assert table.update(Update(key, set={"a": 1})) == {**key._asdict(), "a": 1}
        assert table.update(Update(key, set={"b": {"c": [True, None]}})) == {
            **key._asdict(),
            "a": 1,
            "b": {"c": [True, None]},
        }

    def test_an_update_that_changes_nothing_makes_the_item(self, table: Table, key: Key) -> None:
        assert table.update(Update(key, remove=("gone",))) == key._asdict()

    def test_init_sets_only_what_is_absent(self, table: Table, key: Key) -> None:
        assert table.update(Update(key, init={"since": "1"}))["since"] == "1"
        assert table.update(Update(key, init={"since": "2"}, set={"at": "2"}))["since"] == "1"

    def test_init_leaves_a_null_alone(self, table: Table, key: Key) -> None:
        table.put(Put(key, {"since": None}))
        assert table.update(Update(key, init={"since": "2"}))["since"] is None

    def test_add_counts_from_nothing_up_and_down(self, table: Table, key: Key) -> None:
        assert table.update(Update(key, add={"n": 3}))["n"] == 3
        assert table.update(Update(key, add={"n": -5, "m": 1}))["n"] == -2
        assert table.get(key) == {**key._asdict(), "n": -2, "m": 1}

    def test_remove_takes_away_and_does_not_mind_what_is_gone(self, table: Table, key: Key) -> None:
        table.put(Put(key, {"a": 1, "b": 2}))
        assert table.update(Update(key, remove=("a", "gone"))) == {**key._asdict(), "b": 2}

    def test_set_add_init_and_remove_together(self, table: Table, key: Key) -> None:
        table.put(Put(key, {"n": 1, "old": "x"}))
        update = Update(key, set={"s": "y"}, add={"n": 1}, init={"since": "now"}, remove=("old",), when=equals("n", 1))
        assert table.update(update) == {**key._asdict(), "n": 2, "s": "y", "since": "now"}

    def test_delete_takes_the_item_away(self, table: Table, key: Key) -> None:
        table.put(Put(key, {"a": 1}))
        table.delete(key)
        assert table.get(key) is None

    def test_what_was_read_is_a_copy(self, table: Table, key: Key) -> None:
        kept = {"l": [1], "m": {"a": 1}}
        table.put(Put(key, kept))
        kept["l"] = []
        read = table.get(key)
        assert read is not None
        read["m"]["a"] = 2
        assert (table.get(key) or {})["m"] == {"a": 1}

    @pytest.mark.parametrize("text", ["Łódź", "東京", "שלום", "👩🏽‍🚀", "a\u0000b", "é" + "e\u0301", " x ", "%_#:"])
    def test_keys_and_texts_are_byte_exact(self, table: Table, space: str, text: str) -> None:
        key = Key(f"{space}{text}", text)
        table.put(Put(key, {"text": text}))
        assert table.get(key) == {**key._asdict(), "text": text}
        assert table.query(key.pk, text) == [{**key._asdict(), "text": text}]
