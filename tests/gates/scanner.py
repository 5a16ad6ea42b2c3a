"""Runs a scanner as a program of its own; one that is missing or dies is an error, never a clean result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.gates.finding import BrokenError, Finding

ROOT = Path(__file__).resolve().parents[2]
GATES = ROOT / ".venv" / "gates" / "bin"
CHECKOV = ROOT / ".venv" / "checkov" / "bin"
OWN = Path(sys.executable).parent
LIMIT_S = 300
"""A scanner that waits for something, a network above all, has failed."""


def run(
    program: Path,
    arguments: Sequence[str],
    *,
    fine: Collection[int] = (0, 1),
    environ: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
) -> subprocess.CompletedProcess[str]:
    """Ends with one of the `fine` statuses, or raises BrokenError with what the scanner said."""
    if not program.exists():
        msg = f"{program.name} is not installed: make .venv/gates/.complete .venv/checkov/.complete"
        raise BrokenError(msg)
    told = {"PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}", "NO_COLOR": "1", **(environ or {})}
    try:
        done = subprocess.run(
            [str(program), *arguments],
            cwd=cwd,
            env={**os.environ, **told},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        msg = f"{program.name} was not done after {LIMIT_S} s"
        raise BrokenError(msg) from None
    if done.returncode not in fine:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        msg = f"{program.name} ended with status {done.returncode}: {said}"
        raise BrokenError(msg)
    return done


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    """The JSON that a scanner printed."""
    try:
        return json.loads(done.stdout)
    except ValueError:
        msg = f"{Path(done.args[0]).name} did not answer with JSON: {(done.stdout + done.stderr).strip()[-2000:]}"
        raise BrokenError(msg) from None


def agreed(done: subprocess.CompletedProcess[str], found: list[Finding]) -> list[Finding]:
    """The findings, unless the scanner's status tells of some that its report was not understood to hold."""
    if done.returncode and not found:
        msg = f"{Path(done.args[0]).name} ended with status {done.returncode}, and its report was not understood"
        raise BrokenError(f"{msg}: {(done.stdout + done.stderr).strip()[-2000:]}")
    return found


def shown(path: str | Path) -> str:
    """A path as a reader of this repository writes it."""
    absolute = (ROOT / path).resolve()
    return str(absolute.relative_to(ROOT)) if absolute.is_relative_to(ROOT) else absolute.name
