"""Where PostgreSQL is looked for, and what is said and done when it is not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.erp import postgres_programs
from local.erp.postgres_programs import NEEDED, Absent, account, directory, find
from local.erp.processes import OURS

Place = Callable[..., Path]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A directory with programs of these names."""

    def make(name: str, programs: tuple[str, ...] = NEEDED) -> Path:
        where = tmp_path / name
        where.mkdir(parents=True)
        for program in programs:
            (where / program).touch(mode=0o755)
        return where

    return make


def test_path_goes_first(place: Place, tmp_path: Path) -> None:
    mine = place("mine")
    place("debian/15/bin")
    assert find(str(mine), tmp_path / "debian") == mine


def test_a_link_in_path_leads_to_the_place_with_all_programs(place: Place, tmp_path: Path) -> None:
    real, links = place("real"), tmp_path / "links"
    links.mkdir()
    (links / "initdb").symlink_to(real / "initdb")
    assert find(str(links), tmp_path / "debian") == real


def test_debians_newest_is_taken(place: Place, tmp_path: Path) -> None:
    places = [place(f"debian/{version}/bin") for version in ("9.6", "15", "16")]
    place("debian/17/bin", ("psql",))
    assert find("", tmp_path / "debian") == places[-1]


def test_a_place_without_a_server_is_none(place: Place, tmp_path: Path) -> None:
    assert find(str(place("client", ("psql",))), tmp_path / "debian") is None
    assert find(str(place("half", ("initdb",))), tmp_path / "debian") is None


@pytest.mark.parametrize("root", [True, False])
def test_where_it_cannot_be_installed_it_is_said_how(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, root: bool
) -> None:
    """Root without apt-get, and somebody else with it."""
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    if not root:
        (tmp_path / "apt-get").touch(mode=0o755)
    with pytest.raises(Absent, match="the package postgresql"):
        directory(path=str(tmp_path), debian=tmp_path / "debian")


class Apt:
    """Notes what it is asked, and makes the programs appear."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installs: Callable[[], object]) -> None:
        self.asked: list[str] = []
        self.settings = tmp_path / "etc" / "conf.d" / "ours.conf"
        self.seen = ""
        self._installs = installs
        (tmp_path / "apt-get").touch(mode=0o755)
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(postgres_programs, "_SETTINGS", self.settings)
        monkeypatch.setattr(postgres_programs.processes, "run", self)

    def __call__(self, command: list[str], env: Any = None) -> str:
        self.asked.append(next(word for word in command if word in {"update", "install"}))
        self.seen = self.settings.read_text(encoding="ascii")
        if self.asked[-1] == "install":
            self._installs()
        return ""


def test_root_has_it_installed_without_a_cluster(monkeypatch: pytest.MonkeyPatch, place: Place, tmp_path: Path) -> None:
    apt, said = Apt(monkeypatch, tmp_path, lambda: place("debian/15/bin")), list[str]()
    found = directory(say=said.append, path=str(tmp_path), debian=tmp_path / "debian")
    assert found == tmp_path / "debian" / "15" / "bin"
    assert apt.asked == ["update", "install"]
    assert apt.seen == "create_main_cluster = off\n"
    assert not apt.settings.exists()
    assert said == ["ERP: installing the package postgresql"]


@pytest.mark.parametrize("how", ["fails", "brings nothing"])
def test_an_installation_in_vain_is_absence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str) -> None:
    def fail() -> None:
        if how == "fails":
            msg = "apt-get ended with status 100"
            raise RuntimeError(msg)

    apt = Apt(monkeypatch, tmp_path, fail)
    with pytest.raises(Absent, match="status 100" if how == "fails" else "neither in PATH"):
        directory(say=lambda _: None, path=str(tmp_path), debian=tmp_path / "debian")
    assert not apt.settings.exists()


def test_postgresql_never_runs_as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert account() is OURS
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert account().user
    assert account().extra_groups == []
    monkeypatch.setattr(postgres_programs.pwd, "getpwnam", {}.__getitem__)
    with pytest.raises(Absent, match="root"):
        account()
