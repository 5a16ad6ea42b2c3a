"""The alarms are on the metrics that the code really emits: same namespace, same name, same dimensions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.signals import Signals
from infra.watch import REPORTED


def emitted(service: str, metric: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, dict[str, str]]:
    """Namespace and dimensions, as CloudWatch reads them from the log."""
    signals = Signals(service, "dev")
    signals.count(metric)
    signals.flush()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if metric in line]
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    (names,) = directive["Dimensions"]
    return directive["Namespace"], {name: line[name] for name in names}


@pytest.mark.parametrize("service", ["inbox", "outbox-erp", "sweep-orders"])
@pytest.mark.parametrize("metric", sorted(REPORTED))
def test_alarm_sees_what_is_emitted(
    flow: dict[str, Any], metric: str, service: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alarms = [one["Properties"] for one in flow.values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    (alarm,) = [one for one in alarms if one["MetricName"] == metric]
    seen = alarm["Namespace"], {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    assert seen == emitted(service, metric, capsys)
