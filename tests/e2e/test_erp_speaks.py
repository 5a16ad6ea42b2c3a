"""The ERP speaks up through the HTTP API: every route is there, and what is said is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from local.demo.warehouse_floor import post
from tests.e2e.stage import EUROPE, Stage

pytestmark = pytest.mark.emulator


def test_the_erp_says_what_it_holds_wants_and_has(stage: Stage) -> None:
    order = stage.order("SKU-0007")
    stage.handed(order)
    number = stage.happened(order, "order in the ERP")["erp"]
    about = {"region": "eu", "seller_id": EUROPE, "order_id": order.order_id}

    def say(route: str, body: dict[str, Any], **headers: str) -> tuple[int, dict[str, Any]]:
        answer = post(stage.machine, route, {**about, **body}, **headers)
        return answer.status_code, answer.json()

    known = {"number": number, "version": "as it was delivered"}
    assert say("acknowledgements", known) == (202, {"result": "known already"})
    assert say("cancellation-answers", {"answer": "done"})[0] == 409
    count = {"sku": "SKU-0007", "quantity": 3, "at": datetime.now(UTC).isoformat()}
    for _ in range(2):
        assert say("stock", {"stock": [count]}, **{"idempotency-key": order.order_id}) == (202, {"stock": 1})
    assert say("stock", {"stock": [count]}) == (202, {"stock": 0})
    assert say("cancel-requests", {"reason": "out of stock"}) == (202, {"result": "taken"})
    assert "wants the order cancelled (out of stock)" in stage.timeline(order)["problem"]
