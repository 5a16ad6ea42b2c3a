"""`make bench`: sizes, and what load costs in virtual time beside the usual ways; figures go to build/bench.json."""

from __future__ import annotations

import json
import sys
import time

from infra import ROOT
from tests.benchmarks import backfill, backlogs, days, learning, sizes

AT_MOST = {
    "code_asset_kb": 450.0,
    "layer_zipped_mb": 3.0,
    "domain_import_ms": 60.0,
    "backlog_1000_makespan_s": 60.0,
    "backlog_1000_calls": 60.0,
    "backlog_1000_handed_s": 2040.0,
    "backlog_1000_handed_out_of_turn_share": 0.1,
    "backlog_1000_lost": 0.0,
    "burst_1000_makespan_s": 160.0,
    "backlog_10000_vs_optimum": 1.05,
    "order_reads_per_order": 1.1,
    "other_sellers_p99_s": 2.0,
    "live_beside_backlog_p99_s": 120.0,
    "live_beside_backlog_unserved": 0.0,
    "erp_down_24h_lost": 0.0,
    "erp_down_24h_duplicates": 0.0,
    "erp_down_24h_dead_letters": 0.0,
    "erp_down_24h_handed_out_of_turn_share": 0.1,
    "slow_erp_handed_vs_optimum": 1.25,
    "slow_erp_read_p50_s": 2.0,
    "backfill_5000_error_share": 0.05,
}
LEARNED = ("documented", "quarter", "fourfold", "lumpy", "up", "down")
PARTS = (sizes, learning, backlogs, days, backfill)


def failures(figures: dict[str, float]) -> list[str]:
    """Names of the figures beyond their limits; a 429 of ours is one wherever it comes from, but for learned rates."""
    peers = ("_retry_in_lambda", "_max_concurrency_2", "_no_horizon", "_static", "_aimd", "_all_seats")
    ours = {name: value for name, value in figures.items() if not name.endswith(peers)}
    over = [name for name, limit in AT_MOST.items() if not ours[name] <= limit]
    over += [name for name, value in ours.items() if name.endswith("_http_429") and value > 0]
    for case in LEARNED:
        over += [f"learn_{case}_quota_used_share"] * (ours[f"learn_{case}_quota_used_share"] < 0.98)
        over += [f"learn_{case}_http_429_share"] * (ours[f"learn_{case}_http_429_share"] > 0.001)
    return over


def main() -> int:
    figures: dict[str, float] = {}
    for part in PARTS:
        began = time.monotonic()
        found = {name: round(value, 4) for name, value in part.figures().items()}
        figures |= found
        sys.stdout.write(f"\n{(part.__doc__ or '').splitlines()[0]} ({time.monotonic() - began:.0f} s)\n\n")
        for name, value in found.items():
            limit = f"at most {AT_MOST[name]:g}" if name in AT_MOST else ""
            sys.stdout.write(f"  {name:54}{value:>12,g}   {limit}".rstrip() + "\n")
        sys.stdout.flush()
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "bench.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    over = failures(figures)
    if over:
        sys.stderr.write(f"beyond the limit: {', '.join(over)}\n")
    return 1 if over else 0


if __name__ == "__main__":
    raise SystemExit(main())
