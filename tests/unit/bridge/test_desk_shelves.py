"""The desk's shelves: what is parked or paused comes back, and nothing is forgotten on them."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import NotNow
from bridge.domain.ids import EU, OrderId, OrderKey, Seller, SellerId
from bridge.domain.lifecycle import FETCH_ORDER
from bridge.domain.work import LEASE, Turn, Work
from tests.fakes.world import SELLER
from tests.unit.bridge.office import KEY, WORK, Office


def test_parked_work_waits_for_a_human_and_goes_on_accepted(office: Office) -> None:
    office.ask()
    assert office.desk.park(office.claim(), "unknown SKU")
    office.wait(timedelta(days=30))
    assert office.due() == []
    assert office.desk.claim(WORK, None) is None
    assert office.desk.retry(WORK) is True
    assert office.desk.retry(WORK) is False
    assert office.due() == [WORK]
    turn = office.claim()
    assert turn.accepted
    office.desk.complete(turn)
    office.ask()
    assert not office.claim().accepted


def test_news_bring_parked_work_back(office: Office) -> None:
    office.ask()
    office.desk.park(office.claim(), "unknown SKU")
    office.ask()
    assert office.due() == [WORK]
    state = office.desk.state(WORK) or {}
    assert "reason" not in state
    assert not office.claim().accepted


def test_a_retry_that_accepts_nothing(office: Office) -> None:
    office.ask()
    office.desk.park(office.claim(), "unknown SKU")
    assert office.desk.retry(WORK, accept=False) is True
    turn = office.claim()
    assert not turn.accepted
    assert turn.doubt


def test_news_that_came_during_the_try_is_not_parked_with_it(office: Office) -> None:
    office.ask()
    turn = office.claim()
    office.wait(timedelta(seconds=3))
    office.ask()
    assert office.desk.park(turn, "no tracking number") is False
    assert "shelf" not in (office.desk.state(WORK) or {})
    assert office.due() == [WORK]
    again = office.claim()
    assert (again.want, again.doubt) == (2, True)
    assert office.desk.park(again, "no tracking number") is True


def test_what_a_human_accepted_counts_for_one_try(office: Office) -> None:
    office.ask()
    office.desk.park(office.claim(), "unknown SKU")
    office.desk.retry(WORK)
    turn = office.claim()
    assert turn.accepted
    office.desk.park(turn, "another thing")
    office.ask()
    assert not office.claim().accepted


def test_a_seller_with_very_much_paused_work_is_resumed_bit_by_bit(office: Office) -> None:
    works = {Work(FETCH_ORDER, OrderKey(*SELLER, OrderId(f"305-{n}"))) for n in range(5)}
    for work in works:
        office.ask(work)
        office.desk.pause(work, "seller is paused")
    parts = [office.desk.resume(SELLER, limit=2) for _ in range(4)]
    assert [len(part) for part in parts] == [2, 2, 1, 0]
    assert {work for part in parts for work in part} == set(office.due()) == works


def test_only_parked_work_is_retried(office: Office) -> None:
    assert office.desk.retry(WORK) is False
    office.ask()
    assert office.desk.retry(WORK) is False
    office.desk.pause(WORK, "paused")
    assert office.desk.retry(WORK) is False


def test_paused_work_waits_for_its_seller(office: Office) -> None:
    office.ask()
    other = Work(FETCH_ORDER, OrderKey(EU, SellerId("A3OTHER"), OrderId("1")))
    office.ask(other)
    assert office.desk.pause(WORK, "seller is paused") is True
    assert office.desk.pause(WORK, "seller is paused") is False
    assert office.desk.pause(other, "seller is paused") is True
    assert office.due() == []
    assert office.desk.claim(WORK, None) is None
    assert office.desk.resume(SELLER) == [WORK]
    assert office.desk.resume(SELLER) == []
    assert office.due() == [WORK]
    assert office.claim().tries == 1


def test_what_is_not_wanted_is_not_paused(office: Office) -> None:
    assert office.desk.pause(WORK, "x") is False
    office.ask()
    office.desk.complete(office.claim())
    assert office.desk.pause(WORK, "x") is False
    assert office.desk.resume(SELLER) == []


def test_a_pause_does_not_take_the_work_from_its_holder(office: Office) -> None:
    office.ask()
    turn = office.claim()
    office.desk.pause(WORK, "seller is paused")
    assert office.desk.complete(turn) == ()
    assert office.desk.resume(SELLER) == []
    office.ask()
    assert office.claim().want == 2


def test_news_during_a_pause_and_a_claim_stay_paused(office: Office) -> None:
    office.ask()
    turn = office.claim()
    office.ask()
    office.desk.pause(WORK, "seller is paused")
    assert office.desk.complete(turn) == (WORK,)
    assert office.desk.claim(WORK, None) is None
    assert office.desk.resume(SELLER) == [WORK]
    assert office.claim().want == 2


STEPS = st.tuples(
    st.sampled_from(["ask", "claim", "complete", "postpone", "park", "retry", "pause", "resume", "give_back", "take"]),
    st.integers(0, 2),
    st.sampled_from([0, 1, 30, 61]),
)


@given(st.lists(STEPS, max_size=40))
def test_never_two_holders_and_nothing_forgotten(steps: list[tuple[str, int, int]]) -> None:
    """Three workers who do anything at any time: one valid claim at most, and what is wanted is always found again."""
    office = Office()
    held: dict[int, Turn] = {}
    leases: dict[int, float] = {}
    for step, worker, seconds in steps:
        office.wait(timedelta(seconds=seconds))
        now = office.clock.now().timestamp()
        turn = held.get(worker)
        if step == "claim":
            claimed = office.desk.claim(WORK, None)
            if claimed:
                assert not any(until > now for until in leases.values())
                held[worker], leases = claimed, {worker: now + LEASE.total_seconds()}
        elif turn and step in {"complete", "postpone", "park", "give_back"}:
            _let_go(step, turn, office)
            leases.pop(worker, None)
            del held[worker]
        else:
            _from_outside(step, office)
    item = office.desk.state(WORK) or {}
    if item.get("want", 0) > item.get("done", 0):
        office.desk.retry(WORK)
        office.desk.resume(SELLER)
        office.wait(timedelta(hours=1))
        assert office.due() == [WORK]
        assert office.desk.claim(WORK, None) is not None


def _let_go(step: str, turn: Turn, office: Office) -> None:
    until = office.clock.now() + timedelta(seconds=20)
    if step == "complete":
        office.desk.complete(turn)
    elif step == "postpone":
        office.desk.postpone(turn, until, NotNow("later"))
    elif step == "park":
        office.desk.park(turn, "no")
    else:
        office.desk.give_back(turn)


def _from_outside(step: str, office: Office) -> None:
    if step == "ask":
        office.ask()
    elif step == "retry":
        office.desk.retry(WORK)
    elif step == "pause":
        office.desk.pause(WORK, "paused")
    elif step == "resume":
        office.desk.resume(Seller(*KEY[:2]))
    elif step == "take":
        office.due()
