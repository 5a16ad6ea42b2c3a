"""What a `Table` promises, whatever is behind it; heirs provide the fixture `table`."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    *(f"{__name__}.{part}" for part in ("conditions", "single", "several", "index", "types", "limits", "threads"))
)

from tests.contract.table_kit.cases import create_table  # noqa: E402
from tests.contract.table_kit.index import IndexKit, NothingSharedKit  # noqa: E402
from tests.contract.table_kit.limits import LimitsKit  # noqa: E402
from tests.contract.table_kit.several import SeveralItemsKit  # noqa: E402
from tests.contract.table_kit.single import OneItemKit  # noqa: E402
from tests.contract.table_kit.threads import ThreadsKit  # noqa: E402
from tests.contract.table_kit.types import TypesKit  # noqa: E402

__all__ = ["SerialTableKit", "StrictTableKit", "TableKit", "create_table"]


class SerialTableKit(OneItemKit, SeveralItemsKit, IndexKit, NothingSharedKit):
    """For moto, which lets two writers through one condition and compares apples with pears."""


class TableKit(SerialTableKit, TypesKit, ThreadsKit):
    """All that the bridge does with a table."""


class StrictTableKit(TableKit, LimitsKit):
    """And what it must not do, refused."""
