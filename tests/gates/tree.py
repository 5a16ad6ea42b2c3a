"""Which files there are, and what they add up to: a gate need not look again at what it has found clean."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.gates.scanner import ROOT

GENERATED = {"build", "cdk.out", "node_modules", "__pycache__"}
CLEAN = ROOT / "build" / "gates" / "clean"
GATES = ("tests/gates", "requirements.txt")
"""The gates' own programs, acknowledgements and pins decide about every result."""


def files(*places: str | Path, root: Path = ROOT) -> list[Path]:
    """All files at these places, but nothing hidden below them and nothing generated."""
    return sorted({path for place in places for path in _below(root / place)})


def _below(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if name not in GENERATED and not name.startswith(".")]
        yield from (Path(folder) / name for name in names if not name.startswith(".") and not name.endswith(".pyc"))


def key(places: Sequence[str] = (), *, made: bytes = b"") -> str:
    """A name for the content of all files at these places and of what was `made`, of the gates, and of this Python."""
    together = hashlib.sha256(sys.version.encode() + made)
    for path in files(*places, *GATES):
        together.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return together.hexdigest()[:20]


def was_clean(gate: str, stamp: str) -> bool:
    return (CLEAN / f"{gate}-{stamp}").exists()


def remember_clean(gate: str, stamp: str) -> None:
    CLEAN.mkdir(parents=True, exist_ok=True)
    for old in CLEAN.glob(f"{gate}-*"):
        old.unlink(missing_ok=True)
    (CLEAN / f"{gate}-{stamp}").touch()
