"""A sweep: called every minute, and, where it serves the waiting lines, by their messages in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from bridge.batches import each_record
from bridge.domain.errors import Unreadable
from bridge.domain.lines import decode
from bridge.ports import Ports
from bridge.sweeps import SERVES_LINES, SWEEPS, lines

NEEDS_S = 45.0
"""One turn of a line may include pages of a search; with less time left the message comes again."""


def consumer(ports: Ports, name: str) -> Callable[[dict[str, Any], Any], Any]:
    """The handler of one sweep."""

    def sweep(event: dict[str, Any], context: Any) -> Any:
        def seconds_left() -> float:
            return float(context.get_remaining_time_in_millis()) / 1000

        def receive(record: SQSRecord) -> None:
            try:
                line = decode(record.body)
            except Unreadable:
                ports.signals.count("Foreign")
            else:
                lines.serve(line, ports, seconds_left)

        if name == SERVES_LINES and "Records" in event:
            return each_record(receive, needs_s=NEEDS_S, signals=ports.signals)(event, context)
        return SWEEPS[name](ports, seconds_left)

    return sweep
