"""Where PostgreSQL's programs are on this machine, how they get here, and as whom they may run."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from local.erp import processes
from local.erp.processes import OURS, Account

NEEDED = ("initdb", "postgres", "psql")
DEBIAN = Path("/usr/lib/postgresql")
PACKAGE = "postgresql"
# Read by Debian's package while it installs itself: otherwise it makes a cluster and starts it on port 5432.
_SETTINGS = Path("/etc/postgresql-common/createcluster.d/spapi-bridge.conf")

Say = Callable[[str], object]


class Absent(RuntimeError):
    """PostgreSQL is not on this machine, and could not be put there; the text says what to do."""


def directory(*, say: Say = print, path: str | None = None, debian: Path = DEBIAN) -> Path:
    """The directory of PostgreSQL's programs; where root and apt-get are there it is installed. Raises Absent."""
    found = find(path, debian)
    if found is None:
        _install(say, path)
        found = find(path, debian)
    if found is None:
        msg = f"{PACKAGE} was installed, but {', '.join(NEEDED)} are neither in PATH nor in {debian}/*/bin"
        raise Absent(msg)
    return found


def find(path: str | None = None, debian: Path = DEBIAN) -> Path | None:
    """PATH goes first, then Debian's newest; a place counts that has all programs (Debian's PATH has only psql)."""
    named = shutil.which("initdb", path=path)
    newest_first = sorted(debian.glob("*/bin"), key=lambda place: _version(place.parent.name), reverse=True)
    places = [*([Path(named).resolve().parent] if named else []), *newest_first]
    return next((place for place in places if all(os.access(place / name, os.X_OK) for name in NEEDED)), None)


def account() -> Account:
    """PostgreSQL refuses to run as root: then it is its own user's, or nobody's."""
    if os.geteuid() != 0:
        return OURS
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return Account(found.pw_uid, found.pw_gid)
    msg = "PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody: start as another user"
    raise Absent(msg)


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split(".") if part.isdigit())


def _install(say: Say, path: str | None) -> None:
    apt = shutil.which("apt-get", path=path)
    if os.geteuid() != 0 or apt is None:
        msg = (
            "PostgreSQL is not on this machine, and only root with apt-get installs it unasked: "
            f"install the package {PACKAGE} (its server), or put initdb, postgres and psql into PATH"
        )
        raise Absent(msg)
    say(f"ERP: installing the package {PACKAGE}")
    apt_get = [apt, "--quiet", "--quiet", "--option", "DPkg::Lock::Timeout=300"]
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        with _without_a_cluster():
            processes.run([*apt_get, "update"], env)
            processes.run([*apt_get, "install", "--yes", "--no-install-recommends", PACKAGE], env)
    except RuntimeError as error:
        msg = f"the package {PACKAGE} could not be installed: {error}"
        raise Absent(msg) from error


@contextlib.contextmanager
def _without_a_cluster() -> Iterator[None]:
    """Nothing is started by the package, and the machine's settings are as before afterwards."""
    _SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    _SETTINGS.write_text("create_main_cluster = off\n", encoding="ascii")
    try:
        yield
    finally:
        _SETTINGS.unlink()
