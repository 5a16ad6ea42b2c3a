"""Our own semgrep rules, in tests/gates/rules: what no scanner knows about orders, money and Amazon's secrets."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.gates.finding import BrokenError, Finding
from tests.gates.scanner import GATES, ROOT, answer, run, shown

RULES = ROOT / "tests" / "gates" / "rules"
# Nothing of the semgrep registry is asked for, and nobody is told what was found here.
OFFLINE = {"SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0"}
OPTIONS = "scan --metrics=off --disable-version-check --quiet --json --jobs 1 --disable-nosem --no-git-ignore".split()


def semgrep(files: Iterable[Path]) -> list[Finding]:
    """Single files, not folders: of those semgrep leaves out what it takes for tests."""
    wanted = {str(path.resolve()) for path in files}
    done = run(GATES / "semgrep", [*OPTIONS, "--config", str(RULES), *sorted(wanted)], environ=OFFLINE)
    report = answer(done)
    unseen = wanted - {str((ROOT / path).resolve()) for path in report["paths"]["scanned"]}
    if report["errors"] or unseen:
        msg = f"semgrep: {report['errors']}, not scanned: {', '.join(sorted(unseen)) or 'nothing'}"
        raise BrokenError(msg)
    return [
        Finding(
            one["check_id"].rpartition(".")[2],
            f"{shown(one['path'])}:{one['start']['line']}",
            one["extra"]["message"],
        )
        for one in report["results"]
    ]
