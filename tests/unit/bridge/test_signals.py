"""Signals: facts of the allow-list only, and metrics where the alarms look for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.signals import Signals

SERVICE = "a-service"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_note_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    signals = Signals(SERVICE, "test-stage")
    signals.note("done", order="305-1", kind="fetch_order", tries=2)
    (line,) = lines(capsys)
    assert (line["message"], line["order"], line["kind"], line["tries"]) == ("done", "305-1", "fetch_order", 2)
    assert (line["service"], line["level"]) == (SERVICE, "INFO")


def test_what_is_not_on_the_list_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    signals = Signals(SERVICE, "test-stage")
    signals.note(
        "done", order="305-1", name="canary", body="canary", token="canary", message="canary", exc_info="canary"
    )
    out = capsys.readouterr().out
    assert "canary" not in out
    assert json.loads(out)["message"] == "done"


def test_long_reasons_are_cut_and_stay_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    signals = Signals(SERVICE, "test-stage")
    signals.note("parked", reason="a\nb" + "x" * 10_000)
    (line,) = lines(capsys)
    assert len(line["reason"]) == 300


def test_metrics_are_where_the_alarms_look(capsys: pytest.CaptureFixture[str]) -> None:
    signals = Signals(SERVICE, "test-stage")
    signals.count("Parked")
    signals.count("Parked")
    signals.count("SweepLagSeconds", 12.5)
    signals.flush()
    (line,) = lines(capsys)
    (told,) = line["_aws"]["CloudWatchMetrics"]
    assert told["Namespace"] == "SpapiBridge"
    assert [sorted(dimensions) for dimensions in told["Dimensions"]] == [["service", "stage"]]
    assert (line["service"], line["stage"]) == ("spapi-bridge", "test-stage")
    assert (line["Parked"], line["SweepLagSeconds"]) == ([1.0, 1.0], [12.5])
    units = {metric["Name"]: metric["Unit"] for metric in told["Metrics"]}
    assert units == {"Parked": "Count", "SweepLagSeconds": "Seconds"}


def test_nothing_counted_is_nothing_said(capsys: pytest.CaptureFixture[str]) -> None:
    signals = Signals(SERVICE, "test-stage")
    signals.flush()
    signals.count("Parked")
    signals.flush()
    signals.flush()
    assert len(lines(capsys)) == 1


def test_each_invocation_has_its_own_metrics_and_the_same_dimensions(capsys: pytest.CaptureFixture[str]) -> None:
    signals = Signals(SERVICE, "test-stage")
    for name in ("Parked", "Bug"):
        signals.count(name)
        signals.flush()
    first, second = lines(capsys)
    assert "Parked" in first
    assert "Parked" not in second
    assert second["Bug"] == [1.0]
    assert second["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == first["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
