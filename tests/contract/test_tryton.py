"""The Tryton connector against a real Tryton: the conformance kit, and what only Tryton can do wrong."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest

from bridge.domain.documents import CancelAnswer, Document, ShipmentState
from bridge.domain.errors import Misconfigured, Refused, Unavailable
from bridge.domain.ids import EU, MarketplaceId, Seller, SellerId
from bridge.erp import connector
from bridge.erp.tryton import Tryton, connect
from bridge.erp.tryton.config import read_config
from bridge.erp.tryton.rest import TIMEOUT, Rest
from bridge.erp.tryton.shipments import Shipments
from bridge.ports import Erp
from local.erp import server, template
from local.erp.postgres import free_port
from tests.contract.erp_kit.cases import RECIPIENT, SELLER, SHOPS, Interrupted, order
from tests.contract.tryton_kit import Meanwhile, People, TrytonKit
from tests.fakes.world import START


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Running]:
    template.prepare()
    started = server.start(tmp_path_factory.mktemp("erp"), free_port(), shops=SHOPS)
    yield started
    server.end(started)


@contextmanager
def meanwhile(running: server.Running, write: int, act: Callable[[], object]) -> Iterator[Erp]:
    with httpx.Client(transport=Meanwhile(write, act), timeout=TIMEOUT) as client:
        yield Tryton(read_config(running.config), client)


def waits(people: People, document: Document) -> bool:
    """Whether the warehouse would ship it."""
    return any(seen.ready for seen in people.documents(document.key))


@pytest.mark.emulator
class TestTryton(TrytonKit):
    def test_a_packed_parcel_needs_a_human(self, erp: Erp, people: People) -> None:
        document = order()
        erp.create(document, RECIPIENT)
        people.tryton.pack(document.key.order_id)
        assert erp.cancel(document.key) is CancelAnswer.NEEDS_HUMAN

    def test_a_new_price_replaces_a_half_made_sale(self, erp: Erp, interrupted: Interrupted, people: People) -> None:
        old, new = order(), order(currency="GBP")
        with interrupted(4, after=False) as shaky, pytest.raises(Unavailable):
            shaky.create(old, RECIPIENT)
        erp.create(type(new)(**{name: getattr(new, name) for name in new.__slots__} | {"key": old.key}), RECIPIENT)
        (sale,) = people.tryton.sales(old.key.order_id)
        assert (sale.state, sale.total, sale.shop) == ("processing", new.total, "Amazon UK")

    def test_a_half_made_sale_that_is_held_stays_with_the_human(
        self, erp: Erp, interrupted: Interrupted, people: People
    ) -> None:
        document = order()
        with interrupted(4, after=False) as shaky, pytest.raises(Unavailable):
            shaky.create(document, RECIPIENT)
        erp.hold(document.key, "the buyer asked to cancel")
        assert erp.create(document, RECIPIENT).state == "quotation"
        assert people.tryton.to_ship() == [s for s in people.tryton.to_ship() if s.order_id != document.key.order_id]

    @pytest.mark.parametrize("write", [3, 4], ids=["before the quotation", "before the confirmation"])
    def test_a_hold_while_it_is_being_created_holds(
        self, erp: Erp, running: server.Running, people: People, write: int
    ) -> None:
        document = order()
        with meanwhile(running, write, lambda: erp.hold(document.key, "the buyer asked to cancel")) as slow:
            slow.create(document, RECIPIENT)
        assert not waits(people, document)
        people.release(document.key)
        erp.create(document, RECIPIENT)
        assert waits(people, document), "the human's decision stands"

    def test_a_creation_while_it_is_being_held_is_held(
        self, erp: Erp, running: server.Running, interrupted: Interrupted, people: People
    ) -> None:
        document = order()
        with interrupted(4, after=False) as shaky, pytest.raises(Unavailable):
            shaky.create(document, RECIPIENT)
        with meanwhile(running, 1, lambda: erp.create(document, RECIPIENT)) as slow:
            slow.hold(document.key, "the buyer asked to cancel")
        assert not waits(people, document)

    @pytest.mark.parametrize("write", [3, 4], ids=["before the quotation", "before the confirmation"])
    def test_a_cancellation_while_it_is_being_created_cancels(
        self, erp: Erp, running: server.Running, people: People, write: int
    ) -> None:
        document, answers = order(), list[CancelAnswer]()
        with meanwhile(running, write, lambda: answers.append(erp.cancel(document.key))) as slow:
            slow.create(document, RECIPIENT)
        assert answers == [CancelAnswer.DONE]
        assert not waits(people, document)

    def test_an_unknown_key_is_not_the_orders_fault(self, running: server.Running) -> None:
        with closing(connect(running.config | {"key": "wrong"})) as tryton, pytest.raises(Misconfigured, match="key"):
            tryton.find(order().key)

    def test_an_absent_server_is_unavailable(self, running: server.Running) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            nowhere = running.config | {"url": f"http://127.0.0.1:{closed.getsockname()[1]}"}
            with closing(connect(nowhere)) as tryton, pytest.raises(Unavailable):
                tryton.find(order().key)

    def test_a_name_that_tryton_does_not_know_is_named(self, running: server.Running) -> None:
        nobody = running.config | {"carrier": "Nobody"}
        with closing(connect(nobody)) as tryton, pytest.raises(Refused, match="Nobody"):
            tryton.create(order(), RECIPIENT)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        *((status, "<p>Canaria</p>", Unavailable) for status in (302, 404, 408, 423, 429, 500, 502, 503)),
        (401, "<p>Canaria</p>", Misconfigured),
        *((status, '{"message": "Canaria"}', Refused) for status in (400, 403, 409, 422)),
        *((200, body, Unavailable) for body in ("<p>Canaria</p>", '[{"name": "Canaria', "{}", "", '"Canaria"', "null")),
        (200, '[{"__class__": "datetime", "year": 1}]', Unavailable),
    ],
)
def test_answers_are_classified_by_status_and_never_quoted(status: int, body: str, expected: type[Exception]) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, text=body))
    with httpx.Client(transport=transport) as client, pytest.raises(expected) as raised:
        Rest("http://erp.test", "erp", "key", client).search("sale.sale", [], ["id"])
    assert "Canaria" not in "".join(traceback.format_exception(raised.value))


def test_an_incomplete_secret_says_what_is_missing() -> None:
    with pytest.raises(Misconfigured, match=r"url.*key.*shops.*services"):
        connect({"database": "erp", "carrier": "UPS"})


def test_two_sellers_cannot_share_a_shop() -> None:
    shops = {f"A1/{marketplace}": "Shop" for marketplace in server.SHOPS} | {"A2/A1PA6795UKMFR9": "Shop"}
    raw = {"url": "http://x", "database": "erp", "key": "k", "carrier": "UPS", "services": server.SERVICES}
    with pytest.raises(Misconfigured, match="two sellers"):
        read_config(raw | {"shops": shops})


def test_two_regions_cannot_share_a_shop() -> None:
    raw = {"url": "http://x", "database": "erp", "key": "k", "carrier": "UPS", "services": server.SERVICES}
    with pytest.raises(Misconfigured, match="two sellers or regions"):
        read_config(raw | {"shops": {"A1/A1PA6795UKMFR9": "Shop", "A1/ATVPDKIKX0DER": "Shop"}})
    shops = {"A1/A1PA6795UKMFR9": "Shop", "A1/A1F83G8C2ARO7P": "Shop"}
    assert read_config(raw | {"shops": shops}).shops_of(Seller(EU, SellerId("A1"))) == ["Shop"]


class HandMade:
    """What Tryton answers of sales in the web shop: Amazon's, and three that people entered there by hand."""

    IDS = ("305-1234567-1234567", None, "7", "my-own-sale")

    def search(self, model: str, *_: Any, **__: Any) -> list[dict[str, Any]]:
        if model == "stock.shipment.out":
            return [self._shipment(n) for n, _ in enumerate(self.IDS)]
        if model == "sale.sale":
            facts = {"state": "cancelled", "shipment_state": "none", "write_date": START}
            return [{"id": n, "number": f"S{n}", "web_id": web_id, **facts} for n, web_id in enumerate(self.IDS)]
        return []

    def search_among(self, model: str, *_: Any) -> list[dict[str, Any]]:
        if model != "sale.line":
            return []
        return [{"id": n, "sale": {"web_id": web_id}, "description": "item"} for n, web_id in enumerate(self.IDS)]

    def _shipment(self, n: int) -> dict[str, Any]:
        moves = [{"quantity": 1.0, "origin": f"sale.line,{n}"}]
        times = {"create_date": START, "write_date": START, "effective_date": None}
        facts = {"number": f"CS{n}", "shipping_reference": f"T{n}", "carrier": None, "packages": []}
        return {**times, **facts, "outgoing_moves": moves}


def test_what_people_sell_by_hand_in_the_web_shop_is_not_amazons() -> None:
    raw = {"url": "http://x", "database": "erp", "key": "k", "carrier": "UPS", "services": server.SERVICES}
    config = read_config(raw | {"shops": {"A1/A1PA6795UKMFR9": "Shop"}})
    found = Shipments(config, HandMade()).since(Seller(EU, SellerId("A1")), START)  # type: ignore[arg-type]
    assert sorted((one.key.order_id, str(one.state)) for one in found) == [
        ("305-1234567-1234567", str(state)) for state in (ShipmentState.CANNOT_FULFIL, ShipmentState.SHIPPED)
    ]


def test_the_shops_of_a_seller_are_those_of_its_region() -> None:
    raw = {"url": "http://x", "database": "erp", "key": "k", "carrier": "UPS", "services": server.SERVICES}
    shops = {f"A1/{marketplace}": shop for marketplace, shop in server.SHOPS.items()}
    config = read_config(raw | {"shops": shops})
    assert config.shops_of(Seller(EU, SellerId("A1"))) == ["Amazon DE", "Amazon UK"]
    with pytest.raises(Refused, match="A2KITSELLER/A1PA6795UKMFR9"):
        config.shop(SELLER, MarketplaceId("A1PA6795UKMFR9"))


def test_connectors_are_found_by_name_and_by_path() -> None:
    assert connector("tryton") is connect
    assert connector("bridge.erp.tryton:connect") is connect
    for wrong in ("sap", "bridge.erp.nothing:connect", "bridge.erp.tryton:nothing"):
        with pytest.raises(Misconfigured):
            connector(wrong)
