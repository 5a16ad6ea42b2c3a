"""The desk where work waits: one item per effect, raised by news, claimed by a lease, completed under a fence.

Attributes: `want` (raised so often), `done` (the want that was carried out), `due` and `dshard` (present while
want is ahead of done), `lu` (lease until), `f` (fence), `tries`, `slot` (of Amazon's quota), `shelf` and `reason`
(parked or paused), `raised` and `at` (times), `ship_by` (nearest goes first). The protocol is in docs/reliability.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bridge.domain.ids import Seller
from bridge.domain.lifecycle import Head
from bridge.domain.times import from_text, to_text
from bridge.domain.work import LEASE, Turn, Work
from bridge.ports import Clock
from bridge.stores import keys
from bridge.stores.table import (
    Absent,
    Compare,
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
KEPT = timedelta(days=548)
"""How long an order and its work are remembered: 18 months."""
PARKED_SHELF, PAUSED_SHELF = "parked", "paused"


def time_to_live(now: datetime) -> int:
    """For DynamoDB's TTL attribute: seconds since 1970."""
    return int((now + KEPT).timestamp())


def raising(work: Work, head: Head, now: datetime, delay: timedelta = timedelta(0)) -> Update:
    """The write that asks for `work` once more; also brings a parked effect back, because there is news."""
    deadline = {"ship_by": to_text(head.ship_by)} if head.ship_by else {}
    return Update(
        keys.work(work),
        add={"want": 1},
        set={"due": to_text(now + delay), "dshard": keys.due_shard(work.key), "ttl": time_to_live(now), **deadline},
        init={"raised": to_text(now)},
        remove=("shelf", "reason"),
    )


class Desk:
    """Claims and completions; see ports.Desk."""

    def __init__(self, table: Table, clock: Clock, lease: timedelta = LEASE) -> None:
        self._table = table
        self._clock = clock
        self._lease = lease

    def claim(self, work: Work, slot: datetime | None) -> Turn | None:
        now = self._clock.now()
        mine = either(
            Absent("slot"),
            Compare("slot", "<=", to_text(now - VOID_AFTER)),
            *([equals("slot", to_text(slot))] if slot else []),
        )
        free = either(Absent("lu"), Compare("lu", "<=", to_text(now)))
        until = to_text(now + self._lease)
        try:
            item = self._table.update(
                Update(
                    keys.work(work),
                    set={"lu": until, "due": until},
                    add={"f": 1, "tries": 1},
                    remove=("slot",),
                    when=both(Present("due"), Absent("shelf"), free, mine),
                )
            )
        except ConditionFailed:
            return None
        return Turn(
            work=work,
            want=item["want"],
            fence=item["f"],
            tries=item["tries"],
            raised=from_text(item["raised"]),
            slot=slot if slot and slot > now - VOID_AFTER else None,
            accepted=bool(item.get("accepted")),
        )

    def complete(self, turn: Turn) -> bool:
        """True when the work is wanted again already; the claim is given back either way."""
        now = to_text(self._clock.now())
        held = equals("f", turn.fence)
        over = ("lu", "slot", "reason", "accepted")
        try:
            self._table.update(
                Update(
                    keys.work(turn.work),
                    set={"done": turn.want, "at": now, "tries": 0},
                    remove=(*over, "due", "dshard"),
                    when=both(held, equals("want", turn.want)),
                )
            )
        except ConditionFailed as failed:
            if not failed.item or failed.item.get("f") != turn.fence:
                return False
        else:
            return False
        return self._while_held(
            turn, Update(keys.work(turn.work), set={"done": turn.want, "at": now, "tries": 0, "due": now}, remove=over)
        )

    def postpone(self, turn: Turn, until: datetime, *, slot: datetime | None, reason: str, untouched: bool) -> bool:
        return self._while_held(
            turn,
            Update(
                keys.work(turn.work),
                set={"due": to_text(until), "reason": reason, **({"slot": to_text(slot)} if slot else {})},
                add={"tries": -1} if untouched else {},
                remove=("lu",) if slot else ("lu", "slot"),
            ),
        )

    def park(self, turn: Turn, reason: str) -> bool:
        now = to_text(self._clock.now())
        shelf = {"shelf": PARKED_SHELF, "dshard": keys.PARKED, "due": now, "reason": reason}
        return self._while_held(turn, Update(keys.work(turn.work), set=shelf, remove=("lu", "slot")))

    def pause(self, work: Work, reason: str) -> bool:
        """Lay the work aside until its seller is resumed; whoever holds a claim on it keeps that."""
        shelf = {"shelf": PAUSED_SHELF, "dshard": keys.paused(work.key.seller), "reason": reason}
        return self._if(Update(keys.work(work), set=shelf, when=both(Present("due"), Absent("shelf"))))

    def give_back(self, turn: Turn) -> bool:
        """End the claim of a rehearsal or of a seller who just lost consent; the try does not count."""
        return self._while_held(turn, Update(keys.work(turn.work), add={"tries": -1}, remove=("lu", "slot")))

    def retry(self, work: Work) -> bool:
        """Bring parked work back; False when it is not parked."""
        return self._if(
            Update(
                keys.work(work),
                set={"due": to_text(self._clock.now()), "dshard": keys.due_shard(work.key), "accepted": True},
                remove=("shelf", "reason"),
                when=equals("shelf", PARKED_SHELF),
            )
        )

    def resume(self, seller: Seller) -> list[Work]:
        """Bring all paused work of a seller back."""
        now = self._clock.now()
        back: list[Work] = []
        for item in self._shelf(keys.paused(seller)):
            work = keys.work_of(item["pk"], item["sk"])
            change = {"due": to_text(now), "dshard": keys.due_shard(work.key)}
            if self._if(
                Update(keys.work(work), set=change, remove=("shelf", "reason"), when=equals("shelf", PAUSED_SHELF))
            ):
                back.append(work)
        return back

    def due(self, until: datetime, limit: int) -> list[tuple[Work, datetime | None]]:
        waiting: list[tuple[str, Work, datetime | None]] = []
        for shard in range(keys.SHARDS):
            for found in self._table.due(f"D#{shard}", to_text(until), limit):
                item = self._table.get(Key(found["pk"], found["sk"])) or {}
                if "due" in item and "shelf" not in item:
                    slot = from_text(item["slot"]) if "slot" in item else None
                    waiting.append((str(item.get("ship_by", item["due"])), keys.work_of(item["pk"], item["sk"]), slot))
        return [(work, slot) for _, work, slot in sorted(waiting, key=lambda entry: entry[0])]

    def state(self, work: Work) -> Item | None:
        """Everything stored of one piece of work, for `bridge order`."""
        return self._table.get(keys.work(work))

    def _shelf(self, shard: str) -> Iterable[Item]:
        return self._table.due(shard, "9", 1000)

    def _while_held(self, turn: Turn, update: Update) -> bool:
        return self._if(
            Update(update.key, set=update.set, add=update.add, remove=update.remove, when=equals("f", turn.fence))
        )

    def _if(self, update: Update) -> bool:
        try:
            self._table.update(update)
        except ConditionFailed:
            return False
        return True
