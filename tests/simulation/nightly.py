"""`make nightly`: a million schedules, ten thousand of every other scenario, pairs of faults, and every device."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.simulation import ablation, campaign, exhaustive
from tests.simulation.scenarios import SCENARIOS

REPORT = Path(__file__).resolve().parents[2] / "build" / "nightly.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.nightly", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--schedules", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=campaign.usual_workers())
    asked = parser.parse_args()
    figures: dict[str, float] = {}
    for scenario in SCENARIOS:
        figures |= _played(scenario, asked.schedules if scenario == "standard" else asked.schedules // 100, asked)
    figures |= _pairs(asked.workers)
    losses = ablation.run(max(asked.schedules // 1000, 1), asked.seed, workers=asked.workers)
    print(ablation.table(losses), flush=True)
    figures["devices_that_nobody_missed_violations"] = len(ablation.unexplained(losses))
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if any(value for name, value in figures.items() if name.endswith("_violations")) else 0


def _played(scenario: str, schedules: int, asked: argparse.Namespace) -> dict[str, float]:
    totals, seconds = campaign.run(
        max(schedules, 1), asked.seed, workers=asked.workers, scenario=scenario, show=sys.stderr
    )
    name = "".join(letter if letter.isalnum() else "_" for letter in scenario)
    bad = len(totals.failed)
    print(f"{scenario}: {totals.schedules:,} schedules in {seconds:,.0f} s, {bad} violations", flush=True)
    for seed, kind, what in totals.failed[:5]:
        print(f"  seed {seed}: {kind}: {what}", flush=True)
    return {f"{name}_schedules": totals.schedules, f"{name}_violations": bad}


def _pairs(workers: int) -> dict[str, float]:
    lives, _ = exhaustive.run(with_pairs=True, workers=workers)
    bad, runs = [text for life in lives for text in life.failed], sum(life.runs for life in lives)
    print("\n".join([f"pairs of faults: {runs:,} lives, {len(bad)} violations", *bad[:5]]), flush=True)
    return {"pairs_lives": runs, "pairs_violations": len(bad)}


if __name__ == "__main__":
    sys.exit(main())
