"""`bridge seller …`: connecting is one call, and what goes wrong connects nobody."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.errors import NotAllowed
from bridge.domain.ids import NA, MarketplaceId, Seller
from bridge.domain.lifecycle import HAND_TO_ERP
from bridge.domain.sellers import Mode
from bridge.domain.work import Work
from tests.fakes.world import DE, SELLER
from tests.unit.bridge.console import ARN, Shell
from tests.unit.bridge.wire import answer, errors

PARTICIPATIONS = answer(
    200,
    {
        "payload": [
            {"marketplace": {"id": DE}, "participation": {"isParticipating": True}},
            {"marketplace": {"id": "A1F83G8C2ARO7P"}, "participation": {"isParticipating": False}},
        ]
    },
)
NO_DESTINATION = answer(200, {"payload": []})
DESTINATION = answer(200, {"payload": {"destinationId": "d-1"}})
NO_SUBSCRIPTION = answer(404, errors("NotFound"))
SUBSCRIPTION = answer(200, {"payload": {"subscriptionId": "s-1"}})
ADD = ("seller", "add", SELLER.seller_id, "--region", "eu")


def test_a_seller_is_connected_in_one_go(bridge: Shell) -> None:
    bridge.operator.wire.answers = [PARTICIPATIONS, NO_DESTINATION, DESTINATION, NO_SUBSCRIPTION, SUBSCRIPTION]
    status, said = bridge(*ADD, stdin="Atzr|canary\n")
    assert (status, said) == (0, f"{SELLER} is connected (live), 1 marketplaces, subscribed to ORDER_CHANGE\n")
    record = bridge.operator.deployment.sellers.get(SELLER)
    assert record is not None
    assert (record.marketplaces, record.mode, record.subscriptions) == ((DE,), Mode.LIVE, {"ORDER_CHANGE": "s-1"})
    assert bridge.operator.now <= record.go_live <= bridge.operator.now + timedelta(minutes=1)
    name = f"bridge/test/seller/eu/{SELLER.seller_id}"
    assert json.loads(bridge.operator.secrets.values[name]) == {"refresh_token": "Atzr|canary"}
    assert bridge.operator.secrets.created[0]["KmsKeyId"].startswith("arn:aws:kms")
    sent = [(request.method, request.url.path) for request in bridge.operator.wire.requests]
    subscriptions = "/notifications/v1/subscriptions/ORDER_CHANGE"
    assert sent[1:] == [
        ("GET", "/notifications/v1/destinations"),
        ("POST", "/notifications/v1/destinations"),
        ("GET", subscriptions),
        ("POST", subscriptions),
    ]
    body = json.loads(bridge.operator.wire.requests[-1].content)
    assert (body["payloadVersion"], body["destinationId"]) == ("1.0", "d-1")


def test_what_exists_at_amazon_is_used_again(bridge: Shell) -> None:
    known = {
        "destinationId": "d-1",
        "resource": {"sqs": {"arn": ARN}},
    }
    mine = {"subscriptionId": "s-1", "destinationId": "d-1"}
    bridge.operator.wire.answers = [answer(200, {"payload": [{}, known]}), answer(200, {"payload": mine})]
    assert bridge(*ADD, "--marketplace", DE, stdin="t")[0] == 0
    assert [request.method for request in bridge.operator.wire.requests] == ["GET", "GET"]


def test_a_seller_who_is_connected_again_keeps_the_go_live_and_goes_on(bridge: Shell) -> None:
    old = bridge.operator.connect(Mode.NEEDS_CONSENT, go_live=bridge.operator.now - timedelta(days=9), reason="gone")
    work = Work(HAND_TO_ERP, bridge.operator.key())
    bridge.operator.ask(work)
    bridge.operator.deployment.desk.pause(work, "gone")
    bridge.operator.wire.answers = [PARTICIPATIONS, NO_DESTINATION, DESTINATION, NO_SUBSCRIPTION, SUBSCRIPTION]
    status, said = bridge.json(*ADD, stdin="t")
    assert (status, said["resumed"], said["mode"], said["reason"]) == (0, 1, "live", "")
    record = bridge.operator.deployment.sellers.get(SELLER)
    assert record is not None
    assert record.go_live == old.go_live
    assert bridge.operator.sqs.sent == [("https://sqs/erp", work)]


def test_a_dry_run_and_a_go_live_as_asked(bridge: Shell) -> None:
    bridge.operator.wire.answers = [PARTICIPATIONS, NO_DESTINATION, DESTINATION, NO_SUBSCRIPTION, SUBSCRIPTION]
    assert bridge(*ADD, "--dry-run", "--go-live", "2026-11-01T00:00:00+01:00", stdin="t")[0] == 0
    record = bridge.operator.deployment.sellers.get(SELLER)
    assert record is not None
    assert (record.mode, record.go_live.isoformat()) == (Mode.DRY_RUN, "2026-10-31T23:00:00+00:00")


@pytest.mark.parametrize(
    ("arguments", "stdin", "complaint"),
    [
        ((), "", "no refresh token on standard input"),
        ((), " \n", "no refresh token on standard input"),
        (("--marketplace", "ATVPDKIKX0DER"), "t", "ATVPDKIKX0DER is not a marketplace of region eu"),
        (("--marketplace", "X"), "t", "X is not a marketplace of region eu"),
        (("--go-live", "tomorrow"), "t", "not ISO 8601"),
        (("--go-live", "2026-11-01T00:00:00"), "t", "without a zone"),
    ],
)
def test_what_is_wrong_is_said_and_nobody_is_connected(
    bridge: Shell, arguments: tuple[str, ...], stdin: str, complaint: str
) -> None:
    assert bridge(*ADD, *arguments, stdin=stdin) == (1, "")
    assert complaint in bridge.err
    assert bridge.operator.deployment.sellers.all() == []
    assert bridge.operator.wire.requests == []


def test_a_refusal_of_amazons_connects_nobody_and_shows_no_token(bridge: Shell) -> None:
    bridge.operator.wire.answers = [answer(403, errors("Unauthorized"))]
    assert bridge(*ADD, stdin="Atzr|canary\n")[0] == 1
    assert "NotAllowed" not in bridge.err
    assert "403" in bridge.err
    assert "canary" not in bridge.err
    assert bridge.operator.deployment.sellers.all() == []


SECRET = f"bridge/test/seller/eu/{SELLER.seller_id}"


def test_a_refused_token_leaves_the_old_one(bridge: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    before = bridge.operator.secrets.values[SECRET] = json.dumps({"refresh_token": "Atzr|old"})
    tried: list[str] = []

    def refused(*_: Any, **__: Any) -> str:
        tried.append(bridge.operator.secrets.values[SECRET])
        msg = "Login with Amazon: invalid_grant"
        raise NotAllowed(msg)

    monkeypatch.setattr(bridge.operator.wire.tokens, "for_seller", refused)
    assert bridge(*ADD, stdin="Atzr|canary") == (1, "")
    assert tried == [json.dumps({"refresh_token": "Atzr|canary"})]
    assert bridge.operator.secrets.values[SECRET] == before
    assert "invalid_grant" in bridge.err
    assert "Atzr" not in bridge.err
    assert bridge.operator.wire.requests == []
    assert bridge.operator.deployment.sellers.all() == []


def test_a_new_token_is_tried_and_replaces_the_old_one(bridge: Shell) -> None:
    bridge.operator.secrets.values[SECRET] = json.dumps({"refresh_token": "Atzr|old"})
    bridge.operator.wire.answers = [PARTICIPATIONS, NO_DESTINATION, DESTINATION, NO_SUBSCRIPTION, SUBSCRIPTION]
    assert bridge(*ADD, stdin="Atzr|new")[0] == 0
    assert json.loads(bridge.operator.secrets.values[SECRET]) == {"refresh_token": "Atzr|new"}
    assert bridge.operator.wire.tokens.asked[0] == (str(SELLER), True)


def test_another_queues_subscription_is_left_alone_until_asked(bridge: Shell) -> None:
    other = answer(200, {"payload": {"subscriptionId": "s-0", "destinationId": "d-0"}})
    bridge.operator.wire.answers = [NO_DESTINATION, DESTINATION, other]
    assert bridge(*ADD, "--marketplace", DE, stdin="t")[0] == 1
    assert "--take-over" in bridge.err
    assert [request.method for request in bridge.operator.wire.requests] == ["GET", "POST", "GET"]
    bridge.operator.wire.answers = [NO_DESTINATION, DESTINATION, other, answer(200, {}), SUBSCRIPTION]
    bridge.operator.wire.requests.clear()
    assert bridge(*ADD, "--marketplace", DE, "--take-over", stdin="t")[0] == 0
    sent = [(request.method, request.url.path.rpartition("/")[2]) for request in bridge.operator.wire.requests]
    assert sent[-2:] == [("DELETE", "s-0"), ("POST", "ORDER_CHANGE")]


def test_sellers_are_listed(bridge: Shell) -> None:
    assert bridge("seller", "list") == (0, "no seller yet: `bridge seller add`\n")
    bridge.operator.connect(reason="x")
    status, said = bridge("seller", "list")
    assert status == 0
    assert [line.split()[:2] for line in said.splitlines()] == [["seller", "mode"], [str(SELLER), "live"]]
    assert bridge.json("seller", "list")[1][0]["marketplaces"] == DE


@pytest.mark.parametrize(("action", "mode"), [("pause", Mode.PAUSED), ("dry-run", Mode.DRY_RUN), ("resume", Mode.LIVE)])
def test_a_sellers_mode(bridge: Shell, action: str, mode: Mode) -> None:
    bridge.operator.connect(Mode.NEEDS_CONSENT, reason="consent is gone")
    work = Work(HAND_TO_ERP, bridge.operator.key())
    bridge.operator.ask(work)
    bridge.operator.deployment.desk.pause(work, "x")
    status, said = bridge.json("seller", action, SELLER.seller_id)
    assert (status, said["mode"]) == (0, str(mode))
    record = bridge.operator.deployment.sellers.get(SELLER)
    assert record is not None
    assert (record.mode, record.reason) == (mode, "")
    assert said["resumed"] == len(bridge.operator.sqs.sent) == (0 if mode is Mode.PAUSED else 1)


def test_one_of_several_has_to_be_named(bridge: Shell) -> None:
    assert bridge("seller", "pause", SELLER.seller_id)[0] == 1
    assert "0 sellers match" in bridge.err
    bridge.operator.connect()
    bridge.operator.connect(seller=Seller(NA, SELLER.seller_id))
    assert bridge("seller", "pause", SELLER.seller_id)[0] == 1
    assert "name the --region" in bridge.err
    assert bridge("seller", "pause", SELLER.seller_id, "--region", "na")[0] == 0
    assert [record.mode for record in bridge.operator.deployment.sellers.all()] == [Mode.LIVE, Mode.PAUSED]


def test_regions_know_their_marketplaces(bridge: Shell) -> None:
    bridge.operator.wire.answers = [NO_DESTINATION, DESTINATION, NO_SUBSCRIPTION, SUBSCRIPTION]
    markets = [DE, MarketplaceId("A1F83G8C2ARO7P")]
    asked = [part for market in markets for part in ("--marketplace", market)]
    assert bridge.json(*ADD, *asked, stdin="t")[1]["marketplaces"] == " ".join(markets)
