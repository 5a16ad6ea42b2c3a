"""A session of ours beside Tryton's: it holds locks, so that a transaction of Tryton's is late for certain."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from local.erp.postgres import Cluster
from local.erp.template import APPLICATION, DATABASE

_DONE = "so far"


class Session:
    """psql, statement by statement."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def send(self, statement: str) -> None:
        """Does not wait for its end."""
        assert self._process.stdin
        self._process.stdin.write(f"{statement};\n")
        self._process.stdin.flush()

    def run(self, statement: str) -> None:
        """Waits for its end."""
        self.send(statement)
        self.await_end()

    def await_end(self) -> None:
        """Until everything that was sent is carried out."""
        assert self._process.stdout
        self.send(f"select '{_DONE}'")
        if not any(line.strip() == _DONE for line in self._process.stdout):
            msg = "the session ended: PostgreSQL refused a statement"
            raise AssertionError(msg)


@contextmanager
def session(cluster: Cluster, name: str = "beside") -> Iterator[Session]:
    """A transaction that is still open at the end is rolled back."""
    environ, pipe = cluster.environ | {"PGAPPNAME": name}, subprocess.PIPE
    with subprocess.Popen(cluster.psql(DATABASE), env=environ, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield Session(process)
        finally:
            process.communicate(timeout=60)


def await_waiting(cluster: Cluster, name: str = APPLICATION, count: int = 1, patience: float = 60) -> None:
    """Until so many sessions of that name wait for a lock. TimeoutError after so many seconds."""
    deadline = time.monotonic() + patience
    while len(waiting(cluster, name)) < count:
        if time.monotonic() > deadline:
            msg = f"there are not {count} sessions of {name} that wait for a lock"
            raise TimeoutError(msg)
        time.sleep(0.05)


def waiting(cluster: Cluster, name: str = APPLICATION) -> list[str]:
    """The numbers of the sessions of that name that wait for a lock."""
    where = f"wait_event_type = 'Lock' and application_name = '{name}'"
    return cluster.sql(f"select pid from pg_stat_activity where {where}").split()
