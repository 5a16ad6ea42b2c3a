"""What the world shows, that it shows it again, and that it notices when something is taken away."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.outbox import LANES, SWEEP_TIMEOUT_S
from infra.outbox import TIMEOUT_S as OUTBOX_TIMEOUT_S
from tests.simulation import ablation, campaign, exhaustive, lambdas, queue, table
from tests.simulation.__main__ import GAP_LIMITS
from tests.simulation.devices import DEVICES, Device
from tests.simulation.play import schedule
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.transcript import told

ROOT = Path(__file__).resolve().parents[2]
SCHEDULES = int(os.environ.get("SIMULATE_SCHEDULES", "3000"))


def _nothing_failed(totals: campaign.Totals) -> None:
    assert not totals.failed, totals.failed[:5]


@pytest.mark.simulation
def test_no_schedule_harms_an_order() -> None:
    totals, _ = campaign.run(SCHEDULES, 1)
    _nothing_failed(totals)
    assert totals.calls >= 100 * totals.schedules
    assert totals.crashed >= 3 * totals.schedules
    assert not totals.uncrashed()


@pytest.mark.simulation
def test_no_single_fault_harms_an_order() -> None:
    lives, _ = exhaustive.run(with_pairs=False)
    assert not [text for life in lives for text in life.failed]
    assert all(life.runs == life.steps * len(exhaustive.SINGLES) >= 300 for life in lives)


def test_the_lives_are_what_they_are_called() -> None:
    ends = [exhaustive.ending(name) for name in exhaustive.LIVES]
    assert [(end.status, end.packages, end.corrected, end.held, end.document) for end in ends] == [
        ("SHIPPED", 2, True, False, "shipped"),
        ("CANCELLED", 0, False, False, "cancelled"),
        ("SHIPPED", 2, True, True, "shipped"),
        ("CANCELLED", 0, False, True, "cancelled"),
    ]


@pytest.mark.simulation
@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in {"standard", *GAP_LIMITS}])
def test_bad_days(name: str) -> None:
    totals, _ = campaign.run(300 if name == "busy" else 20, 1, scenario=name)
    _nothing_failed(totals)


@pytest.mark.simulation
@pytest.mark.parametrize(("name", "limit_s"), GAP_LIMITS.items())
def test_without_notifications_the_search_closes_the_gap(name: str, limit_s: float) -> None:
    totals, _ = campaign.run(60, 1, scenario=name)
    _nothing_failed(totals)
    assert totals.known
    assert totals.figures(1)["to_known_p99_s"] <= limit_s


def test_a_seed_shows_the_same_again() -> None:
    told_here = told(7, SCENARIOS["standard"], about="305-0000001-0000001")
    assert told_here == told(7, SCENARIOS["standard"], about="305-0000001-0000001")
    command = [
        sys.executable,
        "-m",
        "tests.simulation",
        "--transcript",
        "--seed",
        "7",
        "--about",
        "305-0000001-0000001",
    ]
    answer = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "5"}, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == told_here.strip()


@pytest.mark.simulation
@pytest.mark.parametrize(
    "device", [device for device in DEVICES if not device.covered], ids=lambda device: str(device.name)
)
def test_what_is_taken_away_is_missed(device: Device) -> None:
    """Once in a thousand schedules at least: its own seed says where to look first."""
    assert ablation.first_missed(device), device.name


def test_every_device_can_be_taken_out() -> None:
    assert len({device.name for device in DEVICES}) == len(DEVICES)
    assert all(device.without or device.off for device in DEVICES)


def test_a_device_that_was_removed_is_back_afterwards() -> None:
    for device in DEVICES:
        with device.removed():
            pass
    assert not schedule(1).violations


def test_the_world_is_deployed_as_infra_deploys_it() -> None:
    assert {name: lane.batch for name, lane in LANES.items()} == lambdas.LANES
    assert lambdas.TIMEOUT_S == OUTBOX_TIMEOUT_S
    assert lambdas.SWEEP_TIMEOUT_S == SWEEP_TIMEOUT_S
    assert queue.VISIBILITY_S == 6 * OUTBOX_TIMEOUT_S


def test_the_judge_shares_no_code_with_the_handlers() -> None:
    tree = ast.parse((ROOT / "tests" / "simulation" / "checker.py").read_text(encoding="utf-8"))
    named = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    named += [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not [name for name in named if name.split(".")[0] == "bridge"]


def test_copies_or_not_a_seed_shows_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """For speed the table hands out its own items: nobody in the product changes what was read or written."""
    usual = told(11, SCENARIOS["busy"])
    plain = table.World
    monkeypatch.setattr(table, "World", lambda now, lag, *, copies: plain(now, lag, copies=True))
    assert told(11, SCENARIOS["busy"]) == usual
