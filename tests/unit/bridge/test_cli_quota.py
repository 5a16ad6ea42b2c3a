"""`bridge quota`: what is left, who used it and who waits, told to people and to programs."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.domain.ids import NA, Seller
from bridge.domain.lifecycle import FETCH_ORDER, HAND_TO_ERP
from bridge.domain.pacing import User
from bridge.domain.work import Work
from bridge.spapi.orders_2026_01_01 import GET_ORDER, SEARCH_ORDERS
from bridge.spapi.pacing import RATE_HEADER, Pacer
from bridge.spapi.sellers_v1 import GET_PARTICIPATIONS
from bridge.stores.quota import Quota
from bridge.stores.table import Key, Put
from bridge.wiring import SystemClock
from tests.fakes.world import SELLER
from tests.unit.bridge.console import Shell

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def shell(bridge: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)
    bridge.operator.now = NOW
    bridge.operator.connect()
    return bridge


def pacer(shell: Shell) -> Pacer:
    return Pacer(Quota(shell.operator.table), SystemClock())


def told(shell: Shell, operation: str = "getOrder", *arguments: str) -> dict[str, Any]:
    status, rows = shell.json("quota", *arguments)
    assert status == 0
    (row,) = [row for row in rows if row["operation"] == operation]
    return dict(row)


def wait(shell: Shell, count: int, kind: str = HAND_TO_ERP) -> None:
    deployment = shell.operator.deployment
    for number in range(count):
        work = Work(kind, shell.operator.key(f"305-{number}"))
        shell.operator.ask(work)
        turn = deployment.desk.claim(work, None)
        assert turn is not None
        deployment.lines.join(turn, "getOrder", "no slot")


def test_without_a_seller_there_is_no_quota(bridge: Shell) -> None:
    assert bridge("quota") == (0, "no seller yet: `bridge seller add`\n")
    assert bridge.json("quota") == (0, [])


def test_what_was_never_used_is_full_and_as_documented(shell: Shell) -> None:
    _, rows = shell.json("quota")
    assert [row["operation"] for row in rows] == ["getOrder", "searchOrders", "confirmShipment"]
    assert [(row["rate"], row["burst"], row["told"]) for row in rows] == [
        (0.5, 30, None),
        (0.0056, 20, None),
        (2, 10, None),
    ]
    assert [(row["free"], row["reserved_s"], row["refused"]) for row in rows] == [(29, 0, 0), (19, 0, 0), (9, 0, 0)]
    assert rows[1]["waiting"] is None
    assert "nobody waits in line" in shell("quota")[1]


def test_calls_are_told_by_user(shell: Shell) -> None:
    one = pacer(shell)
    one.reserve(GET_ORDER, SELLER, User.LIVE, 3)
    one.reserve(GET_ORDER, SELLER, User.LINE, 2)
    one.reserve(SEARCH_ORDERS, SELLER, User.SWEEP, 4)
    one.reserve(SEARCH_ORDERS, SELLER, User.BACKFILL, 1)
    assert told(shell)["calls"] == {"live": 3, "line": 2, "sweep": 0, "backfill": 0}
    assert told(shell)["free"] == 24
    assert told(shell, "searchOrders")["calls"] == {"live": 0, "line": 0, "sweep": 4, "backfill": 1}


def test_what_is_reserved_ahead_is_told_in_seconds(shell: Shell) -> None:
    pacer(shell).reserve(GET_ORDER, SELLER, User.LIVE, 34)
    row = told(shell)
    # 29 at once, five more two seconds apart: the last of them in ten, the next one in twelve.
    assert (row["free"], row["reserved_s"]) == (0, 12.0)


def test_a_rate_that_amazon_told_and_an_answer_429(shell: Shell) -> None:
    one = pacer(shell)
    one.learn(GET_ORDER, SELLER, 200, {RATE_HEADER: "2.0"})
    one.learn(GET_ORDER, SELLER, 429, {})
    row = told(shell)
    assert (row["rate"], row["documented_rate"], row["told"]) == (2.0, 0.5, "2026-11-24T09:00:00+00:00")
    assert (row["free"], row["reserved_s"], row["refused"]) == (0, 1.0, 1)
    assert "told 2026-11-24T09:00:00+00:00" in shell("quota")[1]


def test_every_other_bucket_of_the_seller_is_told(shell: Shell) -> None:
    pacer(shell).reserve(GET_PARTICIPATIONS, SELLER, User.LIVE)
    place = Key(f"T#{SELLER.region}#{SELLER.seller_id}", "Q#ofAnotherVersion")
    shell.operator.table.put(Put(place, {"tat": 1, "n_live": 7}))
    assert told(shell, GET_PARTICIPATIONS.name)["calls"]["live"] == 1
    other = told(shell, "ofAnotherVersion")
    assert (other["rate"], other["free"], other["calls"]["live"]) == (None, None, 7)
    (line,) = [line for line in shell("quota")[1].splitlines() if "ofAnotherVersion" in line]
    assert line.split() == [str(SELLER), "ofAnotherVersion", *"????", *"70000"]


def test_who_waits_in_line(shell: Shell) -> None:
    wait(shell, 2)
    wait(shell, 1, FETCH_ORDER)
    since = "2026-11-24T09:00:00+00:00"
    assert told(shell)["waiting"] == {"hand_overs": 2, "urgent": 0, "others": 1, "more": [], "since": since}
    assert shell("quota")[1].splitlines()[-1].split() == [str(SELLER), "getOrder", "2", "0", "1", since]


def test_of_many_who_wait_a_hundred_are_counted(shell: Shell) -> None:
    wait(shell, 101)
    assert told(shell)["waiting"]["hand_overs"] == 100
    assert told(shell)["waiting"]["more"] == ["hand_overs"]
    assert "100+" in shell("quota")[1]


def test_one_seller_or_region_is_chosen(shell: Shell) -> None:
    shell.operator.connect(seller=Seller(NA, SELLER.seller_id))
    assert len(shell.json("quota", SELLER.seller_id)[1]) == 6
    assert {row["seller"] for row in shell.json("quota", "--region", "na")[1]} == {f"na:{SELLER.seller_id}"}
    assert shell("quota", "A3NOBODY") == (1, "")
    assert "`bridge seller list`" in shell.err


def test_looking_changes_nothing(shell: Shell) -> None:
    pacer(shell).reserve(GET_ORDER, SELLER, User.LIVE)
    wait(shell, 1)
    before = copy.deepcopy(shell.operator.table.items)
    shell("quota")
    assert before == shell.operator.table.items
