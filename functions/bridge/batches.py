"""One batch of an SQS queue: every record on its own, and none begun that could not be finished in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from bridge.domain.errors import BridgeError
from bridge.ports import Signals

Answer = dict[str, Any]
Handler = Callable[[dict[str, Any], Any], Answer]


class OutOfTime(Exception):
    """Not begun; the queue will bring it again."""


def each_record(carry_out: Callable[[SQSRecord], None], *, needs_s: float, signals: Signals) -> Handler:
    """A handler that carries out every record and gives the partial batch response.

    A record needs up to `needs_s` seconds; with less left it is reported as failed.
    """
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    def consume(event: dict[str, Any], context: Any) -> Answer:
        def guarded(record: SQSRecord) -> None:
            if context.get_remaining_time_in_millis() < needs_s * 1000:
                signals.note("out of time")
                raise OutOfTime
            _observed(carry_out, record, signals)

        answer = process_partial_response(event=event, record_handler=guarded, processor=processor)
        return cast("Answer", answer)

    return consume


def _observed(carry_out: Callable[[SQSRecord], None], record: SQSRecord, signals: Signals) -> None:
    try:
        carry_out(record)
    except BridgeError as error:
        signals.note("failed, the queue brings it again", reason=str(error))
        raise
    except Exception as error:
        signals.count("Bug")
        signals.note("bug", reason=place_of(error))
        raise


def place_of(error: BaseException) -> str:
    """Type and place of a bug, or of each in a group. Not its message: that may hold what it was working on."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(dict.fromkeys(map(place_of, error.exceptions)))
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {place}"
