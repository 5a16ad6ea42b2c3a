"""Sixteen writers at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bridge.stores.table import Absent, Compare, ConditionFailed, Key, Put, Table, Update, equals
from tests.contract.table_kit.cases import Kit


class ThreadsKit(Kit):
    THREADS = 16

    def test_fifty_units_are_sold_fifty_times(self, table: Table, space: str) -> None:
        stock, receipts = Key(space, "STOCK"), 10
        table.put(Put(stock, {"units": 50}))

        def sell(thread: int) -> int:
            sold = 0
            for n in range(receipts):
                receipt = Put(Key(space, f"R#{thread:02}-{n}"), {}, Absent("pk"))
                try:
                    table.transact([Update(stock, add={"units": -1}, when=Compare("units", ">", 0)), receipt])
                except ConditionFailed:
                    continue
                sold += 1
            return sold

        assert sum(self._at_once(sell)) == 50
        assert (table.get(stock) or {})["units"] == 0
        assert len(table.query(space, "R#")) == 50

    def test_no_increment_is_lost(self, table: Table, key: Key) -> None:
        def count(_: int) -> list[int]:
            return [table.update(Update(key, add={"n": 1}))["n"] for _ in range(10)]

        seen = [n for part in self._at_once(count) for n in part]
        assert sorted(seen) == list(range(1, 10 * self.THREADS + 1))

    def test_compare_and_set_lets_one_through_at_a_time(self, table: Table, key: Key) -> None:
        table.put(Put(key, {"rev": 0, "by": []}))
        overtaken: list[bool] = []

        def change(thread: int) -> None:
            while True:
                item = table.get(key) or {}
                try:
                    table.put(
                        Put(key, {"rev": item["rev"] + 1, "by": [*item["by"], thread]}, equals("rev", item["rev"]))
                    )
                except ConditionFailed as failed:
                    overtaken.append((failed.item or item)["rev"] > item["rev"])
                else:
                    return

        self._at_once(change)
        item = table.get(key) or {}
        assert item["rev"] == self.THREADS
        assert all(overtaken)
        assert sorted(item["by"]) == list(range(self.THREADS))

    def test_one_of_all_makes_the_item(self, table: Table, key: Key) -> None:
        def make(thread: int) -> int:
            try:
                table.put(Put(key, {"by": thread}, Absent("pk")))
            except ConditionFailed as failed:
                return 0 if failed.item else self.THREADS
            return 1

        assert sum(self._at_once(make)) == 1

    def _at_once(self, work: Callable[[int], Any]) -> list[Any]:
        with ThreadPoolExecutor(self.THREADS) as pool:
            return list(pool.map(work, range(self.THREADS)))
