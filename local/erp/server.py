"""Prepares, starts and stops the ERP of this machine; everything it makes lies under `build/`."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent.parent / "build"
DATABASE = "erp"
MODULES = [
    *("ir", "res", "sale", "sale_shipment_cost", "stock_package", "stock_package_shipping", "carrier"),
    *("account_invoice", "account_invoice_stock", "stock_shipment_cost", "web_shop"),
]
SHOPS = {"A1PA6795UKMFR9": "Amazon DE", "A1F83G8C2ARO7P": "Amazon UK", "ATVPDKIKX0DER": "Amazon US"}
SERVICES = {
    "shipping": "SVC-SHIP",
    "gift_wrap": "SVC-WRAP",
    "tax": "SVC-TAX",
    "discount": "SVC-PROMO",
    "other": "SVC-OTHER",
}

# So that a child's end is noticed; what another process started is watched by its number alone.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Running:
    """A started ERP; `config` is what the bridge's ERP secret holds, `warehouse_key` is for `warehouse.py`."""

    url: str
    pid: int
    config: dict[str, object]
    warehouse_key: str


def prepare(build: Path = BUILD, *, say: Say = print) -> Path:
    """The directory of the filled template database, made on the first call (about 50 s), found on later ones."""
    recipe = b"".join((HERE / name).read_bytes() for name in ("requirements.txt", "bootstrap.py"))
    name = hashlib.sha256(recipe + " ".join(MODULES).encode()).hexdigest()[:12]
    template = build / "cache" / "erp" / name
    with _locked(build / "cache" / "erp.lock"):
        python = _environment(build / "venvs" / "erp", say)
        if not template.is_dir():
            _fill(template, python, say)
    return template


def start(
    run: Path,
    port: int,
    *,
    build: Path = BUILD,
    shops: Mapping[str, str] | None = None,
    keep: bool = False,
) -> Running:
    """Starts the ERP on 127.0.0.1 with a fresh copy of the template (`keep`: with the database it had), and waits.

    `shops` maps `<seller id>/<marketplace id>` to the name of a web shop (see SHOPS for those there are).
    """
    template = prepare(build, say=lambda _: None)
    database = run / "db" / f"{DATABASE}.sqlite"
    if not (keep and database.is_file()):
        shutil.rmtree(run / "db", ignore_errors=True)
        database.parent.mkdir(parents=True)
        shutil.copyfile(template / database.name, database)
    seed = json.loads((template / "seed.json").read_text(encoding="utf-8"))
    url = f"http://127.0.0.1:{port}"
    process = _serve(run, port, build / "venvs" / "erp" / "bin" / "python")
    try:
        _await_answer(process, url, seed["key"], run / "erp.log")
    except BaseException:
        stop(process.pid)
        raise
    return Running(url, process.pid, _connector_config(url, seed, shops or {}), seed["warehouse_key"])


def stop(pid: int) -> None:
    """Ends the process group that `start` started; nothing when it is gone or the number is another's by now."""
    if not alive(pid):
        return
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, sign)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            child = _CHILDREN.get(pid)
            if (child.poll() is not None) if child else not alive(pid):
                _CHILDREN.pop(pid, None)
                return
            time.sleep(0.05)


def remember(run: Path, running: Running) -> None:
    """Leaves what `stop` and the warehouse need in the run directory; readable by this user only."""
    path = run / "erp.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(running), indent=1), encoding="utf-8")


def recall(run: Path) -> Running | None:
    path = run / "erp.json"
    return Running(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def _connector_config(url: str, seed: Mapping[str, str], shops: Mapping[str, str]) -> dict[str, object]:
    return {
        "url": url,
        "database": DATABASE,
        "key": seed["key"],
        "company": seed["company"],
        "shops": dict(shops),
        "carrier": "UPS",
        "payment_term": "Paid by marketplace",
        "services": SERVICES,
    }


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _environment(venv: Path, say: Say) -> Path:
    """The Python of the ERP's own environment; a marker tells whole ones from half-made ones."""
    requirements = HERE / "requirements.txt"
    python, marker = venv / "bin" / "python", venv / ".complete"
    if marker.is_file() and marker.read_bytes() == requirements.read_bytes():
        return python
    say("ERP: installing Tryton (about 15 s)")
    shutil.rmtree(venv, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(venv)])
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    _run([*pip, "-r", str(requirements)])
    marker.write_bytes(requirements.read_bytes())
    return python


def _fill(template: Path, python: Path, say: Say) -> None:
    """Initialises and fills a database aside, then renames it into place: a failure leaves nothing."""
    aside = template.with_name(f".{template.name}-{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        (aside / f"{DATABASE}.sqlite").touch()  # trytond-admin does not create it
        password = aside / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24) + "\n", encoding="ascii")
        env = _environ(aside, aside) | {"TRYTONPASSFILE": str(password)}
        say("ERP: creating the database (about 30 s)")
        admin = [str(python.with_name("trytond-admin")), "-d", DATABASE, "--email", "erp@example.com"]
        _run([*admin, "-u", *MODULES, "--activate-dependencies"], env)
        say("ERP: company, chart of accounts, products, stock, carriers, shops (about 10 s)")
        seed = _run([str(python), str(HERE / "bootstrap.py"), DATABASE], env)
        (aside / "seed.json").write_text(seed, encoding="utf-8")
        password.unlink()
        aside.rename(template)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _serve(run: Path, port: int, python: Path) -> subprocess.Popen[bytes]:
    command = [str(python), "-m", "gunicorn", "trytond.application:app", "-b", f"127.0.0.1:{port}"]
    # One thread: on SQLite a second writer only waits, in steps that grow to seconds.
    command += ["-w", "1", "-k", "gthread", "--threads", "1", "--no-control-socket", "--log-level", "warning"]
    with (run / "erp.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            env=_environ(run, run / "db"),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _CHILDREN[process.pid] = process
    return process


def _await_answer(process: subprocess.Popen[bytes], url: str, key: str, log: Path) -> None:
    """Until the REST interface answers; the first answer also loads Tryton's models."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            msg = f"the ERP ended with status {process.returncode}; see {log}"
            raise RuntimeError(msg)
        with contextlib.suppress(httpx.TransportError):
            headers = {"Authorization": f"Bearer {key}"}
            if httpx.get(f"{url}/{DATABASE}/rest/model/web.shop?f=name", headers=headers, timeout=30).is_success:
                return
        time.sleep(0.1)
    msg = f"the ERP did not answer within 60 s; see {log}"
    raise RuntimeError(msg)


def _environ(config: Path, database: Path) -> dict[str, str]:
    path = config / "trytond.conf"
    path.write_text(f"[database]\nuri = sqlite://\npath = {database}\nlist = False\n", encoding="utf-8")
    return os.environ | {"TRYTOND_CONFIG": str(path), "TRYTOND_DATABASE_NAMES": DATABASE}


def _run(command: list[str], env: dict[str, str] | None = None) -> str:
    """The standard output; the end of the error output when it fails."""
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"{Path(command[0]).name} ended with status {done.returncode}:\n{done.stderr[-2000:]}"
        raise RuntimeError(msg)
    return done.stdout


def alive(pid: int) -> bool:
    """Whether the process is an ERP of ours that still runs."""
    asked = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "trytond.application" in asked.stdout
