"""What decides about a gate's outcome: nothing found, nothing stale, and a scanner that has really looked."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gates import acknowledged, scanner, tree
from tests.gates.__main__ import GATES, Gate, judge, main
from tests.gates.finding import Acknowledged, BrokenError, Finding, NotRunError, left

FOUND = Finding("X1", "infra/queue.py:_alarms", "is not good")


def gate(look: Callable[[], list[Finding]], *rows: Acknowledged) -> Gate:
    return Gate(look=look, remedy="mend it", acknowledged=rows)


def fails(error: Exception) -> Callable[[], list[Finding]]:
    def look() -> list[Finding]:
        raise error

    return look


def test_what_is_found_fails_and_says_what_to_do() -> None:
    passed, said = judge("x", gate(lambda: [FOUND]))
    assert not passed
    assert all(part in said for part in ("X1", "infra/queue.py:_alarms", "is not good", "mend it"))


def test_a_scanner_that_cannot_run_fails() -> None:
    passed, said = judge("x", gate(fails(BrokenError("it is not installed"))))
    assert not passed
    assert "CANNOT RUN: it is not installed" in said


def test_what_could_not_be_asked_is_told_and_passes() -> None:
    passed, said = judge("x", gate(fails(NotRunError("no network"))))
    assert passed
    assert said.endswith("not run: no network")
    assert " ok" not in said


def test_acknowledged_at_its_place_only() -> None:
    assert left([FOUND], [Acknowledged("X1", "infra/queue.py:*", "because")]) == []
    for row in (Acknowledged("X1", "infra/api.py:*", "because"), Acknowledged("X2", "infra/queue.py:*", "because")):
        assert [finding.rule for finding in left([FOUND], [row])] == ["X1", "stale-acknowledgement"]


def test_every_acknowledgement_argues() -> None:
    rows = [row for name in ("CDK_NAG", "CFN_LINT", "CHECKOV", "BANDIT") for row in getattr(acknowledged, name)]
    assert not [row for row in rows if len(row.reason.split()) < 5 or not row.reason.endswith(".")]
    assert len({(row.rule, row.at) for row in rows}) == len(rows)


def test_clean_is_remembered_until_something_changes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tree, "CLEAN", tmp_path)
    looked = []
    once = Gate(look=lambda: looked.append(1) or [], remedy="", reads=lambda: tree.key(["app.py"]))  # type: ignore[func-returns-value]
    assert [judge("x", once)[1].rpartition("  ")[2] for _ in range(2)] == ["ok", "ok, unchanged"]
    judge("x", dataclasses.replace(once, reads=lambda: tree.key(["app.py", "cdk.json"])))
    assert len(looked) == 2


def test_what_was_found_is_looked_at_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tree, "CLEAN", tmp_path)
    found = Gate(look=lambda: [FOUND], remedy="", reads=lambda: tree.key(["app.py"]))
    assert [judge("x", found)[0] for _ in range(2)] == [False, False]


def test_a_missing_or_failing_scanner_is_no_clean_one(tmp_path: Path) -> None:
    with pytest.raises(BrokenError, match="is not installed"):
        scanner.run(tmp_path / "gone", [])
    python = Path(sys.executable)
    with pytest.raises(BrokenError, match="status 3"):
        scanner.run(python, ["-c", "raise SystemExit(3)"])
    with pytest.raises(BrokenError, match="did not answer with JSON"):
        scanner.answer(scanner.run(python, ["-c", "print('all is well')"]))
    with pytest.raises(BrokenError, match="not understood"):
        scanner.agreed(scanner.run(python, ["-c", "raise SystemExit(1)"]), [])


def test_a_gate_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["rough"])
    assert "no such gate: rough" in capsys.readouterr().err


def test_every_gate_is_explained() -> None:
    section = (scanner.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Static gates")[2]
    assert not [name for name in GATES if f"| `{name}` |" not in section]
