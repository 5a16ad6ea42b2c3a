"""A backfill in the simulated world: as long as was said, nothing beyond Amazon's quota, no live search late."""

from __future__ import annotations

import pytest

from bridge.domain.backfill import Outcome
from tests.benchmarks.backfill import HOUR, MINUTE, Backfilling, interrupted, share, through
from tests.benchmarks.scene import SELLER

COUNT = 1_600
"""Sixteen pages: eleven are there at once, the rest as the quota comes back."""


def surely_done(one: Backfilling) -> None:
    found = one.desk.backfills.get(SELLER)
    assert found is not None
    assert (found.outcome, found.orders) == (Outcome.DONE, one.count)
    assert one.missing() == []
    assert one.scene.counted.refused == 0
    assert one.world.amazon.book.troubles == []
    assert one.world.strands_failed == []


def test_a_backfill_takes_as_long_as_was_said_and_live_searches_come_in_time() -> None:
    one, predicted, actual = through(COUNT)
    surely_done(one)
    assert actual > HOUR / 2
    assert share(predicted, actual) <= 0.05
    assert one.live_delay(one.hub.now - actual, one.hub.now) <= MINUTE


def test_after_an_outage_it_goes_on_where_it_was_and_takes_as_long_as_is_said_then() -> None:
    one, predicted, actual = interrupted(3_000, outage=HOUR)
    surely_done(one)
    assert len(one.pages) == 30
    assert share(predicted, actual) <= 0.05


def test_it_reads_half_of_the_quota_at_once_and_leaves_the_other_half() -> None:
    one = Backfilling(COUNT)
    began = one.hub.now
    one.ask()
    one.hub.run(began + 3 * MINUTE)
    assert len(one.pages) in {10, 11}
    said = one.bridge()
    assert said["pages_at_once"] == 0
    assert said["pages_left"] == 16 - len(one.pages)
    assert said["seconds_per_page"] == pytest.approx(1 / (0.0056 - 1 / 300), rel=0.01)
