"""A machine for all end-to-end tests, and one that enforces rights: each started, deployed and connected once."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from local import machine
from local.emulator import server as emulator
from local.erp import server as erp
from local.erp.warehouse import Warehouse
from local.simulator import process as simulator
from local.simulator.remote import Amazon
from tests.e2e.stage import Stage

RUN = machine.ROOT / "build" / "run-e2e"
RUN_ENFORCED = machine.ROOT / "build" / "run-e2e-enforced"
CANARY = "cnry5d1e7a90"

# The workers that die first have the longest to recover; what lies about is looked through last.
_FIRST = "test_workers_killed_at_three_points"
_LAST = ("test_what_was_killed", "test_nothing_lies", "test_no_canary")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def turn(item: pytest.Item) -> int:
        if item.path.parent != machine.ROOT / "tests" / "e2e":
            return 0
        last = [place for place, name in enumerate(_LAST) if item.name.startswith(name)]
        return 3 + last[0] if last else 1 if item.name.startswith(_FIRST) else 2

    items.sort(key=turn)


@contextmanager
def _played(run: Path, *, enforced: bool) -> Iterator[Stage]:
    machine.down(run)  # of a run that was interrupted
    shutil.rmtree(run, ignore_errors=True)
    said: list[str] = []
    try:
        with warnings.catch_warnings():
            # The servers outlive the objects that started them, and are ended by their numbers.
            warnings.simplefilter("ignore", ResourceWarning)
            if enforced:
                emulator.start(run, enforced=True)
            world = machine.up(run, say=lambda line: said.append(str(line)), seed=7, canary=CANARY)
        with (
            Amazon(world.simulator.url) as amazon,
            closing(Warehouse(world.erp.url, world.erp.warehouse_key)) as people,
        ):
            yield Stage(world, amazon, people)
    except BaseException:
        with suppress(OSError):
            (run / "said.log").write_text("\n".join(said), encoding="utf-8")
        raise
    finally:
        machine.down(run)
        left = [server for server in (emulator.recall(run), simulator.recall(run), erp.recall(run)) if server]
        assert left == []


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    with _played(RUN, enforced=False) as made:
        yield made


@pytest.fixture(scope="module")
def enforced() -> Iterator[Stage]:
    """The same with the emulator's enforcement of rights on, and gone as soon as nobody looks at it any more."""
    with _played(RUN_ENFORCED, enforced=True) as made:
        yield made
