"""Prepares, starts and stops the AWS emulator of this machine; everything it makes lies under `build/`."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent.parent / "build"
ACCOUNT = "111122223333"
REGION = "eu-west-1"
NAME = "emulator"
TRUST = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""The variables in which botocore, requests and Node look for certificates to trust."""

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Running:
    """A started emulator; `certificate` is the file with the one to trust when it enforces rights, else empty."""

    url: str
    pid: int
    certificate: str = ""

    @property
    def environ(self) -> dict[str, str]:
        """What makes boto3 and the CDK command line talk to it, and never to AWS.

        The access key is the account's number: MiniStack's rule, and the account's root to it.
        """
        trusted = dict.fromkeys(TRUST, self.certificate) if self.certificate else {}
        return trusted | {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DEFAULT_ACCOUNT": ACCOUNT,
            "CDK_DEFAULT_REGION": REGION,
        }


def prepare(build: Path = BUILD, *, say: Say = print) -> Path:
    """The Python of the emulator's own environment, installed on the first call (about 10 s)."""
    venv = build / "venvs" / NAME
    requirements = HERE / "requirements.txt"
    python, marker = venv / "bin" / "python", venv / ".complete"
    with _locked(build / "cache" / f"{NAME}.lock"):
        if marker.is_file() and marker.read_bytes() == requirements.read_bytes():
            return python
        say("emulator: installing MiniStack (about 10 s)")
        shutil.rmtree(venv, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(venv)])
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        _run([*pip, "-r", str(requirements)])
        marker.write_bytes(requirements.read_bytes())
    return python


def start(run: Path, port: int = 0, *, build: Path = BUILD, keep: bool = False, enforced: bool = False) -> Running:
    """Starts it on 127.0.0.1, empty (`keep`: with what was there at the last clean stop), and waits until it answers.

    Port 0 takes the port of the last start in `run` when that is free, so that a stack deployed there stays valid.
    `enforced`: signatures and rights are checked, of functions too, and it speaks TLS, because policies ask for that.
    """
    python = prepare(build)
    home = run / NAME
    if not keep:
        shutil.rmtree(home, ignore_errors=True)
    for name in ("tmp", "state"):
        (home / name).mkdir(parents=True, exist_ok=True)
    chosen = port or _free_port(_last_port(run))
    certificate = str((home / "tmp" / "ministack-tls" / "server.crt").resolve()) if enforced else ""
    process = _serve(python, run, chosen, certificate)
    running = Running(f"{'https' if enforced else 'http'}://127.0.0.1:{chosen}", process.pid, certificate)
    try:
        _await_answer(process, running, run / f"{NAME}.log")
    except BaseException:
        _end(process.pid)
        raise
    (run / f"{NAME}.json").write_text(json.dumps(asdict(running)), encoding="utf-8")
    return running


def stop(run: Path) -> None:
    """Ends the emulator that was started in `run`, and its Lambda workers; nothing when it is not running."""
    running = recall(run)
    if running is not None:
        _end(running.pid)
    if (run / NAME).is_dir():
        shutil.rmtree(run / NAME / "tmp", ignore_errors=True)


def recall(run: Path) -> Running | None:
    """The emulator that was started in `run`, if it still runs."""
    known = _known(run)
    return known if known is not None and _is_emulator(known.pid) else None


def _known(run: Path) -> Running | None:
    path = run / f"{NAME}.json"
    return Running(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def _last_port(run: Path) -> int:
    known = _known(run)
    return int(known.url.rpartition(":")[2]) if known else 0


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    msg = "no free port on 127.0.0.1"
    raise RuntimeError(msg)


def _serve(python: Path, run: Path, port: int, certificate: str) -> subprocess.Popen[bytes]:
    home = run / NAME
    # The functions inherit this environment, so it holds nothing of the user's: no keys, no profile, no settings.
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE") if name in os.environ}
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "LAMBDA_EXECUTOR": "local",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home / "s3"),
        "TMPDIR": str(home / "tmp"),
        "HOME": str(home),
        "NO_PROXY": "127.0.0.1,localhost",
    }
    if certificate:
        # It makes the certificate itself, below TMPDIR. As root it also takes port 443 of 127.0.0.1, if that is free.
        settings |= {"AUTH": "true", "USE_SSL": "1", **dict.fromkeys(TRUST, certificate)}
    with (run / f"{NAME}.log").open("wb") as log:
        return subprocess.Popen(
            [str(python), "-m", "ministack"],
            env=kept | settings,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _await_answer(process: subprocess.Popen[bytes], running: Running, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            msg = f"the emulator ended with status {process.returncode}; see {log}"
            raise RuntimeError(msg)
        with contextlib.suppress(OSError):  # refused, no certificate yet, or half of one
            trust = ssl.create_default_context(cafile=running.certificate) if running.certificate else None
            with urllib.request.urlopen(f"{running.url}/_ministack/health", timeout=5, context=trust) as answer:
                if answer.status == 200:
                    return
        time.sleep(0.05)
    msg = f"the emulator did not answer within 60 s; see {log}"
    raise RuntimeError(msg)


def _end(pid: int) -> None:
    """Its process group, workers included; nothing when the number is another's by now."""
    if not _is_emulator(pid):
        return
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            # Only the server is asked: it ends its workers itself and saves its state. Whatever is left is killed.
            os.kill(pid, sign) if sign == signal.SIGTERM else os.killpg(pid, sign)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and sign == signal.SIGTERM:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            if not _is_emulator(pid):
                break
            time.sleep(0.05)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _is_emulator(pid: int) -> bool:
    asked = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "ministack" in asked.stdout


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"{Path(command[0]).name} ended with status {done.returncode}:\n{done.stderr[-2000:]}"
        raise RuntimeError(msg)
