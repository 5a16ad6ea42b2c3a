"""`python -m local.erp prepare|start|stop`: the ERP of this machine, one step at a time."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from local.erp import server, template


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.erp", description=__doc__)
    parser.add_argument("step", choices=("prepare", "start", "stop"))
    parser.add_argument("--build", type=Path, default=template.BUILD, help="directory for everything generated")
    parser.add_argument("--port", type=int, default=18069)
    parser.add_argument("--seller", default="A2EXAMPLESELLER", help="seller id whose orders go to the shops")
    parser.add_argument("--keep", action="store_true", help="start with the database of the last run")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, in a cluster that `stop` removes")
    asked = parser.parse_args()
    if asked.keep and asked.postgres:
        parser.error("--keep: nothing is kept of a cluster")
    run = asked.build / "run" / "erp"
    if asked.step == "stop":
        return stop(run)
    (template.prepare_postgres if asked.postgres else template.prepare)(asked.build)
    if asked.step == "start":
        stop(run)
        print(json.dumps(start(run, asked).config, indent=1))
    return 0


def start(run: Path, asked: argparse.Namespace) -> server.Running:
    shops = {f"{asked.seller}/{marketplace}": shop for marketplace, shop in server.SHOPS.items()}
    run.mkdir(parents=True, exist_ok=True)
    if asked.postgres:
        running = server.start_on_postgres(run, asked.port, build=asked.build, shops=shops)
    else:
        running = server.start(run, asked.port, build=asked.build, shops=shops, keep=asked.keep)
    server.remember(run, running)
    return running


def stop(run: Path) -> int:
    running = server.recall(run)
    if running:
        server.end(running)
        (run / "erp.json").unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
