"""The ERP's own environment and its filled database, made once and kept under `build/`."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from local.erp import postgres, postgres_programs
from local.erp.files import locked, write_private
from local.erp.processes import run

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent.parent / "build"
DATABASE = "erp"
APPLICATION = "tryton"
"""As whom PostgreSQL lists its sessions."""
KEY_FILE = "password"
MODULES = [
    *("ir", "res", "sale", "sale_shipment_cost", "stock_package", "stock_package_shipping", "carrier"),
    *("account_invoice", "account_invoice_stock", "stock_shipment_cost", "web_shop"),
]

Say = Callable[[str], object]


def prepare(build: Path = BUILD, *, say: Say = print) -> Path:
    """The directory of the filled SQLite database, made on the first call (about 50 s), found on later ones."""
    return _prepared(build, "", say, _fill_sqlite)


def prepare_postgres(build: Path = BUILD, *, say: Say = print) -> Path:
    """The same as the ended PostgreSQL cluster `data` (about 90 s). Raises postgres_programs.Absent."""
    programs = postgres_programs.directory(say=say)
    version = run([programs / "postgres", "--version"])
    return _prepared(build, version, say, lambda aside, python, say: _fill_postgres(aside, python, say, programs))


def python_of(build: Path) -> Path:
    """The Python of the ERP's own environment."""
    return build / "venvs" / "erp" / "bin" / "python"


def environ(config: Path, name: str, where: str) -> dict[str, str]:
    """What Tryton's programs need for the database `name`; `where` is text of its configuration."""
    path = config / "trytond.conf"
    write_private(path, f"[database]\n{where}\nlist = False\n")
    return os.environ | {"TRYTOND_CONFIG": str(path), "TRYTOND_DATABASE_NAMES": name, "TRYTOND_APPNAME": APPLICATION}


def in_sqlite(directory: Path) -> str:
    return f"uri = sqlite://\npath = {directory}"


def in_postgres(cluster: postgres.Cluster) -> str:
    return f"uri = {cluster.uri}"


def _prepared(build: Path, version: str, say: Say, fill: Callable[[Path, Path, Say], None]) -> Path:
    """Fills aside, then renames into place: a failure leaves nothing."""
    recipe = b"".join((HERE / name).read_bytes() for name in ("requirements.txt", "bootstrap.py"))
    name = hashlib.sha256(recipe + " ".join([*MODULES, version]).encode()).hexdigest()[:12]
    template = build / "cache" / "erp" / name
    with locked(build / "cache" / "erp.lock"):
        python = _environment(build, say)
        if not template.is_dir():
            aside = template.with_name(f".{name}-{os.getpid()}")
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(parents=True)
            try:
                fill(aside, python, say)
                aside.rename(template)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    return template


def _environment(build: Path, say: Say) -> Path:
    """Installs it on the first call; a marker tells whole ones from half-made ones."""
    requirements = HERE / "requirements.txt"
    python = python_of(build)
    venv = python.parent.parent
    marker = venv / ".complete"
    if marker.is_file() and marker.read_bytes() == requirements.read_bytes():
        return python
    say("ERP: installing Tryton (about 15 s)")
    shutil.rmtree(venv, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(venv)])
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    run([*pip, "-r", str(requirements)])
    marker.write_bytes(requirements.read_bytes())
    return python


def _fill_sqlite(aside: Path, python: Path, say: Say) -> None:
    (aside / f"{DATABASE}.sqlite").touch()  # trytond-admin does not create it
    _fill(aside, python, say, environ(aside, DATABASE, in_sqlite(aside)))


def _fill_postgres(aside: Path, python: Path, say: Say, programs: Path) -> None:
    with postgres.new(programs) as cluster:
        cluster.sql(f'create database "{postgres.FILLED}"')
        # All tables are made in one transaction, so the planner knows nothing of the catalogue, and Tryton looks
        # foreign keys up in it 159 times: 39 s with nested loops, 2 s without.
        env = environ(aside, postgres.FILLED, in_postgres(cluster)) | {"PGOPTIONS": "-c enable_nestloop=off"}
        _fill(aside, python, say, env)
        cluster.sql("vacuum (freeze, analyze)", postgres.FILLED)
        postgres.halt(cluster)
        shutil.copytree(Path(cluster.directory) / "data", aside / "data")
        write_private(aside / KEY_FILE, cluster.password)


def _fill(aside: Path, python: Path, say: Say, env: dict[str, str]) -> None:
    password, name = aside / "admin", env["TRYTOND_DATABASE_NAMES"]
    write_private(password, secrets.token_urlsafe(24) + "\n")
    env |= {"TRYTONPASSFILE": str(password)}
    say("ERP: creating the database (about 30 s)")
    admin = [str(python.with_name("trytond-admin")), "-d", name, "--email", "erp@example.com"]
    run([*admin, "-u", *MODULES, "--activate-dependencies"], env)
    say("ERP: company, chart of accounts, products, stock, carriers, shops (about 10 s)")
    seed = run([str(python), str(HERE / "bootstrap.py"), name], env)
    (aside / "seed.json").write_text(seed, encoding="utf-8")
    password.unlink()
