"""`make simulate`: the campaign, the gaps, every single fault, and what each safety device is worth."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.simulation import ablation, campaign, exhaustive
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.transcript import told

REPORT = Path(__file__).resolve().parents[2] / "build" / "simulate.json"
GAPS = {
    "gap_adaptive": "all lost",
    "gap_300_s_period": "all lost, every 300 s",
    "gap_all_faults": "all lost, and all other faults",
}
GAP_LIMITS = {"all lost": 320, "all lost, every 300 s": 440, "all lost, and all other faults": 800}
"""Every notification lost → seconds of virtual time within which 99 of 100 orders are known."""
_SHOWN, _GAP_SCHEDULES, _PER_DEVICE = 3, 200, 50
_JUDGED = 1000
"""Schedules per device from which on one that nobody missed is a failure; fewer show it by chance only."""
_LISTED = 1000
"""From so many schedules on every place that can crash is printed."""

Figures = dict[str, float]


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    if asked.schedules < 1:
        print("SCHEDULES must be 1 or more", file=sys.stderr)
        return 2
    if asked.transcript:
        print(told(asked.seed, SCENARIOS[asked.scenario], about=asked.about, whole=True))
        return 0
    failed, figures = _campaign(asked)
    if not asked.campaign_only:
        more, found = _busy(max(asked.schedules // 10, 20), asked)
        failed, figures = failed or more, figures | found
        for name, scenario in GAPS.items():
            more, found = _gap(name, scenario, min(asked.schedules, _GAP_SCHEDULES), asked)
            failed, figures = failed or more, figures | found
        more, found = _singles(asked.workers)
        failed, figures = failed or more, figures | found
        more, found = _devices(max(asked.schedules // _PER_DEVICE, 12), asked)
        failed, figures = failed or more, figures | found
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(figures, indent=2) + "\n")
    print(f"\n{REPORT.relative_to(Path.cwd()) if REPORT.is_relative_to(Path.cwd()) else REPORT}")
    return 1 if failed else 0


def _campaign(asked: argparse.Namespace) -> tuple[bool, Figures]:
    totals, seconds = campaign.run(
        asked.schedules, asked.seed, workers=asked.workers, scenario=asked.scenario, show=sys.stderr
    )
    figures = {"seed": asked.seed, **totals.figures(seconds)}
    _print(f"{asked.schedules:,} schedules, {asked.scenario}", figures)
    if asked.sites or totals.schedules >= _LISTED:
        _print_sites(totals)
    return _print_failures(totals, asked.scenario), figures


def _busy(schedules: int, asked: argparse.Namespace) -> tuple[bool, Figures]:
    """Hours in which every order is paid and shipped."""
    totals, seconds = campaign.run(schedules, asked.seed, workers=asked.workers, scenario="busy", show=sys.stderr)
    names = ("schedules", "violations", "schedules_per_s", "port_calls_per_schedule", "crashes")
    figures = {f"busy_{name}": totals.figures(seconds)[name] for name in names}
    _print("busy hours", figures)
    return _print_failures(totals, "busy"), figures


def _gap(name: str, scenario: str, schedules: int, asked: argparse.Namespace) -> tuple[bool, Figures]:
    """Every notification is lost: how long until the bridge knows what it should, and until the ERP does."""
    totals, seconds = campaign.run(schedules, asked.seed, workers=asked.workers, scenario=scenario, show=sys.stderr)
    found = {key: value for key, value in totals.figures(seconds).items() if key.startswith("to_")}
    figures = {f"{name}_{key.removeprefix('to_known_')}": value for key, value in found.items()}
    _print(f"every notification lost: {scenario} (p99 at most {GAP_LIMITS[scenario]} s)", figures)
    late = schedules >= _GAP_SCHEDULES and figures[f"{name}_p99_s"] > GAP_LIMITS[scenario]
    return _print_failures(totals, scenario) or late, figures


def _singles(workers: int) -> tuple[bool, Figures]:
    lives, seconds = exhaustive.run(with_pairs=False, workers=workers)
    bad = [text for life in lives for text in life.failed]
    figures = {
        "exhaustive_port_calls": sum(life.steps for life in lives),
        "exhaustive_lives": sum(life.runs for life in lives),
        "exhaustive_violations": len(bad),
        "exhaustive_s": round(seconds, 1),
    }
    _print("one fault at every port call of four lives", figures)
    for text in bad[:_SHOWN]:
        print(f"  {text}")
    return bool(bad), dict(figures)


def _devices(schedules: int, asked: argparse.Namespace) -> tuple[bool, Figures]:
    losses = ablation.run(schedules, asked.seed, workers=asked.workers)
    print(f"\nsafety devices, taken out one at a time\n\n{ablation.table(losses)}")
    lacking = ablation.unexplained(losses)
    enough = schedules >= _JUDGED
    for device in lacking:
        print(f"not missed{'' if enough else f' in so few schedules (judged from {_JUDGED:,} on)'}: {device.name}")
    return enough and bool(lacking), {
        "ablation_devices": len(losses),
        "ablation_schedules_each": schedules,
        "ablation_devices_missed": sum(loss.caught > 0 for loss in losses),
        "ablation_devices_unexplained": len(lacking),
    }


def _print(title: str, figures: Mapping[str, float]) -> None:
    print(f"\n{title}\n")
    for name, value in figures.items():
        print(f"  {name:34} {value:>14,}")


def _print_sites(totals: campaign.Totals) -> None:
    print(f"\n  {'port call':72} {'before':>7} {'after':>7}   its effect: crashes")
    for site in sorted(totals.sites):
        before, after = (totals.crashes[site, fate] for fate in (1, 2))
        print(f"  {site:72} {before:7,} {after:7,}")


def _print_failures(totals: campaign.Totals, scenario: str) -> bool:
    for seed in list(dict.fromkeys(seed for seed, _, _ in totals.failed))[:_SHOWN]:
        print(f"\nseed {seed}:")
        for at, kind, what in totals.failed:
            if at == seed:
                print(f"  {kind}: {what}")
        print(told(seed, SCENARIOS[scenario]))
        print(f"again: make simulate SCHEDULES=1 SEED={seed} SCENARIO={scenario!r} TRANSCRIPT=1")
    return bool(totals.failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=campaign.usual_workers())
    parser.add_argument("--scenario", choices=SCENARIOS, default="standard")
    parser.add_argument("--campaign-only", action="store_true", help="no gaps, no single faults, no devices")
    parser.add_argument("--sites", action="store_true", help="every port call site, and how often it was crashed")
    parser.add_argument("--transcript", action="store_true", help="replay the seed and tell everything")
    parser.add_argument("--about", default="", help="only lines about this order")
    return parser


if __name__ == "__main__":
    sys.exit(main())
