"""What the world shows, that it shows it again, and that it notices when something is taken away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.outbox import LANES
from infra.outbox import TIMEOUT_S as OUTBOX_TIMEOUT_S
from infra.sweeps import TIMEOUT_S as SWEEP_TIMEOUT_S
from tests.simulation import ablation, campaign, exhaustive, lambdas, queue
from tests.simulation.devices import DEVICES
from tests.simulation.play import schedule
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.transcript import told

ROOT = Path(__file__).resolve().parents[2]
SCHEDULES = int(os.environ.get("SIMULATE_SCHEDULES", "3000"))
CAUGHT_AT_ONCE = (
    "look when in doubt",
    "facts and work in one transaction",
    "sweep of due work",
    "sweep of Amazon's orders",
    "sweep of the ERP's shipments",
    "cursor only after the last page",
    "seller in the key of an order",
    "units in parcels against units ordered",
)


def _nothing_failed(totals: campaign.Totals) -> None:
    assert not totals.failed, totals.failed[:5]


@pytest.mark.simulation
def test_no_schedule_harms_an_order() -> None:
    totals, _ = campaign.run(SCHEDULES, 1)
    _nothing_failed(totals)
    assert totals.calls >= 100 * totals.schedules
    assert totals.fewest_calls >= 100
    assert totals.crashed >= 3 * totals.schedules
    assert len(totals.uncrashed()) <= len(totals.sites) // 10


@pytest.mark.simulation
def test_no_single_fault_harms_an_order() -> None:
    lives, _ = exhaustive.run(with_pairs=False)
    assert not [text for life in lives for text in life.failed]
    assert all(life.runs == life.steps * len(exhaustive.SINGLES) >= 500 for life in lives)


@pytest.mark.simulation
@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in {"standard", "all lost"}])
def test_bad_days(name: str) -> None:
    totals, _ = campaign.run(20, 1, scenario=name)
    _nothing_failed(totals)


@pytest.mark.simulation
def test_without_notifications_the_search_closes_the_gap() -> None:
    totals, _ = campaign.run(60, 1, scenario="all lost")
    _nothing_failed(totals)
    assert totals.figures(1)["gap_p99_s"] <= 480


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
@pytest.mark.parametrize("name", CAUGHT_AT_ONCE)
def test_what_is_taken_away_is_missed(name: str) -> None:
    (loss,) = ablation.run(24, only=[name])
    assert loss.caught, name


def test_every_device_can_be_taken_out() -> None:
    assert {device.name for device in DEVICES} >= set(CAUGHT_AT_ONCE)
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
