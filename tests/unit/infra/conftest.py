"""The two templates, synthesised once for all template tests, as AWS would get them and as the emulator gets them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra import ROOT
from infra.app import build

Template = dict[str, Any]


def _synthesise(outdir: Path, **chosen: str) -> dict[str, Template]:
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    assembly = build({**context, **chosen}, outdir=str(outdir)).synth()
    return {stack.stack_name.rpartition("-")[2]: stack.template for stack in assembly.stacks}


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("assembly")


@pytest.fixture(scope="session")
def templates(assembly: Path) -> dict[str, Template]:
    """`State` and `Flow` for AWS."""
    return _synthesise(assembly)


@pytest.fixture(scope="session")
def local_templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """The same with `-c local=1`."""
    return _synthesise(tmp_path_factory.mktemp("local"), local="1")


@pytest.fixture(scope="session")
def state(templates: dict[str, Template]) -> dict[str, Template]:
    """Logical id → resource."""
    return templates["State"]["Resources"]


@pytest.fixture(scope="session")
def flow(templates: dict[str, Template]) -> dict[str, Template]:
    """Logical id → resource."""
    return templates["Flow"]["Resources"]
