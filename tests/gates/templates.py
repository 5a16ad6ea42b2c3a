"""cfn-lint and checkov over CloudFormation templates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.gates.finding import BrokenError, Finding
from tests.gates.scanner import CHECKOV, GATES, agreed, answer, run


def cfn_lint(templates: Sequence[Path]) -> list[Finding]:
    """Does CloudFormation take it? Errors and warnings alike; its matters of taste are CDK's business."""
    # The status is a sum of 2 (errors) and 4 (warnings); 1 is a failure of cfn-lint itself.
    done = run(GATES / "cfn-lint", ["--format", "json", "--template", *map(str, templates)], fine=(0, 2, 4, 6))
    found = [
        Finding(one["Rule"]["Id"], _place(one["Filename"], one["Location"]["Path"]), one["Message"])
        for one in answer(done)
    ]
    return agreed(done, found)


def _place(filename: str, path: Sequence[object] | None) -> str:
    stack = Path(filename).name.partition(".")[0]
    return "/".join([stack, *(str(part) for part in path or ())])


def checkov(templates: Sequence[Path]) -> list[Finding]:
    """Is it as AWS advises? Nothing is downloaded, no comment in a template counts."""
    options = "--skip-download --framework cloudformation --quiet --compact --output json".split()
    done = run(CHECKOV / "checkov", [*options, *(word for path in templates for word in ("--file", str(path)))])
    report = answer(done)
    if not isinstance(report, dict) or "results" not in report or report["summary"]["parsing_errors"]:
        msg = f"checkov read no template: {report}"
        raise BrokenError(msg)
    return agreed(done, [_finding(one) for one in report["results"]["failed_checks"]])


def _finding(one: dict[str, Any]) -> Finding:
    stack = Path(one["file_abs_path"]).name.partition(".")[0]
    name = re.sub(r"^.*\.", "", one["resource"])
    return Finding(one["check_id"], f"{stack}/Resources/{name}", one["check_name"])
