"""Transactions, queries and the index `due`."""

from __future__ import annotations

import pytest

from bridge.stores.table import Absent, Condition, ConditionFailed, Key, Present, Put, Table, Update, equals
from tests.contract.table_kit.cases import Kit


class SeveralItemsKit(Kit):
    def test_a_transaction_writes_everything(self, table: Table, space: str) -> None:
        table.put(Put(Key(space, "B"), {"n": 1}))
        table.transact([Put(Key(space, "A"), {"a": 1}, Absent("a")), Update(Key(space, "B"), add={"n": 1})])
        assert [item.get("a", item.get("n")) for item in table.query(space)] == [1, 2]

    @pytest.mark.parametrize("failing", [0, 1, 2])
    def test_a_transaction_writes_nothing_when_one_condition_is_false(
        self, table: Table, space: str, failing: int
    ) -> None:
        keys = [Key(space, name) for name in "ABC"]
        for key in keys[:2]:
            table.put(Put(key, {"n": 1}))
        before = table.query(space)
        conditions: list[Condition] = [Present("n"), equals("n", 1), Absent("n")]
        conditions[failing] = Present("never")
        writes = [
            Put(keys[0], {"n": 9}, conditions[0]),
            Update(keys[1], add={"n": 9}, when=conditions[1]),
            Update(keys[2], set={"n": 9}, when=conditions[2]),
        ]
        with pytest.raises(ConditionFailed) as failed:
            table.transact(writes)
        assert failed.value.index == failing
        assert failed.value.item == table.get(keys[failing])
        assert table.query(space) == before

    def test_the_first_false_condition_is_named(self, table: Table, space: str) -> None:
        with pytest.raises(ConditionFailed) as failed:
            table.transact([Update(Key(space, name), set={"n": 1}, when=Present("n")) for name in "AB"])
        assert failed.value.index == 0

    def test_a_transaction_of_a_hundred(self, table: Table, space: str) -> None:
        table.transact([Put(Key(space, f"{n:03}"), {"n": n}) for n in range(100)])
        assert [item["n"] for item in table.query(space)] == list(range(100))

    def test_a_query_sees_one_partition_in_order_of_sort_key(self, table: Table, space: str) -> None:
        names = ["PKG#b", "HEAD", "PKG#a", "FX#hand", "PKG#\uffff", "PKG#\U0001d11e", "PKG#é", "PKG", "pkg#a", "PKG#10"]
        for name in names:
            table.put(Put(Key(space, name), {"x": name}))
        table.put(Put(Key(f"{space}#", "PKG#other"), {}))
        assert [item["sk"] for item in table.query(space)] == sorted(names)
        assert [item["sk"] for item in table.query(space, "PKG#")] == sorted(n for n in names if n.startswith("PKG#"))
        assert table.query(space, "NONE") == []
        assert table.query(f"{space}-nobody") == []

    def test_a_query_brings_more_than_one_megabyte(self, table: Table, space: str) -> None:
        for n in range(30):
            table.put(Put(Key(space, f"{n:02}"), {"text": "x" * 50_000}))
        assert [item["sk"] for item in table.query(space)] == [f"{n:02}" for n in range(30)]

    def test_due_brings_the_earliest_first(self, table: Table, space: str) -> None:
        for n in (5, 1, 4, 2, 3):
            table.put(Put(Key(space, f"K{n}"), {"dshard": space, "due": f"2026-11-2{n}", "more": "x"}))
        table.put(Put(Key(space, "other"), {"dshard": f"{space}-other", "due": "2026-11-20"}))
        table.put(Put(Key(space, "idle"), {"more": "x"}))
        found = table.due(space, "2026-11-24", 100)
        assert [(item["pk"], item["sk"], item["due"]) for item in found] == [
            (space, f"K{n}", f"2026-11-2{n}") for n in (1, 2, 3, 4)
        ]
        assert all("more" not in item for item in found)
        assert [item["sk"] for item in table.due(space, "9", 2)] == ["K1", "K2"]
        assert table.due(space, "2026-11-20", 100) == []

    def test_due_holds_many_of_the_same_moment(self, table: Table, space: str) -> None:
        for n in range(5):
            table.put(Put(Key(space, f"K{n}"), {"dshard": space, "due": "1"}))
        assert sorted(item["sk"] for item in table.due(space, "1", 9)) == [f"K{n}" for n in range(5)]

    def test_due_follows_changes(self, table: Table, key: Key, space: str) -> None:
        table.put(Put(key, {"dshard": space, "due": "1"}))
        table.update(Update(key, set={"due": "5"}))
        assert table.due(space, "4", 9) == []
        assert [item["due"] for item in table.due(space, "5", 9)] == ["5"]
        table.update(Update(key, remove=("due", "dshard")))
        assert table.due(space, "9", 9) == []

    def test_several_items_are_read_in_the_order_asked_for(self, table: Table, space: str) -> None:
        for name in ("A", "B"):
            table.put(Put(Key(space, name), {"of": name}))
        asked = [Key(space, name) for name in ("B", "gone", "A")]
        found = table.several(*asked)
        assert [item and item["of"] for item in found] == ["B", None, "A"]
        assert found[2] == table.get(asked[2])

    def test_an_item_that_is_asked_for_twice_comes_twice(self, table: Table, space: str) -> None:
        key = Key(space, "A")
        table.put(Put(key, {"n": 1}))
        assert table.several(key, Key(space, "gone"), key) == [table.get(key), None, table.get(key)]

    def test_of_no_keys_there_is_nothing(self, table: Table) -> None:
        assert table.several() == []

    def test_hundreds_of_items_are_read_in_the_order_asked_for(self, table: Table, space: str) -> None:
        names = [f"{n:03}" for n in range(201)]
        for start in range(0, 200, 50):
            table.transact([Put(Key(space, name), {"of": name}) for name in names[start : start + 50]])
        asked = [Key(space, name) for name in (*reversed(names), names[0], names[200], names[150])]
        found = table.several(*asked)
        assert [item and item["of"] for item in found] == [None if key.sk == "200" else key.sk for key in asked]
        assert found[-1] == table.get(asked[-1])

    def test_a_hundred_items_are_read_at_once(self, table: Table, space: str) -> None:
        keys = [Key(space, f"{n:03}") for n in range(100)]
        for key in keys[::2]:
            table.put(Put(key, {}))
        assert [item is not None for item in table.several(*keys)] == [True, False] * 50
