"""The simulator as a process of its own: started, found again and stopped by its number."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from local.simulator.remote import Amazon

ROOT = Path(__file__).resolve().parents[2]
NAME = "simulator"


@dataclass(frozen=True, slots=True)
class Running:
    """A started simulator; `canary` is inside every personal value and token that it makes up."""

    url: str
    pid: int
    canary: str


def start(run: Path, sqs_endpoint: str, *, environ: Mapping[str, str], seed: int = 1, canary: str = "") -> Running:
    """Starts it on 127.0.0.1 and a free port (the last one, if that is free), and waits until it answers."""
    known = _known(run)
    chosen = known.url.rpartition(":")[2] if known else "0"
    try:
        return _start(run, sqs_endpoint, chosen, environ=environ, seed=seed, canary=canary)
    except RuntimeError:
        return _start(run, sqs_endpoint, "0", environ=environ, seed=seed, canary=canary)


def _start(run: Path, sqs_endpoint: str, chosen: str, *, environ: Mapping[str, str], seed: int, canary: str) -> Running:
    port = run / f"{NAME}.port"
    port.unlink(missing_ok=True)
    command = [sys.executable, "-m", "local.simulator", "--port", chosen, "--seed", str(seed), "--scale", "demo"]
    command += ["--sqs-endpoint", sqs_endpoint, "--canary", canary, "--port-file", str(port)]
    with (run / f"{NAME}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        running = _await_answer(process, port, run / f"{NAME}.log", canary)
    except BaseException:
        _end(process.pid)
        raise
    (run / f"{NAME}.json").write_text(json.dumps(asdict(running)), encoding="utf-8")
    return running


def _await_answer(process: subprocess.Popen[bytes], port: Path, log: Path, canary: str) -> Running:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        if port.exists() and port.read_text(encoding="ascii"):
            running = Running(f"http://127.0.0.1:{port.read_text(encoding='ascii')}", process.pid, canary)
            with Amazon(running.url) as amazon:
                if amazon.healthy():
                    return running
        time.sleep(0.05)
    msg = f"the simulator did not start; see {log}"
    raise RuntimeError(msg)


def recall(run: Path) -> Running | None:
    """The simulator that was started in `run`, if it still runs."""
    known = _known(run)
    return known if known is not None and _is_simulator(known.pid) else None


def stop(run: Path) -> None:
    """Ends the simulator that was started in `run`; nothing when it is not running."""
    running = recall(run)
    if running is not None:
        _end(running.pid)


def _known(run: Path) -> Running | None:
    path = run / f"{NAME}.json"
    return Running(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def _end(pid: int) -> None:
    for sign, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            if not _is_simulator(pid):
                return
            time.sleep(0.05)


def _is_simulator(pid: int) -> bool:
    asked = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "local.simulator" in asked.stdout
