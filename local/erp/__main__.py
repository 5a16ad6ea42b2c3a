"""`python -m local.erp prepare|start|stop`: the ERP of this machine, one step at a time."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from local.erp import server


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.erp", description=__doc__)
    parser.add_argument("step", choices=("prepare", "start", "stop"))
    parser.add_argument("--build", type=Path, default=server.BUILD, help="directory for everything generated")
    parser.add_argument("--port", type=int, default=18069)
    parser.add_argument("--seller", default="A2EXAMPLESELLER", help="seller id whose orders go to the shops")
    parser.add_argument("--keep", action="store_true", help="start with the database of the last run")
    asked = parser.parse_args()
    run = asked.build / "run" / "erp"
    if asked.step == "stop":
        return stop(run)
    server.prepare(asked.build)
    if asked.step == "start":
        stop(run)
        shops = {f"{asked.seller}/{marketplace}": shop for marketplace, shop in server.SHOPS.items()}
        running = server.start(run, asked.port, build=asked.build, shops=shops, keep=asked.keep)
        server.remember(run, running)
        print(json.dumps(running.config, indent=1))
    return 0


def stop(run: Path) -> int:
    running = server.recall(run)
    if running:
        server.stop(running.pid)
        (run / "erp.json").unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
