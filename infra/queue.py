"""WorkQueue: a standard queue that keeps messages two weeks, puts failures beside it, and rings when stuck."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.watch import Limit, Watch

RETENTION = Duration.days(14)
MAX_RECEIVES = 5
STUCK_S = 900


@dataclass(frozen=True, slots=True)
class Purpose:
    """`carries` is for the alarms' texts; `consumer_timeout_s` is the timeout of the function that reads the queue."""

    carries: str
    consumer_timeout_s: int


class WorkQueue(Construct):
    """`queue` and its `dead` letters."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, watch: Watch, purpose: Purpose) -> None:
        super().__init__(scope, construct_id)
        self.key = key
        self.dead = sqs.Queue(
            self,
            "Dead",
            retention_period=RETENTION,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            retention_period=RETENTION,
            # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: at least six times the timeout.
            visibility_timeout=Duration.seconds(6 * purpose.consumer_timeout_s),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=MAX_RECEIVES),
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
        )
        self._alarms(watch, purpose.carries)

    def _alarms(self, watch: Watch, carries: str) -> None:
        minute = Duration.minutes(1)
        watch.alarm(
            self.dead,
            "NotEmpty",
            self.dead.metric_approximate_number_of_messages_visible(period=minute, statistic="Maximum"),
            Limit(
                what=f"{carries} failed {MAX_RECEIVES} times and lie in the dead-letter queue.",
                why="Nothing is lost for 14 days from the day they came, but nothing happens with them either.",
                do="Find the error in the log of the function that reads this queue, fix the cause, redrive.",
            ),
        )
        watch.alarm(
            self.queue,
            "Stuck",
            self.queue.metric_approximate_age_of_oldest_message(period=minute, statistic="Maximum"),
            Limit(
                above=STUCK_S,
                what=f"{carries} have waited longer than {STUCK_S // 60} minutes.",
                why="The function that reads this queue does not keep up, is throttled, or fails.",
                do="Look at its errors, its duration and the account's concurrency; then at the target it calls.",
            ),
        )
