"""What every channel keeps about cancelling and holding, and that shipments do not come this way."""

from __future__ import annotations

from contextlib import suppress

import pytest

from bridge.domain.errors import NotNow, Unacknowledged
from bridge.erp.publish import Publisher
from bridge.ports import Erp
from tests.contract.erp_kit.cases import CANARY, RECIPIENT, SELLER, order
from tests.contract.publish_kit.cases import Interrupted, Kit, Receiver, messages


class StoppingKit(Kit):
    """Inherited by `PublishKit`."""

    def test_a_cancellation_waits_for_its_answer(self, erp: Erp, receiver: Receiver) -> None:
        key = order().key
        for _ in range(2):
            with pytest.raises(Unacknowledged):
                erp.cancel(key)
        told = messages(receiver, key.order_id)
        assert {message["type"] for message in told} == {"cancellation"}
        assert len({message["id"] for message in told}) == 1

    def test_a_hold_is_done_when_it_is_delivered(self, erp: Erp, receiver: Receiver) -> None:
        key = order().key
        erp.hold(key, "the buyer asked to cancel")
        erp.hold(key, "the buyer asked to cancel")
        told = messages(receiver, key.order_id)
        assert {message["data"]["reason"] for message in told} == {"the buyer asked to cancel"}
        assert len({message["id"] for message in told}) == 1

    @pytest.mark.parametrize("after", [False, True], ids=["lost", "answer lost"])
    @pytest.mark.parametrize("step", [1, 2])
    def test_an_interrupted_stop_is_made_good_under_the_same_id(
        self, erp: Erp, interrupted: Interrupted, receiver: Receiver, step: int, after: bool
    ) -> None:
        key = order().key
        with interrupted(step, after=after) as shaky, suppress(NotNow):
            Publisher(shaky, {}).cancel(key)
        with interrupted(step, after=after) as shaky, suppress(NotNow):
            Publisher(shaky, {}).hold(key, "a reason")
        with suppress(Unacknowledged):
            erp.cancel(key)
        erp.hold(key, "a reason")
        told = messages(receiver, key.order_id)
        assert {message["type"] for message in told} == {"cancellation", "hold"}
        assert len({message["id"] for message in told}) == 2

    def test_only_an_order_tells_who_it_is_for(self, erp: Erp, receiver: Receiver) -> None:
        document = order()
        with pytest.raises(Unacknowledged):
            erp.create(document, RECIPIENT)
        with pytest.raises(Unacknowledged):
            erp.cancel(document.key)
        erp.hold(document.key, "the buyer asked to cancel")
        for message in messages(receiver, document.key.order_id):
            told = str({**message, "data": {**message["data"], "recipient": None}})
            assert CANARY not in told

    def test_shipments_come_through_the_api_only(self, erp: Erp) -> None:
        assert list(erp.list_shipments(SELLER, order().ordered_at)) == []
