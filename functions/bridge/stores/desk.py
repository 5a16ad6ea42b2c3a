"""The desk where work waits: one item per effect, raised by news, claimed by a lease, completed under a fence.

Attributes: `want` (raised so often), `done` (the want that was carried out), `due` and `dshard` (present while
want is ahead of done: when the sweep looks at it next), `nb` (not before), `lu` (lease until), `f` (fence), `tries`,
`slot` and `slot_for` (of Amazon's quota), `shelf` and `reason` (parked or paused), `raised` and `at` (times),
`ship_by` (nearest goes first). The protocol is in docs/reliability.md.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.domain.errors import NotBegun, NotNow, Throttled
from bridge.domain.ids import Seller
from bridge.domain.lifecycle import Ending, Head
from bridge.domain.times import from_text, to_text
from bridge.domain.work import IN_FLIGHT, LEASE, Turn, Work
from bridge.ports import Clock
from bridge.stores import keys
from bridge.stores.orders import Orders, contended, read_head
from bridge.stores.sellers import read_seller
from bridge.stores.table import (
    Absent,
    Compare,
    Condition,
    ConditionFailed,
    Item,
    Key,
    Present,
    Table,
    Update,
    both,
    either,
    equals,
)

VOID_AFTER = timedelta(seconds=30)
"""A slot of quota that nobody used for so long is reserved anew."""
EARLY = timedelta(seconds=2)
"""A message may come this much before its time: SQS counts in whole seconds."""
SENT_AGAIN_AFTER = timedelta(seconds=180)
"""The sweep gives work that it sent this much time, which is a message's visibility time-out, before it sends again."""
_TRIES, _READ_AHEAD = 8, 10
PARKED_SHELF, PAUSED_SHELF = "parked", "paused"


class Desk:
    """Claims and completions; see ports.Desk."""

    def __init__(
        self, table: Table, clock: Clock, orders: Orders, *, unseen: timedelta = timedelta(0), lease: timedelta = LEASE
    ) -> None:
        """`unseen` is how long a look at the target may miss what was done there: nobody looks earlier."""
        self._table = table
        self._clock = clock
        self._orders = orders
        self._lease = lease + unseen
        self._landing = IN_FLIGHT + unseen

    def claim(self, work: Work, slot: datetime | None) -> Turn | None:
        """With a slot in the message, only when it is the one that is kept here: the second of two has none."""
        now = self._clock.now()
        kept = slot and slot > now - VOID_AFTER and self._claimed(work, now, equals("slot", to_text(slot)))
        free = either(Absent("slot"), Compare("slot", "<=", to_text(now - VOID_AFTER)))
        item = kept or self._claimed(work, now, free)
        if not item:
            return None
        return Turn(
            work=work,
            want=item["want"],
            fence=item["f"],
            tries=item["tries"],
            raised=from_text(item["raised"]),
            head=Head(work.key),
            slot=slot if kept else None,
            slot_for=item.get("slot_for", ""),
            accepted=bool(item.get("accepted")),
            stored=item,
        )

    def _claimed(self, work: Work, now: datetime, mine: Condition) -> Item | None:
        free = either(Absent("lu"), Compare("lu", "<=", to_text(now)))
        time_has_come = either(Absent("nb"), Compare("nb", "<=", to_text(now + EARLY)))
        until = to_text(now + self._lease)
        try:
            return self._table.update(
                Update(
                    keys.work(work),
                    set={"lu": until, "due": until, "dshard": keys.due_shard(work)},
                    add={"f": 1, "tries": 1},
                    remove=("slot", "nb"),
                    when=both(Present("due"), Absent("shelf"), free, time_has_come, mine),
                )
            )
        except ConditionFailed:
            return None

    def open(self, turn: Turn) -> Turn:
        key = turn.work.key
        seller, head = self._table.several(keys.seller(key.seller), keys.head(key))
        return replace(turn, seller=read_seller(key.seller, seller), head=read_head(key, head))

    def complete(self, turn: Turn, ending: Ending | None = None) -> tuple[Work, ...]:
        """The claim is given back either way."""
        told = {"done_h": ending.told} if ending and ending.told else {}
        done = {**told, "done": turn.want, "at": to_text(self._clock.now()), "tries": 0}
        over = ("lu", "slot", "reason", "accepted")
        last = _unless_wanted_again(turn, done, (*over, "due", "dshard"))
        next_works: tuple[Work, ...] = ()
        if ending:
            next_works, completed = self._store(ending, last)
            if completed:
                return next_works
        if self._done(last) or not self._while_held(turn, {**done, "due": done["at"]}, over):
            return next_works
        return (*next_works, turn.work)

    def _store(self, ending: Ending, last: Update) -> tuple[tuple[Work, ...], bool]:
        """What the ending calls for at once, and whether the completion went with it.

        Not when the work is wanted again, or the claim is not ours any more; what happened is noted all the same.
        """
        head, beside = ending.known, [last]
        for _ in range(_TRIES):
            change = ending.decide(head)
            if change is None:
                return (), False
            try:
                _, works = self._orders.store(head, change, beside)
            except ConditionFailed as failed:
                if failed.index == 0:
                    head = self._orders.get(head.key)
                else:
                    beside = [Update(last.key, set={"done_h": ending.told})] if ending.told else []
                continue
            return () if change.delay else works, last in beside
        raise contended(ending.known.key)

    def postpone(self, turn: Turn, until: datetime, cause: NotNow) -> datetime | None:
        """`NotBegun` comes before anything was sent: such a try leaves no doubt. After any other, not even news
        may start the next try while the request of this one may still take effect.
        """
        remove: tuple[str, ...] = ("lu", "slot")
        if not isinstance(cause, NotBegun):
            landed = self._clock.now() + self._landing
            until = max(until, landed)
            change, remove = Item(lu=to_text(landed)), ("slot",)
        else:
            # Not `add`: the SDK sends a write again when its answer does not come.
            change = Item(tries=turn.tries - 1)
            if isinstance(cause, Throttled) and cause.slot:
                change |= {"slot": to_text(cause.slot), "slot_for": cause.operation}
                remove = ("lu",)
        change |= {"due": to_text(until), "nb": to_text(until), "reason": str(cause)}
        return until if self._while_held(turn, change, remove) else None

    def park(self, turn: Turn, reason: str) -> bool:
        now = to_text(self._clock.now())
        shelf = {"shelf": PARKED_SHELF, "dshard": keys.PARKED, "due": now, "reason": reason}
        over = ("lu", "slot", "accepted")
        if self._done(_unless_wanted_again(turn, shelf, over)):
            return True
        self._while_held(turn, {"due": now}, over)
        return False

    def pause(self, work: Work, reason: str) -> bool:
        """Lay the work aside until its seller is resumed; whoever holds a claim on it keeps that."""
        shelf = {"shelf": PAUSED_SHELF, "dshard": keys.paused(work.key.seller), "reason": reason}
        return self._done(Update(keys.work(work), set=shelf, when=both(Present("due"), Absent("shelf"))))

    def give_back(self, turn: Turn) -> bool:
        """End the claim of a rehearsal or of a seller who just lost consent; the try does not count."""
        return self._while_held(turn, {"tries": turn.tries - 1}, ("lu", "slot"))

    def retry(self, work: Work, *, accept: bool = True) -> bool:
        """Bring parked work back; False when it is not parked. `accept` waives the checks against surprises."""
        change: Item = {"due": to_text(self._clock.now()), "dshard": keys.due_shard(work)}
        change |= {"accepted": True} if accept else {}
        return self._off_the_shelf(work, change, PARKED_SHELF)

    def resume(self, seller: Seller, limit: int = 1000) -> list[Work]:
        change = {"due": to_text(self._clock.now())}
        back: list[Work] = []
        for item in self._table.due(keys.paused(seller), "9", limit):
            work = keys.work_of(item["pk"], item["sk"])
            if self._off_the_shelf(work, {**change, "dshard": keys.due_shard(work)}, PAUSED_SHELF):
                back.append(work)
        return back

    def take_due(self, until: datetime, limit: int) -> list[Work]:
        """`limit` is per kind and shard, so that no kind of work keeps another waiting; sellers in turn."""
        later, latest = to_text(self._clock.now() + SENT_AGAIN_AFTER), to_text(until)
        taken: list[tuple[str, Work]] = []
        for shard in keys.due_shards():
            for found in _in_turn(self._table.due(shard, latest, limit * _READ_AHEAD), limit):
                key, due = Key(found["pk"], found["sk"]), found["due"]
                try:
                    # The message that carried the reserved slot is lost: without it, anyone may claim.
                    item = self._table.update(
                        Update(
                            key, set={"due": later}, remove=("slot",), when=both(equals("due", due), Absent("shelf"))
                        )
                    )
                except ConditionFailed:
                    continue
                taken.append((str(item.get("ship_by", due)), keys.work_of(*key)))
        return [work for _, work in sorted(taken, key=lambda entry: entry[0])]

    def overdue(self, until: datetime) -> int:
        """How much work is due, up to 100 per kind and shard."""
        return sum(len(self._table.due(shard, to_text(until), 100)) for shard in keys.due_shards())

    def state(self, work: Work) -> Item | None:
        """Everything stored of one piece of work, for `bridge order`."""
        return self._table.get(keys.work(work))

    def _while_held(self, turn: Turn, change: Item, remove: tuple[str, ...]) -> bool:
        return self._done(Update(keys.work(turn.work), set=change, remove=remove, when=equals("f", turn.fence)))

    def _off_the_shelf(self, work: Work, change: Item, shelf: str) -> bool:
        return self._done(
            Update(keys.work(work), set=change, remove=("shelf", "reason", "nb"), when=equals("shelf", shelf))
        )

    def _done(self, update: Update) -> bool:
        """False when its condition is not true (any more)."""
        try:
            self._table.update(update)
        except ConditionFailed:
            return False
        return True


def _unless_wanted_again(turn: Turn, change: Item, remove: tuple[str, ...]) -> Update:
    """Under the fence, and only while nobody has asked for the work anew since the claim."""
    held = both(equals("f", turn.fence), equals("want", turn.want))
    return Update(keys.work(turn.work), set=change, remove=remove, when=held)


def _in_turn(items: list[Item], limit: int) -> list[Item]:
    """The first of every seller, then the second of each, and so on: none with much overdue keeps others out."""
    place: Counter[Seller] = Counter()
    ranked: list[tuple[int, int, Item]] = []
    for index, item in enumerate(items):
        seller = keys.order_of(item["pk"]).seller
        ranked.append((place[seller], index, item))
        place[seller] += 1
    return [item for _, _, item in sorted(ranked, key=lambda entry: entry[:2])[:limit]]
