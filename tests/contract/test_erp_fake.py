"""The ERP in memory, held to the same promises as a real one: tests that use it prove something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bridge.ports import Erp
from tests.contract.erp_kit import ErpKit
from tests.contract.erp_kit.cases import Interrupted, Seen, Warehouse
from tests.fakes.erp import FakeErp


class People(FakeErp):
    """The fake with the view that the kit wants."""

    def documents(self, key: object) -> list[Seen]:
        return [
            Seen(
                total=sale.document.total,
                name=sale.recipient.name,
                address=(
                    *("\n".join(sale.recipient.street), sale.recipient.city, sale.recipient.region),
                    sale.recipient.company,
                ),
                ready=sale.state == "processing" and sale.waits and sale.shipped != sale.goods(),
            )
            for known, sale in self.sales.items()
            if known == key
        ]


class TestFakeErp(ErpKit):
    @pytest.fixture
    def erp(self) -> Erp:
        return People()

    @pytest.fixture
    def warehouse(self, erp: Erp) -> Warehouse:
        assert isinstance(erp, People)
        return erp

    @pytest.fixture
    def interrupted(self, erp: Erp) -> Interrupted:
        assert isinstance(erp, FakeErp)

        @contextmanager
        def interrupt(write: int, *, after: bool) -> Iterator[Erp]:
            erp.down, erp.fail_after_effect = write == 1 and not after, write == 1 and after
            yield erp
            erp.down = erp.fail_after_effect = False

        return interrupt
