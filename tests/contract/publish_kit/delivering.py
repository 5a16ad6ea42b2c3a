"""What every channel keeps about an order: at least once, one id, every field exact, nothing personal elsewhere."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bridge.domain.documents import LineKind
from bridge.domain.errors import BridgeError, NotNow, Unacknowledged
from bridge.domain.money import Money
from bridge.domain.times import to_text
from bridge.erp.publish import ACKNOWLEDGE_WITHIN, Channel, Publisher
from bridge.ports import Erp
from tests.contract.erp_kit.cases import CANARY, RECIPIENT, SELLER, charge, item, order
from tests.contract.publish_kit.cases import BadDay, Interrupted, Kit, Receiver, messages


class DeliveringKit(Kit):
    """Inherited by `PublishKit`."""

    def test_an_order_that_nobody_acknowledged_is_unknown(self, erp: Erp) -> None:
        assert erp.find(order().key) is None

    def test_what_is_delivered_is_the_order_to_the_cent(self, erp: Erp, receiver: Receiver) -> None:
        document = replace(
            order(
                item(1, "SKU-0001", 2, "3.33"),
                item(1, "SKU-0001", 1, "3.34"),
                item(2, "SKU-0002", 7, "0.07"),
                charge(LineKind.SHIPPING, "4.99"),
                charge(LineKind.DISCOUNT, "-2.57"),
            ),
            version="2026-11-24T08:00:00.000000Z",
        )
        with pytest.raises(Unacknowledged):
            erp.create(document, RECIPIENT)
        (message,) = messages(receiver, document.key.order_id)
        assert (message["region"], message["seller_id"]) == SELLER
        assert message["version"] == document.version
        data = message["data"]
        assert data["total"] == {"amount": "12.91", "currency": "EUR"}
        assert [(line["kind"], line["sku"], line["quantity"], line["unit_price"]) for line in data["lines"]] == [
            (str(line.kind), line.sku, line.quantity, str(line.unit_price)) for line in document.lines
        ]
        assert sum(Decimal(line["amount"]) for line in data["lines"]) == document.total.amount
        assert data["ordered_at"] == to_text(document.ordered_at)
        assert data["ship_by"] == to_text(document.ship_by or document.ordered_at)

    def test_money_without_minor_unit_is_whole(self, erp: Erp, receiver: Receiver) -> None:
        document = replace(order(item(1, "SKU-0001", 2, "150")), total=Money(Decimal(300), "JPY"))
        with pytest.raises(Unacknowledged):
            erp.create(document, RECIPIENT)
        (message,) = messages(receiver, document.key.order_id)
        assert message["data"]["total"] == {"amount": "300", "currency": "JPY"}
        assert message["data"]["lines"][0]["unit_price"] == "150"

    def test_it_is_told_again_when_no_acknowledgement_came_in_time(self, erp: Erp) -> None:
        before = datetime.now(UTC)
        with pytest.raises(Unacknowledged) as raised:
            erp.create(order(), RECIPIENT)
        assert raised.value.until is not None
        assert before + ACKNOWLEDGE_WITHIN <= raised.value.until <= datetime.now(UTC) + ACKNOWLEDGE_WITHIN

    def test_a_repetition_is_the_same_message(self, channel: Channel, receiver: Receiver) -> None:
        document = order()
        for _ in range(3):
            with pytest.raises(Unacknowledged):
                Publisher(channel, {}).create(document, RECIPIENT)
        first, *more = receiver.texts(document.key.order_id)
        assert set(more) <= {first}
        assert len(messages(receiver, document.key.order_id)) >= 1

    def test_what_changed_at_amazon_is_a_newer_message(self, erp: Erp, receiver: Receiver) -> None:
        old = replace(order(), version="2026-11-24T08:00:00.000000Z")
        new = replace(old, version="2026-11-24T08:00:01.000000Z")
        changed = replace(old, ship_by=old.ordered_at + timedelta(days=9))
        for document in (old, new, changed):
            with pytest.raises(Unacknowledged):
                erp.create(document, RECIPIENT)
        told = messages(receiver, old.key.order_id)
        assert len({message["id"] for message in told}) == 3
        assert {message["version"] for message in told} == {old.version, new.version}

    def test_two_orders_never_share_an_id(self, erp: Erp, receiver: Receiver) -> None:
        documents = [order() for _ in range(3)]
        for document in documents:
            with pytest.raises(Unacknowledged):
                erp.create(document, RECIPIENT)
        ids = {message["id"] for one in documents for message in messages(receiver, one.key.order_id)}
        assert len(ids) == 3

    @pytest.mark.parametrize("after", [False, True], ids=["lost", "answer lost"])
    @pytest.mark.parametrize("step", [1, 2])
    def test_an_interrupted_delivery_is_made_good_under_the_same_id(
        self, erp: Erp, interrupted: Interrupted, receiver: Receiver, step: int, after: bool
    ) -> None:
        document = order()
        with interrupted(step, after=after) as shaky, suppress(NotNow):
            Publisher(shaky, {}).create(document, RECIPIENT)
        with pytest.raises(Unacknowledged):
            erp.create(document, RECIPIENT)
        assert len(set(receiver.texts(document.key.order_id))) == 1

    def test_eight_at_once_tell_one_thing(self, erp: Erp, receiver: Receiver) -> None:
        document = order()

        def create(_: int) -> type[BaseException]:
            with pytest.raises(NotNow) as raised:
                erp.create(document, RECIPIENT)
            return raised.type

        with ThreadPoolExecutor(8) as pool:
            assert Unacknowledged in set(pool.map(create, range(8)))
        assert len(set(receiver.texts(document.key.order_id))) == 1

    @pytest.mark.parametrize(
        "name",
        ["山田 太郎", "Łukasz Żółć-Ñandú", "عبد الله", 'Zoe\u0308 🎁 O\'Neil "Z" <b>', "\ufffe\u0007\u2028\\u0041"],
    )
    def test_names_and_addresses_survive_exactly(self, erp: Erp, receiver: Receiver, name: str) -> None:
        document = order()
        where = replace(RECIPIENT, name=name, street=(f"{name} 5", name), city=name, instructions=name, company=name)
        with pytest.raises(Unacknowledged):
            erp.create(document, where)
        (message,) = messages(receiver, document.key.order_id)
        told = message["data"]["recipient"]
        assert {told[field] for field in ("name", "city", "instructions", "company")} == {name}
        assert told["street"] == [f"{name} 5", name]
        rest = {field: told[field] for field in ("postal_code", "country", "region", "phone", "email")}
        assert rest == {field: getattr(RECIPIENT, field) for field in rest}

    def test_nobody_can_guess_the_recipient_from_the_id(self, erp: Erp, receiver: Receiver) -> None:
        document = order()
        for who in (RECIPIENT, replace(RECIPIENT, name="Somebody Else")):
            with pytest.raises(Unacknowledged):
                erp.create(document, who)
        assert len({message["id"] for message in messages(receiver, document.key.order_id)}) == 1

    def test_every_bad_day_has_its_error_and_none_tells_the_recipient(self, bad_days: Sequence[BadDay]) -> None:
        assert len(bad_days) >= 3
        for what, begin, expected in bad_days:
            with begin() as channel, pytest.raises(BridgeError) as raised:
                Publisher(channel, {}).create(order(), RECIPIENT)
            assert raised.type is expected, f"{what}: {raised.value}"
            assert CANARY not in "".join(traceback.format_exception(raised.value)), what
            assert not isinstance(raised.value, Unacknowledged), what
