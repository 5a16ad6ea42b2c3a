"""What the bridge says of itself: one JSON line or one metric (EMF), made of ids, counts and reasons only."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE, PRODUCT = "SpapiBridge", "spapi-bridge"
"""The alarms watch metrics of this namespace with the dimensions `service` (the product) and `stage`."""
_FACTS = frozenset(
    "order seller shipment kind reason status calls erp answer parcels units lines total works until "
    "overdue sent near_deadline tries what digest size at".split()
)
_LONGEST = 300


class Signals:
    """See ports.Signals. Facts outside the allow-list are a bug of ours, so they are dropped, not printed."""

    def __init__(self, service: str, stage: str) -> None:
        self._logger = Logger(service=service, location=False, log_uncaught_exceptions=False)
        self._metrics = Metrics(namespace=NAMESPACE, service=PRODUCT)
        self._metrics.set_default_dimensions(stage=stage)
        self._counted = False

    def count(self, metric: str, value: float = 1) -> None:
        unit = MetricUnit.Seconds if metric.endswith("Seconds") else MetricUnit.Count
        self._metrics.add_metric(name=metric, unit=unit, value=value)
        self._counted = True

    def note(self, event: str, **facts: str | float | None) -> None:
        kept: dict[str, Any] = {
            name: value[:_LONGEST] if isinstance(value, str) else value
            for name, value in facts.items()
            if name in _FACTS
        }
        self._logger.info(event, extra=kept)

    def flush(self) -> None:
        """Once at the end of every invocation."""
        if self._counted:
            self._metrics.flush_metrics()
        self._counted = False
