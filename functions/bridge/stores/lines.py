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
from bridge.domain.lifecycle import FETCH_ORDER, HAND_TO_ERP
from bridge.domain.lines import Line, Opened, Waiting
from bridge.domain.times import from_text, to_text
from bridge.domain.work import Turn, Work
from bridge.ports import Clock
from bridge.stores import keys
from bridge.stores.table import Absent, Compare, ConditionFailed, Item, Present, Table, Update, both, either, equals

_NOTED = timedelta(seconds=20)
"""A worker notes again that somebody joined after this time."""
_EARLY = timedelta(seconds=2)
_UNDER_WAY = timedelta(seconds=5)
"""A message takes up to a second longer than it should, and its worker some to begin."""
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
        ship_by, told = (str(turn.stored.get(name, "")) for name in ("ship_by", "told"))
        change = {
            "dshard": keys.waiting(line, lines.rank(work.kind)),
            "due": lines.place(work.kind, ship_by, from_text(told) if told else now),
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
        return [_opened(line, item) for line, item in found if line and "next" in item]

    def turn_of(self, line: Line) -> Opened | None:
        now, noted = self._clock.now(), self._table.get(keys.line(line))
        if not noted or noted.get("next", _LAST) > to_text(now + _EARLY):
            return None
        following = lines.next_turn(from_text(noted["since"]), now)
        update = Update(keys.line(line), set={"next": to_text(following)}, when=equals("next", noted["next"]))
        return _opened(line, {**noted, "next": to_text(following)}) if self._done(update) else None

    def served(self, opened: Opened, slots: Sequence[datetime], pace: int) -> None:
        change: Item = {"pace": pace} if pace != opened.pace else {}
        if slots:
            change |= {"dry": 0, "held": to_text(max(slots))}
        elif not opened.held or opened.held <= self._clock.now():
            change["dry"] = opened.dry + 1
        if not change:
            return
        self._done(Update(keys.line(opened.line), set=change, when=Present("next")))

    def reopen(self, line: Line) -> None:
        """Somebody waits there although nothing is noted."""
        text = to_text(self._clock.now())
        self._table.update(Update(keys.line(line), init={"since": text, "next": text, "joined": text}))

    def close(self, opened: Opened) -> None:
        unchanged = equals("joined", to_text(opened.joined))
        self._done(Update(keys.line(opened.line), remove=("since", "next", "dry", "held", "pace"), when=unchanged))

    def waiting(self, line: Line, rank: int, limit: int) -> list[Waiting]:
        found = self._table.due(keys.waiting(line, rank), _LAST, limit)
        return [Waiting(item["due"], keys.work_of(item["pk"], item["sk"])) for item in found]

    def late(self, kind: str, limit: int) -> int:
        until = to_text(self._clock.now() - _UNDER_WAY)
        return min(sum(len(self._table.due(shard, until, limit)) for shard in keys.due_shards(kind)), limit)

    def seat(self, line: Line, work: Work, slot: datetime) -> bool:
        now = self._clock.now()
        text = to_text(max(slot, now))
        free = either(Absent("lu"), Compare("lu", "<=", to_text(now)))
        here = equals("dshard", keys.waiting(line, lines.rank(work.kind)))
        change = {"dshard": keys.due_shard(work), "due": text, "nb": text, "slot": to_text(slot)}
        change["slot_for"] = line.operation
        return self._done(Update(keys.work(work), set=change, remove=("reason",), when=both(here, free)))

    def pending(self, line: Line, orders: Sequence[OrderKey]) -> dict[Work, int]:
        works = [Work(kind, key) for kind in (HAND_TO_ERP, FETCH_ORDER) for key in orders]
        items = zip(works, self._table.several(*map(keys.work, works)), strict=True)
        return {work: item["want"] for work, item in items if item and _waits(item, line, work)}

    def leave(self, line: Line, work: Work, want: int) -> bool:
        here = equals("dshard", keys.waiting(line, lines.rank(work.kind)))
        over = ("due", "dshard", "slot", "lu", "nb", "reason", "accepted")
        done = {"done": want, "at": to_text(self._clock.now()), "tries": 0}
        return self._done(Update(keys.work(work), set=done, remove=over, when=both(here, equals("want", want))))

    def _done(self, update: Update) -> bool:
        try:
            self._table.update(update)
        except ConditionFailed:
            return False
        return True


def _waits(item: Item, line: Line, work: Work) -> bool:
    return item.get("dshard") == keys.waiting(line, lines.rank(work.kind)) and "due" in item


def _opened(line: Line, note: Item) -> Opened:
    since, joined, following = (from_text(note[name]) for name in ("since", "joined", "next"))
    held = from_text(note["held"]) if "held" in note else None
    return Opened(line, since, joined, following, note.get("dry", 0), held, note.get("pace", lines.SEATS))
