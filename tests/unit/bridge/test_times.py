"""Times: any zone in, UTC inside, and text that sorts as time does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import Unreadable
from bridge.domain.times import from_text, read_time, to_text

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31), timezones=ZONES)  # noqa: DTZ001


@given(MOMENTS)
def test_text_and_back(moment: datetime) -> None:
    text = to_text(moment)
    assert len(text) == 27
    assert from_text(text) == moment
    assert from_text(text).tzinfo is UTC


@given(MOMENTS, MOMENTS)
def test_text_sorts_as_time_does(one: datetime, other: datetime) -> None:
    assert (to_text(one) < to_text(other)) == (one < other)


@given(MOMENTS)
def test_every_iso_form_is_read(moment: datetime) -> None:
    assert read_time(moment.isoformat()) == moment
    assert read_time(to_text(moment)) == moment


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2026-11-24T09:00:00Z", datetime(2026, 11, 24, 9, tzinfo=UTC)),
        ("2026-11-24T09:00:00.123Z", datetime(2026, 11, 24, 9, 0, 0, 123000, UTC)),
        ("2026-11-24T10:00:00+01:00", datetime(2026, 11, 24, 9, tzinfo=UTC)),
        ("20261124T090000Z", datetime(2026, 11, 24, 9, tzinfo=UTC)),
    ],
)
def test_amazons_forms(raw: str, moment: datetime) -> None:
    assert read_time(raw) == moment


EDGES = ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z"]


@pytest.mark.parametrize("raw", [None, 1, "", "yesterday", "2026-11-24", "2026-11-24T09:00:00", "2026-13-01Z", *EDGES])
def test_what_is_no_time_is_unreadable(raw: object) -> None:
    with pytest.raises(Unreadable):
        read_time(raw)


@given(st.text() | st.integers() | st.none() | st.floats())
def test_junk_is_unreadable_at_worst(raw: Any) -> None:
    try:
        moment = read_time(raw)
    except Unreadable:
        return
    assert moment.tzinfo is UTC


def test_a_naive_time_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        to_text(datetime(2026, 11, 24))  # noqa: DTZ001
