"""The desk against a model of it: no order of events loses work, gives it to two, or lets a late one end it."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.adversarial.desk_machine import DeskMachine


def test_in_any_order() -> None:
    run_state_machine_as_test(DeskMachine, settings=settings(max_examples=60, stateful_step_count=50))


@pytest.mark.thorough
def test_in_many_orders() -> None:
    run_state_machine_as_test(DeskMachine, settings=settings(max_examples=250, stateful_step_count=100))
