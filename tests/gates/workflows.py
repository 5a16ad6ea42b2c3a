"""zizmor over the workflows: actions pinned by commit, no stranger's words in a shell, no rights to spare."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.gates.finding import BrokenError, Finding
from tests.gates.scanner import GATES, agreed, answer, run, shown

WITH_FINDINGS = range(10, 15)
"""How zizmor ends when it has found something; everything else above zero is an error."""


def zizmor(files: Iterable[Path]) -> list[Finding]:
    """Workflow files. BrokenError where there are none: a gate over nothing proves nothing."""
    wanted = [str(path) for path in files]
    if not wanted:
        msg = "there is no workflow in .github/workflows"
        raise BrokenError(msg)
    options = ["--offline", "--no-config", "--no-progress", "--format", "json-v1", "--persona", "pedantic"]
    done = run(GATES / "zizmor", [*options, *wanted], fine=(0, *WITH_FINDINGS))
    found = [Finding(one["ident"], _place(one), one["desc"]) for one in answer(done) if not one["ignored"]]
    return agreed(done, found)


def _place(one: dict[str, Any]) -> str:
    places = one["locations"]
    chief = next((place for place in places if place["symbolic"]["kind"] == "Primary"), places[0])
    path = chief["symbolic"]["key"]["Local"]["verbatim_path"]
    return f"{shown(path)}:{chief['concrete']['location']['start_point']['row'] + 1}"
