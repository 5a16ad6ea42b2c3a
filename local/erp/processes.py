"""Programs of the ERP: run to their end, or left running, watched and ended by their number."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 10.0

# So that a child's end is noticed; what another process started is watched by its number alone.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Account:
    """Whose process it is to be; nothing said: ours."""

    user: int | None = None
    group: int | None = None

    @property
    def extra_groups(self) -> list[int] | None:
        """None of ours for another user's process; only root may change them."""
        return None if self.user is None else []


OURS = Account()


def run(
    command: Sequence[str | Path],
    env: Mapping[str, str] | None = None,
    *,
    account: Account = OURS,
    cwd: Path | None = None,
) -> str:
    """The standard output; RuntimeError with the end of the error output when it fails."""
    done = subprocess.run(
        command,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        user=account.user,
        group=account.group,
        extra_groups=account.extra_groups,
    )
    if done.returncode:
        msg = f"{Path(command[0]).name} ended with status {done.returncode}:\n{done.stderr[-2000:]}"
        raise RuntimeError(msg)
    return done.stdout


def launch(
    command: Sequence[str | Path],
    env: Mapping[str, str],
    log: Path,
    *,
    account: Account = OURS,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Starts it in a process group of its own and leaves it running; what it says goes to the end of `log`."""
    with log.open("ab") as said:
        process = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            user=account.user,
            group=account.group,
            extra_groups=account.extra_groups,
        )
    _CHILDREN[process.pid] = process
    return process


def alive(pid: int, mark: str) -> bool:
    """Whether the process of this number still runs and has `mark` in its command line."""
    asked = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return mark in asked.stdout


def stop(pid: int, mark: str, signs: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGKILL)) -> None:
    """Ends the process group that `launch` started; nothing when it is gone or the number is another's by now."""
    if not alive(pid, mark):
        return
    for sign in signs:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, sign)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            child = _CHILDREN.get(pid)
            if (child.poll() is not None) if child else not alive(pid, mark):
                _CHILDREN.pop(pid, None)
                return
            time.sleep(0.05)
