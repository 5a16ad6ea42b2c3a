"""Values of every type: that they come back as they were, and how they compare with others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from bridge.stores.table import Item, Key, Put, Table, Update
from tests.contract.table_kit.cases import Kit
from tests.contract.table_kit.conditions import ACROSS_TYPES, Case, check, named

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


class TypesKit(Kit):
    @pytest.mark.parametrize("case", ACROSS_TYPES, ids=named)
    def test_conditions_across_types(self, table: Table, space: str, case: Case) -> None:
        check(table, space, case)

    @given(item=st.dictionaries(st.sampled_from(["a", "b b", "#c", "söt", "\U0001d11e", "size"]), VALUES, max_size=4))
    @examples(max_examples=25)
    def test_every_value_comes_back_as_it_was(self, table: Table, key: Key, item: Item) -> None:
        table.put(Put(key, item))
        assert table.get(key) == {**item, **key._asdict()}
        assert table.update(Update(key, set=item, remove=("x",))) == {**item, **key._asdict()}
