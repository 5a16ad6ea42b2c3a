"""`bridge backfill`: asked for once, told as often as one likes, and what is wrong says what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.cli import backfill
from bridge.domain.backfill import Backfill, Outcome
from bridge.domain.ids import NA, Seller
from bridge.domain.pacing import User
from bridge.domain.readings import Page
from bridge.domain.sellers import Mode
from bridge.domain.times import to_text
from bridge.spapi.orders_2026_01_01 import SEARCH_ORDERS
from bridge.spapi.pacing import Pacer
from bridge.stores.backfills import Backfills
from bridge.stores.quota import Quota
from bridge.wiring import SystemClock
from tests.fakes.world import SELLER, an_order
from tests.unit.bridge.console import Shell

ID = SELLER.seller_id
ASK = ("backfill", ID, "--since", "2026-10-01")
SINCE = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _day(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it happens on one day, whenever the tests run."""
    monkeypatch.setattr(SystemClock, "now", lambda _: datetime(2026, 11, 24, 9, tzinfo=UTC))


@pytest.fixture
def shell(bridge: Shell) -> Shell:
    bridge.operator.now = SystemClock().now()
    bridge.operator.connect()
    return bridge


def store(shell: Shell) -> Backfills:
    return shell.operator.deployment.backfills


def found(shell: Shell, seller: Seller = SELLER) -> Backfill:
    backfill = store(shell).get(seller)
    assert backfill is not None
    return backfill


def read(shell: Shell, days: int, orders: int = 100, *, last: bool = False) -> None:
    """A page whose newest order changed so many days after the beginning."""
    version = to_text(SINCE + timedelta(days=days))
    page = Page((an_order(version=version),) * orders, (), None if last else f"t{days}", SystemClock().now())
    assert store(shell).turn(found(shell), page)


def test_a_backfill_is_asked_for_and_told(shell: Shell) -> None:
    status, said = shell(*ASK)
    assert status == 0
    assert said.startswith(f"{SELLER}: 0 orders on 0 pages since 2026-10-01T00:00:00+00:00; under way; how many")
    assert (found(shell).since, found(shell).outcome) == (SINCE, None)


def test_with_the_number_of_orders_the_time_is_known_at_once(shell: Shell) -> None:
    _, said = shell.json(*ASK, "--orders", "5000")
    assert (said["pages_left"], said["estimated"], said["pages_at_once"]) == (50, False, 11)
    assert said["seconds_per_page"] == pytest.approx(441.2, abs=0.1)
    assert said["seconds_left"] == pytest.approx(39 * 441, rel=0.03)
    text = shell("backfill", ID)[1]
    assert "about 50 pages left (by your --orders), done in 4:" in text
    assert "11 pages at once, then one in 441 s" in text


def test_what_was_taken_of_the_quota_is_reckoned_with(shell: Shell) -> None:
    pacer = Pacer(Quota(shell.operator.table), SystemClock())
    pacer.reserve(SEARCH_ORDERS, SELLER, User.SWEEP, 15)
    _, said = shell.json(*ASK, "--orders", "5000")
    assert said["pages_at_once"] == 0
    assert said["seconds_left"] == pytest.approx(54 * 441, rel=0.03)


def test_later_the_dates_tell_how_much_is_left(shell: Shell) -> None:
    shell(*ASK)
    read(shell, 27)
    _, said = shell.json("backfill", ID)
    assert (said["orders"], said["pages"], said["pages_left"], said["estimated"]) == (100, 1, 2, True)
    assert "about 2 pages left (estimated from the dates read)" in shell("backfill", ID)[1]


def test_asked_again_it_is_continued_and_not_doubled(shell: Shell) -> None:
    shell(*ASK)
    read(shell, 3)
    before = found(shell)
    assert shell(*ASK)[0] == 0
    assert found(shell) == before


def test_another_since_is_refused_until_one_says_what_is_meant(shell: Shell) -> None:
    shell(*ASK)
    read(shell, 3)
    before = found(shell)
    other = ("backfill", ID, "--since", "2026-11-01T00:00:00+01:00")
    assert shell(*other) == (1, "")
    assert "100 orders are read; --stop ends it, --restart begins anew" in shell.err
    assert found(shell) == before
    assert shell(*other, "--restart")[0] == 0
    assert (found(shell).since, found(shell).orders) == (datetime(2026, 10, 31, 23, tzinfo=UTC), 0)


def test_it_is_stopped_and_goes_on(shell: Shell) -> None:
    shell(*ASK)
    read(shell, 3)
    status, said = shell("backfill", ID, "--stop")
    assert (status, found(shell).outcome) == (0, Outcome.STOPPED)
    assert "stopped; --since 2026-10-01T00:00:00+00:00 goes on" in said
    assert shell("backfill", ID)[0] == 0
    assert found(shell).outcome is Outcome.STOPPED
    shell(*ASK)
    assert (found(shell).outcome, found(shell).token, found(shell).orders) == (None, "t3", 100)


def test_one_that_is_done_is_not_begun_again_by_accident(shell: Shell) -> None:
    shell(*ASK)
    read(shell, 54, last=True)
    assert "done: from here on the live search has it" in shell(*ASK)[1]
    assert found(shell).orders == 100
    shell(*ASK, "--restart")
    assert (found(shell).orders, found(shell).outcome) == (0, None)
    read(shell, 54, last=True)
    shell("backfill", ID, "--since", "2026-09-01")
    assert (found(shell).since.month, found(shell).outcome) == (9, None)


def test_one_that_goes_round_in_circles_says_what_why_and_what_to_do(shell: Shell) -> None:
    shell(*ASK)
    for _ in range(4):
        read(shell, 3)
        read(shell, 1)
        store(shell).refused(found(shell), "searchOrders: 400 InvalidInput")
    status, said = shell("backfill", ID)
    assert status == 1
    assert "200 orders on 2 pages" in said
    assert "failed: the page token was lost again (searchOrders: 400 InvalidInput): 3 new searches" in said
    assert "Wait some hours" in said
    assert "when that is put right, --since 2026-10-01T00:00:00+00:00 goes on" in said
    assert "3 new searches" in shell("status")[1]
    assert shell(*ASK)[0] == 0
    assert (found(shell).outcome, found(shell).token, found(shell).pages) == (None, None, 0)


def test_one_that_has_failed_says_why_and_goes_on_when_asked(shell: Shell) -> None:
    shell(*ASK)
    store(shell).refused(found(shell), "searchOrders: 400 InvalidInput")
    status, said = shell("backfill", ID)
    assert status == 1
    assert "failed: searchOrders: 400 InvalidInput; when that is put right, --since" in said
    status, said = shell("status")
    assert status == 1
    assert f"! backfill of {SELLER}: 0 orders" in said
    assert shell(*ASK)[0] == 0
    assert (found(shell).outcome, found(shell).reason) == (None, "")


def test_status_shows_what_is_under_way(shell: Shell) -> None:
    assert shell.json("status")[1]["backfills"] == []
    shell(*ASK)
    status, said = shell("status")
    assert status == 0
    assert f"backfill of {SELLER}: 0 orders on 0 pages" in said
    assert shell.json("status")[1]["backfills"][0]["state"] == "under way"
    shell("backfill", ID, "--stop")
    assert shell.json("status")[1]["backfills"] == []


def test_a_paused_sellers_waits(shell: Shell) -> None:
    shell.operator.connect(Mode.PAUSED)
    assert "waits, the seller is paused: `bridge seller list`" in shell(*ASK)[1]


def test_never_is_said_with_what_to_do(shell: Shell) -> None:
    shell.operator.deployment.__dict__["settings"] = type("S", (), {"orders_period_s": "178"})()
    said = shell(*ASK, "--orders", "5000")[1]
    assert "never done: the live searches, one in 178 s, take the whole quota; raise orders_period_s" in said


def test_live_searches_since_it_was_asked_for_are_reckoned_with(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell(*ASK, "--orders", "5000")
    taken = Pacer(Quota(shell.operator.table), SystemClock()).reserve(SEARCH_ORDERS, SELLER, User.SWEEP, 15)
    assert len(taken) == 15
    monkeypatch.setattr(SystemClock, "now", lambda _: datetime(2026, 11, 24, 10, tzinfo=UTC))
    _, said = shell.json("backfill", ID)
    assert said["seconds_per_page"] == pytest.approx(1 / (0.0056 - 15 / 3600), rel=0.01)


def test_one_of_several_sellers_has_to_be_named(shell: Shell) -> None:
    twin = Seller(NA, SELLER.seller_id)
    shell.operator.connect(seller=twin)
    assert shell(*ASK) == (1, "")
    assert "name the --region" in shell.err
    assert shell(*ASK, "--region", "na")[0] == 0
    assert store(shell).get(SELLER) is None
    assert found(shell, twin).since == SINCE


@pytest.mark.parametrize(
    ("since", "complaint"),
    [
        ("tomorrow", "not ISO 8601"),
        ("2026-10-01T00:00:00", "without a zone"),
        ("2026-13-01", "not ISO 8601"),
        ("2026-11-24T08:59:00+00:00", "found without a backfill; name a day before"),
        ("2027-01-01", "found without a backfill"),
    ],
)
def test_a_since_that_is_none_is_refused(shell: Shell, since: str, complaint: str) -> None:
    assert shell("backfill", ID, "--since", since) == (1, "")
    assert complaint in shell.err
    assert store(shell).get(SELLER) is None


@pytest.mark.parametrize("arguments", [(), ("--stop",), ("--restart",), ("--watch",)])
def test_without_one_it_says_how_to_ask(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert shell("backfill", ID, *arguments) == (1, f"{SELLER} has no backfill; ask for one with --since 2026-10-01\n")


@pytest.mark.parametrize("orders", ["0", "-1", "many"])
def test_a_number_of_orders_that_is_none_is_a_wrong_call(shell: Shell, orders: str) -> None:
    with pytest.raises(SystemExit) as end:
        shell(*ASK, "--orders", orders)
    assert end.value.code == 2


def watching(monkeypatch: pytest.MonkeyPatch, minute: Callable[[int], None]) -> list[float]:
    slept: list[float] = []

    def sleep(_: Any, seconds: float) -> None:
        slept.append(seconds)
        minute(len(slept))

    monkeypatch.setattr(SystemClock, "sleep", sleep)
    return slept


def test_one_may_watch_until_it_is_done(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    slept = watching(monkeypatch, lambda n: read(shell, 20 * n, last=n == 2))
    status, said = shell(*ASK, "--watch")
    assert (status, slept) == (0, [60, 60])
    assert [line.split(" on ")[0].split(": ")[1] for line in said.splitlines()] == [
        "0 orders", "100 orders", "200 orders",
    ]  # fmt: skip


def test_whoever_stops_watching_stops_nothing_else(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(_: int) -> None:
        raise KeyboardInterrupt

    watching(monkeypatch, leave)
    assert shell(*ASK, "--watch")[0] == 0
    assert found(shell).outcome is None


@pytest.mark.parametrize("method", ["stop", "expect", "go_on", "ask"])
def test_two_at_once_are_told_to_look_again(shell: Shell, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    if method != "ask":
        shell(*ASK)
    if method == "go_on":
        shell("backfill", ID, "--stop")
    monkeypatch.setattr(Backfills, method, lambda *_, **__: None)
    arguments = {"stop": ("--stop",), "expect": ("--orders", "9")}.get(method, ())
    assert shell(*(("backfill", ID) if method == "stop" else ASK), *arguments)[0] == 1
    assert "at this very moment; look again with `bridge backfill`" in shell.err


def test_a_report_is_one_line(shell: Shell) -> None:
    shell(*ASK, "--orders", "5000")
    record = shell.operator.deployment.sellers.get(SELLER)
    assert record is not None
    assert "\n" not in backfill.report(shell.operator.deployment, record, found(shell))[1]
