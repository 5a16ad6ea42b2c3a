"""`python -m local.simulator`: runs until it is told to stop (SIGTERM, Ctrl-C)."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from local.simulator.queues import SqsPost
from local.simulator.scale import SCALES
from local.simulator.server import Server
from local.simulator.world import World


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.simulator", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 picks a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", choices=sorted(SCALES), default="demo")
    parser.add_argument(
        "--sqs-endpoint", metavar="URL", help="where notifications go; without it they are only counted"
    )
    parser.add_argument("--canary", default="", metavar="TEXT", help="planted in every personal value and token")
    parser.add_argument("--port-file", type=Path, metavar="PATH", help="gets the port once requests are answered")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    options = _arguments(argv)
    post = SqsPost(options.sqs_endpoint) if options.sqs_endpoint else None
    world = World(seed=options.seed, scale=SCALES[options.scale], canary=options.canary, post=post)
    server = Server(world, options.host, options.port)
    stop = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    server.start()
    port = server.server_address[1]
    if options.port_file:
        options.port_file.write_text(str(port), encoding="ascii")
    sys.stdout.write(json.dumps({"url": server.url, "port": port}) + "\n")
    sys.stdout.flush()
    stop.wait()
    server.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
