"""The cluster that the ERP gets: closed to strangers, and gone without a trace when it is ended."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from local.erp import postgres, processes
from local.erp.postgres import Cluster
from local.erp.postgres_programs import account

pytestmark = pytest.mark.emulator


def test_it_listens_here_only_and_wants_its_password(cluster: Cluster) -> None:
    assert cluster.sql("show listen_addresses") == "127.0.0.1"
    assert cluster.sql("show unix_socket_directories") == ""
    assert cluster.sql("select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256'") == "0"
    with pytest.raises(RuntimeError, match="password authentication failed"):
        replace(cluster, password="guessed").sql("select 1")
    assert cluster.password not in repr(cluster)
    assert Path(cluster.directory).stat().st_mode & 0o077 == 0
    assert Path(cluster.directory).stat().st_uid == (account().user or os.geteuid())


def test_nothing_is_left_of_it(programs: Path) -> None:
    with postgres.new(programs) as cluster:
        assert processes.alive(cluster.pid, cluster.directory)
        assert cluster.sql("select 1") == "1"
    assert not processes.alive(cluster.pid, cluster.directory)
    assert not Path(cluster.directory).exists()
    postgres.stop(cluster)


def test_a_fresh_database_is_as_it_was_filled(programs: Path) -> None:
    with postgres.new(programs) as cluster:
        cluster.sql(f"create database {postgres.FILLED}")
        cluster.sql("create table facts as select 1 as fact", postgres.FILLED)
        for _ in range(2):
            cluster.fresh("erp")
            assert cluster.sql("update facts set fact = fact + 1 returning fact", "erp") == "2"


def test_one_that_does_not_start_leaves_nothing(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres.tempfile, "tempdir", str(tmp_path))
    (tmp_path / "no-cluster").mkdir()
    with pytest.raises(RuntimeError, match="PostgreSQL did not start"):
        postgres.start(programs, tmp_path / "no-cluster", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["no-cluster"]
