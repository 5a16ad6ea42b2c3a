"""Waiting lines: work without a slot of Amazon's quota, sorted by urgency, until it is given a seat.

Work in a line is due like any other, but in a partition of the index that no time-based sweep looks at. The note that a
line is open (`since`, `joined`, `next`) is written before the first one joins; a line is also looked into without one
now and then (sweeps/due.py), so a lost note loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bridge.domain import lines
from bridge.domain.ids import OrderKey
from bridge.domain.lifecycle import FETCH_ORDER
from bridge.domain.lines import Line, Opened
from bridge.domain.times import from_text, to_text
from bridge.domain.work import Turn, Work
from bridge.ports import Clock
from bridge.stores import keys
from bridge.stores.table import Absent, Compare, ConditionFailed, Item, Present, Table, Update, both, either, equals

_NOTED = timedelta(seconds=20)
"""A worker notes again that somebody joined after this time."""
_LAST = "~"
"""Sorts behind every place."""


class Lines:
    """See ports.Lines."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._noted: dict[Line, datetime] = {}

    def join(self, turn: Turn, operation: str, reason: str) -> Line | None:
        work, now = turn.work, self._clock.now()
        line = Line(work.key.seller, operation)
        opened = self._note(line, now)
        ship_by = str(turn.stored.get("ship_by", ""))
        change = {
            "dshard": keys.waiting(line, lines.rank(work.kind)),
            "due": lines.place(work.kind, ship_by, now),
            "tries": turn.tries - 1,
            "reason": reason,
        }
        update = Update(keys.work(work), set=change, remove=("lu", "slot", "nb"), when=equals("f", turn.fence))
        return line if self._done(update) and opened else None

    def _note(self, line: Line, now: datetime) -> bool:
        """True when the line was closed until now."""
        if now - self._noted.get(line, now - _NOTED) < _NOTED:
            return False
        text = to_text(now)
        item = self._table.update(Update(keys.line(line), set={"joined": text}, init={"since": text, "next": text}))
        self._noted[line] = now
        return bool(item["since"] == text)

    def open(self) -> list[Opened]:
        found = [(keys.line_of(item["sk"]), item) for item in self._table.query(keys.SELLERS)]
        return [
            Opened(line, *(from_text(item[name]) for name in ("since", "joined", "next")))
            for line, item in found
            if line and "next" in item
        ]

    def turn_of(self, line: Line) -> Opened | None:
        now = self._clock.now()
        its_time = both(Present("next"), Compare("next", "<=", to_text(now + timedelta(seconds=2))))
        update = Update(keys.line(line), set={"next": to_text(now + lines.TICK)}, when=its_time)
        try:
            item = self._table.update(update)
        except ConditionFailed:
            return None
        return Opened(line, from_text(item["since"]), from_text(item["joined"]), from_text(item["next"]))

    def reopen(self, line: Line) -> None:
        """Somebody waits there although nothing is noted."""
        text = to_text(self._clock.now())
        self._table.update(Update(keys.line(line), init={"since": text, "next": text, "joined": text}))

    def close(self, opened: Opened) -> None:
        unchanged = equals("joined", to_text(opened.joined))
        self._done(Update(keys.line(opened.line), remove=("since", "next"), when=unchanged))

    def waiting(self, line: Line, rank: int, limit: int) -> list[Work]:
        found = self._table.due(keys.waiting(line, rank), _LAST, limit)
        return [keys.work_of(item["pk"], item["sk"]) for item in found]

    def seat(self, line: Line, work: Work, slot: datetime) -> bool:
        text = to_text(slot)
        free = either(Absent("lu"), Compare("lu", "<=", to_text(self._clock.now())))
        here = equals("dshard", keys.waiting(line, lines.rank(work.kind)))
        change = {"dshard": keys.due_shard(work), "due": text, "nb": text, "slot": text, "slot_for": line.operation}
        return self._done(Update(keys.work(work), set=change, remove=("reason",), when=both(here, free)))

    def answered(self, line: Line, orders: Sequence[OrderKey]) -> int:
        """How many of those who waited there to read these orders need not any more."""
        reads = [Work(FETCH_ORDER, key) for key in orders]
        items = self._table.several(*map(keys.work, reads)) if reads else []
        return sum(self._leave(line, work, item) for work, item in zip(reads, items, strict=True) if item)

    def _leave(self, line: Line, work: Work, item: Item) -> bool:
        here = equals("dshard", keys.waiting(line, lines.rank(work.kind)))
        over = ("due", "dshard", "slot", "lu", "nb", "reason", "accepted")
        done = {"done": item["want"], "at": to_text(self._clock.now()), "tries": 0}
        return self._done(Update(keys.work(work), set=done, remove=over, when=both(here, equals("want", item["want"]))))

    def _done(self, update: Update) -> bool:
        try:
            self._table.update(update)
        except ConditionFailed:
            return False
        return True
