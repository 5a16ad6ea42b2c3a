"""A PostgreSQL cluster for the ERP: in a directory of its own, on 127.0.0.1, with a password, gone when it is ended."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from local.erp import processes
from local.erp.files import write_private
from local.erp.postgres_programs import account

USER = "tryton"
FILLED = "filled"
"""The database that fresh ones are copied from; nobody else may be connected to it."""

# A crash of the machine may destroy this cluster; transactions keep every promise but that one.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "jit": "off",
}
# Fast, then immediate; PostgreSQL ends its own children.
_ENDING = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A started cluster; `directory` holds its files and nothing else."""

    programs: str
    directory: str
    port: int
    pid: int
    password: str = field(repr=False)

    @property
    def uri(self) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/"

    @property
    def environ(self) -> dict[str, str]:
        """For psql and every other client; the password is in no command line."""
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": USER, "PGPASSWORD": self.password}
        return {**_environ(), **where}

    def sql(self, statement: str, database: str = "postgres") -> str:
        """What psql prints, bare; RuntimeError with PostgreSQL's words when it refuses."""
        return processes.run([*self.psql(database), "--command", statement], self.environ).strip()

    def psql(self, database: str) -> list[str]:
        options = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"]
        return [f"{self.programs}/psql", *options, "--dbname", database]

    def fresh(self, database: str) -> None:
        """The database as it was filled, whatever it held before."""
        self.sql(f'drop database if exists "{database}" with (force)')
        self.sql(f'create database "{database}" template "{FILLED}"')


@contextlib.contextmanager
def new(programs: Path) -> Iterator[Cluster]:
    """An empty cluster with a password of its own; nothing is left of it afterwards."""
    password = secrets.token_urlsafe(24)

    def lay(place: Path) -> None:
        secret = place / "password"
        write_private(secret, f"{password}\n")
        _own(place)
        _init(programs, place, secret)
        secret.unlink()

    cluster = _start(programs, password, lay)
    try:
        yield cluster
    finally:
        stop(cluster)


def start(programs: Path, data: Path, password: str) -> Cluster:
    """Starts a copy of the ended cluster in `data`; `stop` ends it and removes it."""

    def lay(place: Path) -> None:
        shutil.copytree(data, place / "data")
        _own(place)

    return _start(programs, password, lay)


def stop(cluster: Cluster) -> None:
    """Ends it by its number and removes its files; nothing when both are gone."""
    halt(cluster)
    shutil.rmtree(cluster.directory, ignore_errors=True)


def halt(cluster: Cluster) -> None:
    """Ends it and leaves its files."""
    processes.stop(cluster.pid, cluster.directory, _ENDING)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _start(programs: Path, password: str, lay: Callable[[Path], None]) -> Cluster:
    """Below the system's directory for such things: PostgreSQL's user may not enter the homes of others."""
    place = Path(tempfile.mkdtemp(prefix="erp-postgres-"))
    try:
        lay(place)
        return _serve(programs, place, password)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def _init(programs: Path, place: Path, secret: Path) -> None:
    """Small WAL files keep the copies small."""
    options = ["--username", USER, "--pwfile", str(secret), "--auth", "scram-sha-256", "--encoding", "UTF8"]
    options += ["--locale", "C.UTF-8", "--wal-segsize", "1", "--no-sync", "--pgdata", str(place / "data")]
    processes.run([programs / "initdb", *options], _environ(), account=account(), cwd=place)


def _own(place: Path) -> None:
    """Gives it to PostgreSQL's user, who wants nobody else to look inside."""
    whose = account()
    if whose.user is not None and whose.group is not None:
        for parent, _, files in os.walk(place):
            for path in (parent, *(os.path.join(parent, name) for name in files)):  # noqa: PTH118
                os.chown(path, whose.user, whose.group)
    if (place / "data").is_dir():
        (place / "data").chmod(0o700)


def _serve(programs: Path, place: Path, password: str) -> Cluster:
    log, port = place / "log", free_port()
    settings = [f"--{name}={value}" for name, value in (_SETTINGS | {"port": str(port)}).items()]
    command = [str(programs / "postgres"), "-D", str(place / "data"), *settings]
    process = processes.launch(command, _environ(), log, account=account(), cwd=place)
    cluster = Cluster(str(programs), str(place), port, process.pid, password)
    try:
        _await_answer(cluster, process, log)
    except BaseException:
        stop(cluster)
        raise
    return cluster


def _await_answer(cluster: Cluster, process: Popen[bytes], log: Path) -> None:
    deadline, said = time.monotonic() + 60, ""
    while time.monotonic() < deadline and process.poll() is None:
        try:
            cluster.sql("select 1")
        except RuntimeError as error:
            said = str(error)
        else:
            return
        time.sleep(0.1)
    msg = f"PostgreSQL did not start: {said}\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
    raise RuntimeError(msg)


def _environ() -> dict[str, str]:
    """Not ours: a PGHOST or PGSERVICE of whoever starts this must not lead elsewhere."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
