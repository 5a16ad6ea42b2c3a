"""The house stays one to live in: who may import whom, how large a room may be, and no room without its row."""

from __future__ import annotations

import ast
import re
import statistics
import sys
from pathlib import Path

import pytest

from bridge.domain.lifecycle import KINDS
from bridge.effects import EFFECTS
from bridge.erp import CONNECTORS
from bridge.reactions import ROUTES
from bridge.sweeps import SWEEPS

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ROOT / "functions"

TABLES = {"bridge.api", "bridge.signed_api", "bridge.effects", "bridge.sweeps"}
"""What `infra` reads as data: routes, kinds of work, sweeps."""
OUTER = {"bridge.domain", "bridge.ports", "bridge.batches", "aws_lambda_powertools"}

# Floor → what it may import besides the standard library. Floors: docs/decisions.md, "Import floors".
FLOORS: dict[str, set[str]] = {
    "bridge.domain": {"bridge.domain"},
    "bridge.ports": {"bridge.domain", "bridge.ports"},
    "bridge.settings": {"bridge.domain"},
    "bridge.signals": {"aws_lambda_powertools"},
    "bridge.reactions": {"bridge.domain", "bridge.ports", "bridge.reactions"},
    "bridge.effects": {"bridge.domain", "bridge.ports", "bridge.effects"},
    "bridge.sweeps": {"bridge.domain", "bridge.ports", "bridge.sweeps", "bridge.reactions"},
    "bridge.spapi": {"bridge.domain", "bridge.ports", "bridge.spapi", "httpx"},
    "bridge.stores": {"bridge.domain", "bridge.ports", "bridge.stores", "boto3", "botocore", "aws_lambda_powertools"},
    "bridge.erp": {"bridge.domain", "bridge.ports", "bridge.erp", "httpx", "boto3", "botocore"},
    "bridge.erp.webhook": {"bridge.domain", "bridge.ports", "bridge.erp", "httpx", "httpcore"},
    "bridge.envelope": {"bridge.domain"},
    "bridge.batches": {"bridge.domain", "bridge.ports", "aws_lambda_powertools"},
    "bridge.inbox": OUTER | {"bridge.envelope", "bridge.reactions"},
    "bridge.outbox": OUTER | {"bridge.effects"},
    "bridge.sweep": OUTER | {"bridge.sweeps"},
    "bridge.api": {"bridge.domain", "bridge.ports", "bridge.reactions"},
    "bridge.erp_in": OUTER | {"bridge.api"},
    "bridge.signed_api": {"bridge.domain", "bridge.ports", "bridge.api"},
    "bridge.doors": {"bridge", "boto3"},
    "bridge.wiring": {"bridge", "boto3", "botocore", "httpx"},
    "bridge.cli": {"bridge", "boto3", "botocore", "httpx"},
    "entry": {"bridge.wiring", "bridge.doors"},
    "infra": {"infra", "aws_cdk", "constructs", "jsii", "bridge.settings"} | TABLES,
}  # fmt: skip


def modules() -> list[tuple[str, Path]]:
    found = [
        (".".join(path.relative_to(FUNCTIONS).with_suffix("").parts).removesuffix(".__init__"), path)
        for path in (FUNCTIONS / "bridge").rglob("*.py")
    ]
    found += [("entry", path) for path in FUNCTIONS.glob("*.py")]
    found += [("infra", path) for path in (ROOT / "infra").rglob("*.py")]
    return [(name, path) for name, path in found if name != "bridge"]


def floor_of(name: str) -> str:
    fitting = [floor for floor in FLOORS if name == floor or name.startswith(floor + ".")]
    assert fitting, f"{name} stands on no floor"
    return max(fitting, key=len)


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize(("name", "path"), modules(), ids=lambda value: value if isinstance(value, str) else value.name)
def test_each_floor_imports_only_what_it_may(name: str, path: Path) -> None:
    allowed = FLOORS[floor_of(name)]
    for target in imported(path):
        if target.split(".")[0] in sys.stdlib_module_names:
            continue
        assert any(target == entry or target.startswith(entry + ".") for entry in allowed), f"{name} imports {target}"


def test_nothing_but_tests_imports_local() -> None:
    for name, path in modules():
        assert not any(target.split(".")[0] == "local" for target in imported(path)), name


def functions_of(path: Path) -> list[tuple[str, int]]:
    nodes = [
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)
    ]
    return [(f"{path.relative_to(ROOT)}:{node.name}", code_lines(node)) for node in nodes]


def code_lines(function: ast.FunctionDef) -> int:
    """Lines with code: no blank ones, no comments, no docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    inside = {
        line
        for node in body
        for part in ast.walk(node)
        if hasattr(part, "lineno")
        for line in (part.lineno, part.end_lineno)
    }
    return 1 + len(inside)


@pytest.mark.parametrize(("tree", "usual"), [("functions", 7), ("infra", 19), ("local", 9), ("tests/gates", 9)])
def test_rooms_and_functions_stay_small(tree: str, usual: int) -> None:
    paths = [path for path in (ROOT / tree).rglob("*.py") if "__pycache__" not in path.parts]
    crowded = {
        str(path.relative_to(ROOT)): lines
        for path in paths
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 250
    }
    assert not crowded
    sizes = [entry for path in paths for entry in functions_of(path)]
    assert not [entry for entry in sizes if entry[1] > 50]
    assert sum(lines <= 30 for _, lines in sizes) >= 0.9 * len(sizes)
    assert statistics.median(lines for _, lines in sizes) <= usual


def test_no_room_is_called_after_nothing() -> None:
    names = [path.stem for tree in ("functions", "infra", "local", "tests") for path in (ROOT / tree).rglob("*.py")]
    assert not [name for name in names if re.search(r"util|helper|common|manager|misc", name)]


@pytest.mark.parametrize(
    ("table", "folder"),
    [(ROUTES, "reactions"), (EFFECTS, "effects"), (SWEEPS, "sweeps"), (CONNECTORS, "erp")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_row_has_its_file(table: dict[str, object], folder: str) -> None:
    for name in table:
        place = FUNCTIONS / "bridge" / folder / name.lower()
        assert place.with_suffix(".py").exists() or (place / "__init__.py").exists(), f"{folder}: {name}"


def test_every_kind_of_work_is_carried_out_and_swept() -> None:
    assert sorted(KINDS) == sorted(EFFECTS)


def test_every_notification_has_a_sample() -> None:
    for kind in ROUTES:
        assert (ROOT / "tests" / "events" / f"{kind}.json").exists()
