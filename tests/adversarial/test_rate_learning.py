"""Amazon's rate is not the documented one: told of it, hardly a call is lost; untold, none more than without learning.

The world is that of `tests/benchmarks/learning.py`, where the figures of four hours come from.
"""

from __future__ import annotations

import functools

import pytest

from tests.benchmarks.learning import HOURS, LEAST_USED, MOST_REFUSED, Truth, cases, figures, played

CASES = list(cases(0))
QUICK = 1 / 3
SEEDS = (1, 2)


def four_hours(case: str) -> float:
    """Calls that Amazon would answer in four hours."""
    truth = cases(HOURS * 3600)[case]()
    for second in range(1, round(HOURS * 3600) + 1):
        truth.fill(float(second))
    return truth.available


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("case", CASES)
def test_what_learning_costs_is_less_than_the_share_of_four_hours(case: str, seed: int) -> None:
    truth = played(case, "", header=True, hours=QUICK, seed=seed)
    asked = four_hours(case)
    assert truth.available - truth.answered <= (1 - LEAST_USED) * asked
    assert truth.refused <= MOST_REFUSED * asked
    assert truth.answered > 100


@pytest.mark.parametrize("case", CASES)
def test_untold_nothing_is_worse_than_without_learning(case: str) -> None:
    learned, static = (played(case, way, header=False, hours=QUICK) for way in ("", "_static"))
    assert never_worse(learned, static)


def never_worse(one: Truth, other: Truth) -> bool:
    fewer_refused = one.refused * (other.answered + other.refused) <= other.refused * (one.answered + one.refused)
    return one.answered >= other.answered and fewer_refused


@functools.cache
def measured() -> dict[str, float]:
    return figures()


@pytest.mark.thorough
@pytest.mark.parametrize("case", CASES)
def test_four_hours(case: str) -> None:
    found = measured()
    used, refused = f"learn_{case}_quota_used_share", f"learn_{case}_http_429_share"
    assert found[used] >= LEAST_USED
    assert found[refused] <= MOST_REFUSED
    assert found[f"learn_{case}_untold_quota_used_share"] >= found[f"{used}_static"]
    assert found[f"learn_{case}_untold_http_429_share"] <= found[f"{refused}_static"]
