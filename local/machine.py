"""The whole system on this machine: emulator, simulator and ERP, with the app deployed and the sellers connected.

`python -m local.machine up` starts and connects everything, `down` ends it; demo and end-to-end tests use the same.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import deploy
from local.emulator import server as emulator
from local.erp import server as erp
from local.erp import template
from local.simulator import process as simulator
from local.simulator.remote import Amazon

ROOT = Path(__file__).resolve().parents[1]
RUN = ROOT / "build" / "run"
STAGE = deploy.STAGE
APPLICATION = "amzn1.sp.solution.local-demo"
CLIENT_ID = "amzn1.application-oa2-client.local-demo"

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Shopkeeper:
    """A seller of the local world, and where it sells."""

    seller_id: str
    region: str
    marketplaces: tuple[str, ...]


SELLERS = (
    Shopkeeper("A3DEMOEUROPE01", "eu", ("A1PA6795UKMFR9", "A1F83G8C2ARO7P")),
    Shopkeeper("A3DEMOAMERICA1", "na", ("ATVPDKIKX0DER",)),
)


@dataclass(frozen=True, slots=True)
class Machine:
    """What runs, and where."""

    run: Path
    emulator: emulator.Running
    simulator: simulator.Running
    erp: erp.Running
    outputs: Mapping[str, str]

    @property
    def environ(self) -> dict[str, str]:
        """For processes that shall see the emulator instead of AWS."""
        return {**os.environ, **self.emulator.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}"}

    def client(self, service: str) -> Any:
        return deploy.client(service, self.emulator)

    def bridge(self, *arguments: str, stdin: str = "") -> str:
        """What the operator's command prints; RuntimeError with what it complains of."""
        command = [sys.executable, "-m", "bridge.cli", "--stage", STAGE, *arguments]
        done = subprocess.run(command, env=self.environ, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            msg = f"bridge {' '.join(arguments)}: status {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-2000:]}"
            raise RuntimeError(msg)
        return done.stdout


def up(
    run: Path = RUN,
    *,
    say: Say = print,
    seed: int = 1,
    canary: str = "canarybird7",
    scale: Mapping[str, str] | None = None,
) -> Machine:
    """Everything running, deployed and connected; what runs already is left as it is."""
    run = run.resolve()
    found = recall(run)
    if found is not None:
        return found
    run.mkdir(parents=True, exist_ok=True)
    try:
        return _up(run, say, seed, canary, scale or {})
    except BaseException:
        down(run)
        raise


def _up(run: Path, say: Say, seed: int, canary: str, scale: Mapping[str, str]) -> Machine:
    erp_ready = _Background(lambda: _start_erp(run, say))
    try:
        cloud, amazon, outputs = _deployed(run, say, seed, canary, scale)
        machine = Machine(run, cloud, amazon, erp_ready.result(), outputs)
        say(f"ERP: {machine.erp.url}")
        _connect(machine, say)
    except BaseException:
        erp_ready.settle()
        raise
    return machine


def _deployed(
    run: Path, say: Say, seed: int, canary: str, scale: Mapping[str, str]
) -> tuple[emulator.Running, simulator.Running, Mapping[str, str]]:
    emulator.prepare(say=say)
    cloud = emulator.recall(run) or emulator.start(run)
    say(f"emulator: {cloud.url}")
    amazon = simulator.recall(run) or simulator.start(run, cloud.url, environ=cloud.environ, seed=seed, canary=canary)
    say(f"simulator of Amazon: {amazon.url}")
    context = {
        "scale": "demo",
        "application_id": APPLICATION,
        "api_hmac": "1",
        "spapi_endpoint": amazon.url,
        "lwa_endpoint": f"{amazon.url}/auth/o2/token",
        **({"settings": json.dumps(dict(scale))} if scale else {}),
    }
    return cloud, amazon, deploy.deploy(context, cloud, run=run, say=say)


class _Background:
    """One call in a thread; its error is raised where its result is asked for."""

    def __init__(self, call: Callable[[], erp.Running]) -> None:
        self._call = call
        self._answer: erp.Running | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answer = self._call()
        except BaseException as error:  # noqa: BLE001 - raised in result()
            self._error = error

    def settle(self) -> None:
        """Until it has ended, in whatever way: what it started is written down then, and `down` finds it."""
        self._thread.join(20)

    def result(self) -> erp.Running:
        self._thread.join()
        if self._answer is None:
            raise self._error or RuntimeError("no ERP")
        return self._answer


def _start_erp(run: Path, say: Say) -> erp.Running:
    template.prepare(say=say)
    shops = {f"{s.seller_id}/{marketplace}": erp.SHOPS[marketplace] for s in SELLERS for marketplace in s.marketplaces}
    running = erp.start(run, _free_port(), shops=shops)
    erp.remember(run, running)
    return running


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _connect(machine: Machine, say: Say) -> None:
    """What docs/deploying.md asks of a person: the three secrets, and every seller through `bridge seller add`."""
    client_secret = f"amzn1.oa2-cs.v1.{machine.simulator.canary}-client-secret"
    put = machine.client("secretsmanager").put_secret_value
    lwa = {"client_id": CLIENT_ID, "client_secret": client_secret}
    api = {"api_secrets": ["whsec_" + base64.b64encode(os.urandom(32)).decode()]}
    for name, value in (("LwaSecret", lwa), ("ErpSecret", machine.erp.config), ("ApiSecret", api)):
        put(SecretId=machine.outputs[name], SecretString=json.dumps(value))
    with Amazon(machine.simulator.url) as amazon:
        amazon.register_application(APPLICATION, CLIENT_ID, client_secret)
        for seller in SELLERS:
            token = amazon.add_seller(seller.seller_id, seller.region, marketplace_ids=seller.marketplaces)
            where = ("--region", seller.region)
            say(machine.bridge("seller", "add", seller.seller_id, *where, stdin=token + "\n").strip())


def recall(run: Path = RUN) -> Machine | None:
    """The machine that was started in `run`, if all of it still runs and is deployed."""
    cloud, amazon, warehouse = emulator.recall(run), simulator.recall(run), erp.recall(run)
    record = run / "deployed.json"
    if not (cloud and amazon and warehouse and record.is_file()) or not erp.alive(warehouse.pid):
        return None
    return Machine(run, cloud, amazon, warehouse, json.loads(record.read_text(encoding="utf-8"))["outputs"])


def down(run: Path = RUN) -> None:
    """Ends everything that was started in `run`, by the numbers it was started under."""
    simulator.stop(run)
    emulator.stop(run)
    running = erp.recall(run)
    if running is not None:
        erp.stop(running.pid)
        (run / "erp.json").unlink(missing_ok=True)


HOW_TO_GO_ON = """
The bridge runs on this machine, with Amazon, an ERP and an AWS account of its own. Now:

  make demo                                    customers order
  eval "$(.venv/bin/python -m local.machine env)"   point this shell at it, then
  .venv/bin/bridge status                      look at it as its operator
  make down                                    end it
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.machine", description=__doc__)
    parser.add_argument("action", choices=["up", "down", "env"])
    asked = parser.parse_args(arguments)
    if asked.action == "down":
        down()
        return 0
    if asked.action == "env":
        return _print_environment()
    try:
        machine = up()
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    print(f"{HOW_TO_GO_ON}\n  ERP {machine.erp.url}   Amazon {machine.simulator.url}   AWS {machine.emulator.url}")
    return 0


def _print_environment() -> int:
    """For `eval`: what makes the AWS clients of a shell see the emulator."""
    found = recall()
    if found is None:
        sys.stderr.write("nothing runs; `make up` starts it\n")
        return 1
    for name, value in found.emulator.environ.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
