"""`bridge …`: the operator's command line, run with AWS credentials on the operator's machine, never in Lambda."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from bridge.cli import backfill, order, parked, quota, seller, status
from bridge.cli.deployment import Deployment, NotDeployed
from bridge.domain.errors import BridgeError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bridge", description="Operate one deployment of the SP-API bridge.")
    parser.add_argument("--stage", default=os.environ.get("BRIDGE_STAGE", "dev"), help="name of the deployment (dev)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (status, order, parked, seller, backfill, quota):
        module.add_commands(commands)
    _allow_json_last(commands)
    return parser


def _allow_json_last(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`bridge status --json` as well as `bridge --json status`."""
    for parser in commands.choices.values():
        nested = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
        for action in nested:
            _allow_json_last(action)
        if not nested:
            parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is well, 1 when something was found or refused, 2 for a wrong call."""
    asked = _parser().parse_args(arguments)
    try:
        result: int = asked.run(Deployment.find(asked.stage), asked)
    except (BridgeError, NotDeployed) as error:
        print(f"bridge: {error}", file=sys.stderr)
        return 1
    return result
