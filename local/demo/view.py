"""The live table: redrawn in place on a terminal, told line by line everywhere else."""

from __future__ import annotations

import os
import sys
from datetime import datetime

from local.demo.play import Act, Play

_COLUMNS = (
    ("order", 20),
    ("what is special", 34),
    ("total", 12),
    ("at Amazon", 18),
    ("in the ERP", 22),
    ("tracking", 12),
)


class View:
    """`draw` after every look; colour only where a terminal wants it."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._colour = self._terminal and "NO_COLOR" not in os.environ
        self._told: dict[str, str] = {}
        self._drawn = 0

    def draw(self) -> None:
        if self._terminal:
            self._redraw()
        else:
            self._tell()

    def _redraw(self) -> None:
        lines = [self._row([name for name, _ in _COLUMNS])]
        lines += [self._painted(act, self._row(_cells(act))) for act in self._play.acts if act.order_id]
        up = f"\033[{self._drawn}A" if self._drawn else ""
        sys.stdout.write(up + "".join(f"\033[2K{line}\n" for line in lines))
        sys.stdout.flush()
        self._drawn = len(lines)

    def _row(self, cells: list[str]) -> str:
        return "  ".join(cell[:width].ljust(width) for cell, (_, width) in zip(cells, _COLUMNS, strict=True)).rstrip()

    def _painted(self, act: Act, line: str) -> str:
        if not self._colour:
            return line
        return f"\033[32m{line}\033[0m" if act.over else line

    def _tell(self) -> None:
        for act in self._play.acts:
            line = self._row(_cells(act))
            if act.order_id and self._told.get(act.order_id) != line:
                self._told[act.order_id] = line
                sys.stdout.write(line + "\n")
        sys.stdout.flush()


_WORDS = {"none": "", "waiting": "to be shipped", "sent": "shipped", "exception": "stopped"}


def _cells(act: Act) -> list[str]:
    number = ", ".join(entry.number or "…" for entry in act.entries)
    words = _WORDS.get(act.entries[0].shipment_state, "") or act.entries[0].state if act.entries else ""
    return [
        act.order_id,
        act.scene.title,
        act.total,
        act.status,
        f"{number:>3} {words}" if act.entries else "",
        "confirmed" if act.confirmed else "",
    ]


def timeline(acts: list[Act]) -> str:
    """Per order: notification → ERP → shipped → confirmed, with the seconds between."""
    head = f"{'order':20}  {'what is special':34}  {'ERP':>4}  {'notified':>8}"
    head += f"  {'→ ERP':>7}  {'→ shipped':>9}  {'→ confirmed':>11}"
    return "\n".join([head, *(_times(act) for act in acts)])


def _times(act: Act) -> str:
    clock = "lost" if act.lost else (act.notified.strftime("%H:%M:%S") if act.notified else "-")
    number = act.entries[0].number if act.entries else "-"
    steps = [
        _between(act.notified, act.in_erp),
        _between(act.in_erp, act.shipped),
        _between(act.shipped, act.confirmed),
    ]
    return (
        f"{act.order_id:20}  {act.scene.title:34}  {number:>4}  {clock:>8}  "
        f"{steps[0]:>7}  {steps[1]:>9}  {steps[2]:>11}  {act.scene.end if act.over else 'NOT DONE'}"
    )


def _between(first: datetime | None, second: datetime | None) -> str:
    return f"{(second - first).total_seconds():.1f} s" if first and second else "-"
