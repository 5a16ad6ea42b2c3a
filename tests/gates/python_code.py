"""Ruff, mypy and bandit over Python files, in one form of finding."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.gates.finding import BrokenError, Finding
from tests.gates.scanner import GATES, OWN, ROOT, agreed, answer, run, shown

SETTINGS = str(ROOT / "pyproject.toml")


def ruff(places: Iterable[str | Path]) -> list[Finding]:
    """Lint and format."""
    options = ["--force-exclude", "--config", SETTINGS, "--output-format", "json", *map(str, places)]
    lint = run(OWN / "ruff", ["check", *options])
    # 2 is also what a file ends with that is no Python: the report then says so.
    form = run(OWN / "ruff", ["format", "--check", *options], fine=(0, 1, 2))
    return [finding for done in (lint, form) for finding in agreed(done, [_ruff(one) for one in answer(done)])]


def _ruff(one: dict[str, Any]) -> Finding:
    return Finding(one["code"], f"{shown(one['filename'])}:{one['location']['row']}", one["message"])


def mypy(places: Iterable[str | Path], cache: Path = ROOT / ".mypy_cache") -> list[Finding]:
    """`--strict`, as pyproject.toml says."""
    options = ["--config-file", SETTINGS, "--cache-dir", str(cache), "--output", "json", "--no-error-summary"]
    # GPL code of another environment: see local/erp/requirements.txt.
    done = run(OWN / "mypy", [*options, "--exclude", "local/erp/bootstrap.py", *map(str, places)])
    found = []
    for line in done.stdout.splitlines():
        try:
            one = json.loads(line)
        except ValueError:
            raise BrokenError(done.stdout[-2000:]) from None
        if one["severity"] == "error":
            found.append(Finding(one["code"] or "mypy", f"{shown(one['file'])}:{one['line']}", one["message"]))
    return agreed(done, found)


def bandit(places: Iterable[str | Path]) -> list[Finding]:
    """Everything it knows; its own comments count for nothing, see tests/gates/acknowledged.py."""
    options = ["--quiet", "--ignore-nosec", "--format", "json", "--recursive"]
    done = run(GATES / "bandit", [*options, *map(str, places)])
    report = answer(done)
    if report["errors"]:
        raise BrokenError(str(report["errors"]))
    found = [
        Finding(
            one["test_id"],
            f"{shown(one['filename'])}:{scope(Path(one['filename']), one['line_number'])}",
            f"line {one['line_number']}: {one['issue_text']}",
        )
        for one in report["results"]
    ]
    return agreed(done, found)


def scope(path: Path, line: int) -> str:
    """The innermost function or class around a line, because lines move and names do not."""
    around = [
        node
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return max(around, key=lambda node: node.lineno).name if around else "module"
