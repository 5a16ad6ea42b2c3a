"""`python -m local.emulator prepare|start|stop|environ`: the emulator of this machine, one step at a time."""

from __future__ import annotations

import argparse
from pathlib import Path

from local.emulator import server


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.emulator", description=__doc__)
    parser.add_argument("step", choices=("prepare", "start", "stop", "environ"))
    parser.add_argument("--build", type=Path, default=server.BUILD, help="directory for everything generated")
    parser.add_argument("--port", type=int, default=0, help="0: the port of the last start, else a free one")
    parser.add_argument("--keep", action="store_true", help="start with what was there when it was last stopped")
    parser.add_argument("--enforce", action="store_true", help="with TLS, and only what IAM allows is allowed")
    asked = parser.parse_args()
    run = asked.build / "run"
    if asked.step in {"prepare", "start"}:
        server.prepare(asked.build)
    if asked.step in {"start", "stop"}:
        server.stop(run)
    if asked.step == "start":
        started = server.start(run, asked.port, build=asked.build, keep=asked.keep, enforced=asked.enforce)
        print(started.url)
    if asked.step == "environ":
        return _print_environ(run)
    return 0


def _print_environ(run: Path) -> int:
    """Shell lines for whoever wants to look around with boto3 or the CDK command line."""
    running = server.recall(run)
    if running is None:
        print("# the emulator has not been started")
        return 1
    for name, value in running.environ.items():
        print(f"export {name}={value}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
