"""What every connector keeps about cancelling and holding."""

from __future__ import annotations

from contextlib import suppress

import pytest

from bridge.domain.documents import CancelAnswer
from bridge.domain.errors import Unavailable
from bridge.ports import Erp
from tests.contract.erp_kit.cases import (
    RECIPIENT,
    Interrupted,
    Kit,
    Warehouse,
    news,
    order,
)


class StopsKit(Kit):
    """Inherited by `ErpKit`."""

    def test_cancelling_what_has_not_shipped_is_done(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order()
        assert erp.cancel(document.key) is CancelAnswer.DONE
        erp.create(document, RECIPIENT)
        assert erp.cancel(document.key) is CancelAnswer.DONE
        assert erp.cancel(document.key) is CancelAnswer.DONE
        assert not any(seen.ready for seen in warehouse.documents(document.key))
        assert news(erp, document) == [], "our own cancellation is no news"

    @pytest.mark.parametrize("after", [False, True], ids=["lost", "answer lost"])
    @pytest.mark.parametrize("write", [1, 2])
    def test_an_interrupted_cancellation_is_resumed(
        self, erp: Erp, interrupted: Interrupted, warehouse: Warehouse, write: int, after: bool
    ) -> None:
        document = order()
        erp.create(document, RECIPIENT)
        with interrupted(write, after=after) as shaky, suppress(Unavailable):
            shaky.cancel(document.key)
        assert erp.cancel(document.key) is CancelAnswer.DONE
        assert not any(seen.ready for seen in warehouse.documents(document.key))
        assert news(erp, document) == []

    def test_cancelling_what_has_shipped_is_refused(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order()
        erp.create(document, RECIPIENT)
        warehouse.ship(document.key, "DHL", "00340434161094000001")
        assert erp.cancel(document.key) is CancelAnswer.REFUSED_SHIPPED

    def test_cancelling_what_has_partly_shipped_needs_a_human(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order()
        erp.create(document, RECIPIENT)
        warehouse.ship(document.key, "DHL", "00340434161094000002", only={"SKU-0001": 1})
        assert erp.cancel(document.key) is CancelAnswer.NEEDS_HUMAN

    def test_a_held_order_waits_for_a_human(self, erp: Erp, warehouse: Warehouse) -> None:
        document = order()
        erp.hold(document.key, "no such document: nothing to hold")
        erp.create(document, RECIPIENT)
        erp.hold(document.key, "the buyer asked to cancel")
        erp.hold(document.key, "the buyer asked to cancel")
        (seen,) = warehouse.documents(document.key)
        assert not seen.ready
        warehouse.release(document.key)
        erp.hold(document.key, "the buyer asked to cancel")
        (seen,) = warehouse.documents(document.key)
        assert seen.ready, "the human's decision stands"
        warehouse.ship(document.key, "UPS", "1Z1")
        erp.hold(document.key, "too late")
        assert len(news(erp, document)) == 1
