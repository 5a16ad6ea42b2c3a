"""`python -m tests.simulation`: as many schedules as you like; on a violation, its seed and what happened."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.simulation import campaign
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.transcript import told

REPORT = Path(__file__).resolve().parents[2] / "build" / "simulate.json"
_SHOWN = 3


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    if asked.transcript:
        print(told(asked.seed, SCENARIOS[asked.scenario], about=asked.about))
        return 0
    totals, seconds = campaign.run(
        asked.schedules, asked.seed, workers=asked.workers, scenario=asked.scenario, show=sys.stderr
    )
    figures = totals.figures(seconds)
    report = {"seed": asked.seed, "scenario": asked.scenario, **figures}
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    for name, value in figures.items():
        print(f"{name:34} {value:,}")
    if asked.sites:
        _print_sites(totals)
    for seed in list(dict.fromkeys(seed for seed, _, _ in totals.failed))[:_SHOWN]:
        print(f"\nseed {seed}:")
        for at, kind, what in totals.failed:
            if at == seed:
                print(f"  {kind}: {what}")
        print(told(seed, SCENARIOS[asked.scenario]))
        print(f"again: make simulate SCHEDULES=1 SEED={seed} SCENARIO={asked.scenario!r} TRANSCRIPT=1")
    return 1 if totals.failed else 0


def _print_sites(totals: campaign.Totals) -> None:
    print(f"\n{'port call':72} {'before':>7} {'after':>7}   (crashes)")
    for site in sorted(totals.sites):
        before, after = (totals.crashes[site, fate] for fate in (1, 2))
        print(f"{site:72} {before:7,} {after:7,}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=campaign.usual_workers())
    parser.add_argument("--scenario", choices=SCENARIOS, default="standard")
    parser.add_argument("--sites", action="store_true", help="every port call site, and how often it was crashed")
    parser.add_argument("--transcript", action="store_true", help="replay the seed and tell everything")
    parser.add_argument("--about", default="", help="only lines about this order")
    return parser


if __name__ == "__main__":
    sys.exit(main())
