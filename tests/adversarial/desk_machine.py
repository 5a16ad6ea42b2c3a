"""The desk in any order of events: news, claims, endings, shelves and sweeps, while the clock moves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bridge.domain.errors import Throttled, Unavailable
from bridge.domain.ids import OrderId, OrderKey, SellerId
from bridge.domain.lifecycle import FETCH_ORDER, HAND_TO_ERP, Head
from bridge.domain.work import Turn, Work
from bridge.stores import keys
from bridge.stores.desk import Desk
from bridge.stores.orders import Orders
from bridge.stores.raising import raising
from tests.adversarial.desk_model import IN_FLIGHT, LEASE, Claim, Piece
from tests.fakes.table import MemoryTable
from tests.fakes.world import SELLER, TestClock

WORKS = [Work(kind, OrderKey(*SELLER, OrderId("305-1"))) for kind in (HAND_TO_ERP, FETCH_ORDER)]
OTHER = Work(HAND_TO_ERP, OrderKey(SELLER.region, SellerId("A2OTHER"), OrderId("305-1")))
WHICH = st.sampled_from([*WORKS, OTHER])
WAITS = st.sampled_from([0, 1, 2, 5, 19, 20, 21, 30, 59, 60, 61, 181, 900]).map(lambda s: timedelta(seconds=s))


class DeskMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.clock, self.table = TestClock(), MemoryTable()
        self.desk = Desk(self.table, self.clock, Orders(self.table, self.clock))
        self.pieces = {work: Piece() for work in (*WORKS, OTHER)}
        for work in self.pieces:
            self.news(work, timedelta(0))

    @rule(time=WAITS)
    def wait(self, time: timedelta) -> None:
        self.clock.time += time

    @rule(work=WHICH, delay=WAITS)
    def news(self, work: Work, delay: timedelta) -> None:
        self.table.update(raising(work, Head(work.key), self.clock.now(), delay))
        piece = self.pieces[work]
        piece.wanted += 1
        piece.shelf, piece.not_before = "", None

    @rule(work=WHICH)
    def claim_as_the_message_says(self, work: Work) -> None:
        self.claim(work, True)

    @rule(work=WHICH, right=st.booleans())
    def claim(self, work: Work, right: bool) -> None:
        piece, now = self.pieces[work], self.clock.now()
        slot = piece.slot if right else now + timedelta(seconds=1)
        turn = self.desk.claim(work, slot)
        assert (turn is not None) == piece.may_be_claimed(now, slot)
        if turn is None:
            return
        assert turn.fence > piece.fence
        assert turn.want == piece.wanted
        assert turn.accepted <= piece.retried
        piece.end()
        piece.fence, piece.held = turn.fence, Claim(turn, now + LEASE)
        piece.busy_until, piece.not_before, piece.slot = now + LEASE, None, None

    @precondition(lambda self: self.turns)
    @rule(data=st.data())
    def overtake(self, data: st.DataObject) -> None:
        """A worker is silent for longer than its lease, and another one takes its work."""
        _, turn = data.draw(st.sampled_from(self.turns))
        self.clock.time += LEASE
        self.claim(turn.work, True)

    @property
    def turns(self) -> list[tuple[Piece, Turn]]:
        """Claims whose holders have not said how they ended: the newest ones, and those that lost their lease."""
        held = [(piece, piece.held.turn) for piece in self.pieces.values() if piece.held]
        return held + [(piece, turn) for piece in self.pieces.values() for turn in piece.over[-2:]]

    @property
    def any_shelved(self) -> bool:
        return any(piece.shelf for piece in self.pieces.values())

    def _ending(self, data: st.DataObject) -> tuple[Piece, Turn, bool]:
        """One of them ends now; whether it is the newest of its work."""
        piece, turn = data.draw(st.sampled_from(self.turns))
        newest = piece.held is not None and piece.held.turn is turn
        if newest:
            piece.held = piece.busy_until = piece.slot = None
        else:
            piece.over.remove(turn)
            self.untouched = (turn.work, self.desk.state(turn.work))
        return piece, turn, newest

    @precondition(lambda self: self.turns)
    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        piece, turn, newest = self._ending(data)
        again = self.desk.complete(turn)
        assert again == ((turn.work,) if newest and piece.wanted > turn.want else ())
        if newest:
            piece.carried_out, piece.retried = turn.want, False

    @precondition(lambda self: self.turns)
    @rule(data=st.data(), time=WAITS, kind=st.sampled_from(["silence", "throttled", "slot"]))
    def postpone(self, data: st.DataObject, time: timedelta, kind: str) -> None:
        piece, turn, newest = self._ending(data)
        now = self.clock.now()
        until = now + time
        slot = until if kind == "slot" else None
        cause = Unavailable("x") if kind == "silence" else Throttled("x", until, slot=slot, operation="getOrder")
        assert (self.desk.postpone(turn, until, cause) is not None) == newest
        if newest:
            piece.not_before, piece.slot = max(until, now + IN_FLIGHT) if kind == "silence" else until, slot
            piece.busy_until = now + IN_FLIGHT if kind == "silence" else None

    @precondition(lambda self: self.turns)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        _, turn, newest = self._ending(data)
        assert self.desk.give_back(turn) == newest

    @precondition(lambda self: self.turns)
    @rule(data=st.data())
    def park(self, data: st.DataObject) -> None:
        piece, turn, newest = self._ending(data)
        parked = self.desk.park(turn, "no")
        assert parked == (newest and turn.want == piece.wanted)
        if newest:
            piece.retried = False
        if parked:
            piece.shelf = "parked"

    @precondition(lambda self: self.turns or self.any_shelved)
    @rule(work=WHICH)
    def pause(self, work: Work) -> None:
        piece = self.pieces[work]
        laid = self.desk.pause(work, "paused")
        assert laid == (piece.open and not piece.shelf)
        if laid:
            piece.shelf = "paused"

    @precondition(lambda self: self.any_shelved)
    @rule(work=WHICH, accept=st.booleans())
    def retry(self, work: Work, accept: bool) -> None:
        piece = self.pieces[work]
        back = self.desk.retry(work, accept=accept)
        assert back == (piece.shelf == "parked")
        if back:
            piece.shelf, piece.not_before, piece.retried = "", None, piece.retried or accept

    @precondition(lambda self: self.any_shelved)
    @rule(seller=st.sampled_from([SELLER, OTHER.key.seller]))
    def resume(self, seller: Any) -> None:
        mine = {work: piece for work, piece in self.pieces.items() if work.key.seller == seller and piece.open}
        paused = {work for work, piece in mine.items() if piece.shelf == "paused"}
        assert set(self.desk.resume(seller)) == paused
        for work in paused:
            self.pieces[work].shelf, self.pieces[work].not_before = "", None

    @rule(limit=st.sampled_from([1, 15]))
    def sweep(self, limit: int) -> None:
        taken = self.desk.take_due(self.clock.now(), limit)
        for work in taken:
            piece = self.pieces[work]
            assert piece.open
            assert not piece.shelf
            piece.slot = None
        if limit > len(WORKS):
            assert self.desk.take_due(self.clock.now(), limit) == []  # nothing is sent twice at once

    @invariant()
    def no_work_vanishes(self) -> None:
        """What is wanted and not done is due in its partition, or on the shelf where a human or a resume finds it."""
        if not hasattr(self, "pieces"):
            return
        for work, piece in self.pieces.items():
            item = self.desk.state(work) or {}
            assert item.get("want", 0) == piece.wanted
            assert item.get("done", 0) == piece.carried_out
            assert item.get("f", 0) == piece.fence
            assert ("due" in item) == ("dshard" in item) == piece.open
            if piece.open:
                shelves = {"parked": keys.PARKED, "paused": keys.paused(work.key.seller), "": keys.due_shard(work)}
                assert item["dshard"] == shelves[piece.shelf]

    @invariant()
    def whoever_lost_the_lease_changes_nothing(self) -> None:
        if getattr(self, "untouched", None):
            work, before = self.untouched
            assert self.desk.state(work) == before
            self.untouched = None

    @invariant()
    def one_valid_claim_at_a_time(self) -> None:
        for piece, turn in self.turns if hasattr(self, "pieces") else ():
            assert turn.fence <= piece.fence
            assert piece.held is None or piece.held.turn.fence == piece.fence

    def teardown(self) -> None:
        """Once all shelves are cleared and all leases are over, every open piece can be claimed and completed."""
        if not hasattr(self, "pieces"):
            return
        for work, piece in self.pieces.items():
            self.desk.retry(work)
            self.desk.resume(work.key.seller)
            self.clock.time += timedelta(days=1)
            if piece.open:
                turn = self.desk.claim(work, None)
                assert turn is not None
                assert not self.desk.complete(turn)
            item = self.desk.state(work) or {}
            assert "due" not in item
