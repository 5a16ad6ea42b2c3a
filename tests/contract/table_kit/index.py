"""The index `due` follows every way of writing, and nothing that was read or handed over stays tied to the table."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.stores.table import ConditionFailed, Key, Present, Put, Table, Update
from tests.contract.table_kit.cases import Kit


class IndexKit(Kit):
    def test_only_what_has_both_is_in_the_index(self, table: Table, space: str) -> None:
        table.put(Put(Key(space, "time"), {"due": "1"}))
        table.put(Put(Key(space, "shard"), {"dshard": space}))
        assert table.due(space, "9", 9) == []
        table.update(Update(Key(space, "time"), set={"dshard": space}))
        table.update(Update(Key(space, "shard"), init={"due": "2"}))
        assert [item["sk"] for item in table.due(space, "9", 9)] == ["time", "shard"]

    def test_an_update_that_makes_the_item_puts_it_there(self, table: Table, space: str) -> None:
        table.transact([Update(Key(space, name), set={"dshard": space, "due": name}) for name in "CAB"])
        assert [item["sk"] for item in table.due(space, "B", 9)] == ["A", "B"]

    def test_what_is_replaced_or_deleted_is_gone_from_it(self, table: Table, space: str) -> None:
        for name in "AB":
            table.put(Put(Key(space, name), {"dshard": space, "due": name}))
        table.put(Put(Key(space, "A"), {"other": 1}))
        table.delete(Key(space, "B"))
        assert table.due(space, "Z", 9) == []

    def test_a_transaction_moves_between_partitions(self, table: Table, space: str) -> None:
        shards = [f"{space}-1", f"{space}-2"]
        for name in "AB":
            table.put(Put(Key(space, name), {"dshard": shards[0], "due": name}))
        table.transact([Update(Key(space, "A"), set={"dshard": shards[1]}), Put(Key(space, "B"), {})])
        assert [[item["sk"] for item in table.due(shard, "Z", 9)] for shard in shards] == [[], ["A"]]

    def test_what_failed_leaves_the_index_alone(self, table: Table, key: Key, space: str) -> None:
        table.put(Put(key, {"dshard": space, "due": "5"}))
        with pytest.raises(ConditionFailed):
            table.update(Update(key, set={"due": "1"}, when=Present("never")))
        assert [item["due"] for item in table.due(space, "9", 9)] == ["5"]

    def test_a_limit_takes_the_earliest_also_of_many(self, table: Table, space: str) -> None:
        for n in range(40):
            table.put(Put(Key(space, f"{n:02}"), {"dshard": space, "due": f"{n * 7 % 40:02}"}))
        assert [item["due"] for item in table.due(space, "99", 25)] == [f"{n:02}" for n in range(25)]
        assert [item["due"] for item in table.due(space, "30", 1000)] == [f"{n:02}" for n in range(31)]

    def test_times_are_ordered_by_their_bytes(self, table: Table, space: str) -> None:
        times = ["2026", "2026-1", "9", "A", "Z", "a", "é", "\uffff", "\U0001d11e"]
        for n, time in enumerate(times):
            table.put(Put(Key(space, str(n)), {"dshard": space, "due": time}))
        assert [item["due"] for item in table.due(space, "\U0001f680", 99)] == times
        assert [item["due"] for item in table.due(space, "a", 99)] == times[:6]


class NothingSharedKit(Kit):
    def test_what_was_handed_over_may_be_changed_afterwards(self, table: Table, space: str) -> None:
        inner: list[Any] = [1, {"a": []}]
        table.put(Put(Key(space, "A"), {"l": inner}))
        table.update(Update(Key(space, "B"), set={"l": inner}))
        table.update(Update(Key(space, "C"), init={"l": inner}))
        table.transact([Put(Key(space, "D"), {"l": inner}), Update(Key(space, "E"), set={"l": inner})])
        inner[1]["a"].append(2)
        inner.append(3)
        assert [item["l"] for item in table.query(space)] == [[1, {"a": []}]] * 5

    def test_what_was_answered_may_be_changed(self, table: Table, key: Key, space: str) -> None:
        table.put(Put(key, {"l": [{"a": 1}], "dshard": space, "due": "1"}))
        answers = [table.get(key), table.update(Update(key, set={"x": 1})), *table.query(space)]
        with pytest.raises(ConditionFailed) as failed:
            table.put(Put(key, {}, Present("never")))
        with pytest.raises(ConditionFailed) as cancelled:
            table.transact([Update(key, when=Present("never"), set={"y": 1})])
        for answer in (*answers, failed.value.item, cancelled.value.item):
            assert answer is not None
            answer["l"][0]["a"] = 2
            answer["l"].append(3)
            answer["new"] = 1
        table.due(space, "9", 9)[0]["due"] = "0"
        assert table.get(key) == {**key._asdict(), "l": [{"a": 1}], "dshard": space, "due": "1", "x": 1}
        assert [item["due"] for item in table.due(space, "9", 9)] == ["1"]

    def test_two_items_share_nothing(self, table: Table, space: str) -> None:
        shared = {"a": [1]}
        table.transact([Put(Key(space, name), {"m": shared}) for name in "AB"])
        table.update(Update(Key(space, "A"), set={"m": {"a": [2]}}))
        assert [item["m"] for item in table.query(space)] == [{"a": [2]}, {"a": [1]}]

    def test_empty_texts_and_empty_insides_are_kept(self, table: Table, key: Key) -> None:
        item = {"t": "", "l": [], "m": {}, "in": [[], {}, "", None, False, 0]}
        table.put(Put(key, item))
        assert table.get(key) == {**key._asdict(), **item}
