"""What is shipped: the layer is pure Python, and every module finds its imports in Lambda, the layer or the code."""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from infra import ROOT
from infra.layer import REQUIREMENTS, built

LAMBDA_BRINGS = {"boto3", "botocore"}


def code_asset(assembly: Path) -> Path:
    (found,) = [path for path in assembly.glob("asset.*") if (path / "bridge").is_dir()]
    return found


def layer_asset(assembly: Path) -> Path:
    (found,) = [path for path in assembly.glob("asset.*") if (path / "python").is_dir()]
    return found / "python"


@pytest.fixture(scope="session")
def code(templates: dict[str, Any], assembly: Path) -> Path:
    return code_asset(assembly)


@pytest.fixture(scope="session")
def layer(templates: dict[str, Any], assembly: Path) -> Path:
    return layer_asset(assembly)


def imported(path: Path) -> set[str]:
    """The top-level names of everything a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_every_handler_has_its_entry_file(flow: dict[str, Any], code: Path) -> None:
    handlers = {one["Properties"]["Handler"] for one in flow.values() if one["Type"] == "AWS::Lambda::Function"}
    assert handlers == {"inbox.handler", "outbox.handler", "sweep.handler", "api.handler"}
    for handler in handlers:
        module, _, name = handler.partition(".")
        tree = ast.parse((code / f"{module}.py").read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_import_is_there_at_run_time(code: Path, layer: Path) -> None:
    there = set(sys.stdlib_module_names) | LAMBDA_BRINGS
    there |= {path.stem for path in layer.iterdir()} | {path.stem for path in code.iterdir()}
    missing = {str(path.relative_to(code)): imported(path) - there for path in code.rglob("*.py")}
    assert {path: names for path, names in missing.items() if names} == {}


def test_code_holds_code_only(code: Path) -> None:
    assert {path.suffix for path in code.rglob("*") if path.is_file()} == {".py"}
    assert not (code / "bridge" / "cli").exists()
    assert sum(path.stat().st_size for path in code.rglob("*.py")) < 350_000


def test_layer_is_pure_python(layer: Path) -> None:
    compiled = [path.name for path in layer.rglob("*") if path.suffix in {".so", ".pyd", ".pyc"}]
    assert compiled == []
    assert not (layer / "bin").exists()


def test_layer_names_no_directory_of_this_machine(layer: Path) -> None:
    texts = [path for path in layer.glob("*.dist-info/*") if path.is_file()]
    assert not [path.name for path in texts if str(ROOT) in path.read_text(encoding="utf-8", errors="replace")]


def test_requirements_are_few_and_every_one_has_a_hash() -> None:
    lines = [line for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    pins = [line for line in lines if re.match(r"[a-z0-9_-]+==\S+ \\$", line)]
    hashes = [line for line in lines if re.fullmatch(r"\s+--hash=sha256:[0-9a-f]{64}", line)]
    assert len(pins) == len(hashes) == len(lines) / 2
    assert len(pins) <= 12
    assert not [pin for pin in pins if pin.startswith("boto")]


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9_-]+)==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_developers_run_the_versions_that_are_shipped() -> None:
    shipped, mine = pins(REQUIREMENTS), pins(ROOT / "requirements.txt")
    both = shipped.keys() & mine.keys()
    assert both
    assert [name for name in both if shipped[name] != mine[name]] == []


def test_layer_that_is_there_is_not_made_again(layer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.layer.subprocess.run", pytest.fail)
    assert (built() / "python" / "httpx").is_dir()


def test_layer_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    wrong = tmp_path / "requirements.txt"
    wrong.write_text("httpx==0.28.1 --hash=sha256:" + "0" * 64 + "\n--no-index\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"could not install requirements\.txt"):
        built(wrong, tmp_path / "layers")
    assert list((tmp_path / "layers").iterdir()) == []


def test_cdk_command_line_is_pinned_without_a_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert wanted == {"aws-cdk": lock["packages"]["node_modules/aws-cdk"]["version"]}
    assert "resolved" not in json.dumps(lock)
