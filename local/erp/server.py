"""Starts and stops the ERP of this machine, on SQLite or on PostgreSQL; its files lie where the caller says."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from local.erp import postgres, postgres_programs, processes
from local.erp.files import write_private
from local.erp.postgres import Cluster
from local.erp.template import (
    BUILD,
    DATABASE,
    KEY_FILE,
    environ,
    in_postgres,
    in_sqlite,
    prepare,
    prepare_postgres,
    python_of,
)

SHOPS = {"A1PA6795UKMFR9": "Amazon DE", "A1F83G8C2ARO7P": "Amazon UK", "ATVPDKIKX0DER": "Amazon US"}
SERVICES = {
    "shipping": "SVC-SHIP",
    "gift_wrap": "SVC-WRAP",
    "tax": "SVC-TAX",
    "discount": "SVC-PROMO",
    "other": "SVC-OTHER",
}

_MARK = "trytond.application"
# On SQLite a second writer only waits, in steps that grow to seconds.
_ONE_WRITER = ("-w", "1", "--threads", "1")
_MANY_WRITERS = ("-w", "2", "--threads", "8")


@dataclass(frozen=True, slots=True)
class Running:
    """A started ERP; `config` is what the bridge's ERP secret holds, `warehouse_key` is for `warehouse.py`."""

    url: str
    pid: int
    config: dict[str, object]
    warehouse_key: str
    cluster: Cluster | None = None


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
    process = _serve(run, port, python_of(build), in_sqlite(run / "db"), _ONE_WRITER)
    return _started(run, port, process, template, shops or {})


def start_on_postgres(run: Path, port: int, *, build: Path = BUILD, shops: Mapping[str, str] | None = None) -> Running:
    """The same on PostgreSQL, in a cluster of its own that `end` ends and removes. Raises postgres_programs.Absent."""
    template = prepare_postgres(build, say=lambda _: None)
    password = (template / KEY_FILE).read_text(encoding="utf-8")
    cluster = postgres.start(postgres_programs.directory(), template / "data", password)
    try:
        cluster.fresh(DATABASE)
        process = _serve(run, port, python_of(build), in_postgres(cluster), _MANY_WRITERS)
        return _started(run, port, process, template, shops or {}, cluster)
    except BaseException:
        postgres.stop(cluster)
        raise


def stop(pid: int) -> None:
    """Ends the process group that `start` started; nothing when it is gone or the number is another's by now."""
    processes.stop(pid, _MARK)


def end(running: Running) -> None:
    """Ends the ERP, and its cluster with all files when it has one."""
    stop(running.pid)
    if running.cluster:
        postgres.stop(running.cluster)


def remember(run: Path, running: Running) -> None:
    """Leaves what `stop` and the warehouse need in the run directory; readable by this user only."""
    write_private(run / "erp.json", json.dumps(asdict(running), indent=1))


def recall(run: Path) -> Running | None:
    path = run / "erp.json"
    if not path.is_file():
        return None
    known = json.loads(path.read_text(encoding="utf-8"))
    cluster = known.pop("cluster", None)
    return Running(**known, cluster=Cluster(**cluster) if cluster else None)


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


def _serve(run: Path, port: int, python: Path, where: str, writers: tuple[str, ...]) -> subprocess.Popen[bytes]:
    command = [str(python), "-m", "gunicorn", f"{_MARK}:app", "-b", f"127.0.0.1:{port}", "-k", "gthread", *writers]
    command += ["--no-control-socket", "--log-level", "warning"]
    return processes.launch(command, environ(run, DATABASE, where), run / "erp.log")


def _started(
    run: Path,
    port: int,
    process: subprocess.Popen[bytes],
    template: Path,
    shops: Mapping[str, str],
    cluster: Cluster | None = None,
) -> Running:
    """As soon as it answers; ended again when it does not."""
    seed = json.loads((template / "seed.json").read_text(encoding="utf-8"))
    url = f"http://127.0.0.1:{port}"
    try:
        _await_answer(process, url, seed["key"], run / "erp.log")
    except BaseException:
        stop(process.pid)
        raise
    return Running(url, process.pid, _connector_config(url, seed, shops), seed["warehouse_key"], cluster)


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


def alive(pid: int) -> bool:
    """Whether the process is an ERP of ours that still runs."""
    return processes.alive(pid, _MARK)
