"""BridgeFunction: one deployment of one entry file, with a role of its own that may do exactly what it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.queue import WorkQueue
from infra.site import Site
from infra.watch import NAMESPACE, SERVICE, Limit

ITEMS = ("GetItem", "PutItem", "UpdateItem", "Query")
"""What the stores do with items, all in all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """`functions/<module>.py`, the kinds of work that this deployment of it may carry, and its size."""

    module: str
    kinds: tuple[str, ...] = ()
    timeout_s: int = 30
    memory_mb: int = 512
    at_once: int | None = None
    """Never more of it at a time, and room for so many whatever else runs; None: as many as there is room for."""


class BridgeFunction(lambda_.Function):
    """Can write its log and its traces; everything else is granted by the methods below, action by action."""

    def __init__(self, scope: Construct, construct_id: str, *, site: Site, entry: Entry) -> None:
        # The log group and role belong to the function, but have to exist before it: they hang beside it.
        log_group = logs.LogGroup(
            scope,
            f"{construct_id}Log",
            retention=logs.RetentionDays.THIRTEEN_MONTHS,
            removal_policy=RemovalPolicy.RETAIN,  # whoever destroys Flow still owes an auditor its logs
        )
        role = iam.Role(scope, f"{construct_id}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group.log_group_arn]
            )
        )
        super().__init__(
            scope,
            construct_id,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            code=site.code,
            layers=[site.layer],
            handler=f"{entry.module}.handler",
            timeout=Duration.seconds(entry.timeout_s),
            memory_size=entry.memory_mb,
            reserved_concurrent_executions=entry.at_once,
            tracing=lambda_.Tracing.ACTIVE,
            log_group=log_group,
            # Work that is postponed is sent to the function's own queue: Lambda's loop detection would drop it after
            # sixteen times. https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
            recursive_loop=lambda_.RecursiveLoop.ALLOW,
            role=role,
            environment=_environment(site, entry),
        )
        self._site = site
        self._alarm(entry)

    def may(self, actions: Iterable[str], resources: Iterable[str], via: str = "") -> None:
        """Allow exactly these actions on exactly these resources, `via` one AWS service only."""
        region = Stack.of(self).region
        conditions = {"StringEquals": {"kms:ViaService": f"{via}.{region}.amazonaws.com"}} if via else None
        self.add_to_role_policy(
            iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)
        )

    def uses_table(self, *actions: str) -> None:
        """What the stores do; a transaction needs the rights of its parts and none of its own."""
        state = self._site.state
        self.may([f"dynamodb:{action}" for action in actions or ITEMS], [state.table.table_arn])
        # DynamoDB works on the data under grants of its own and asks KMS in the caller's name for the table key:
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
        self.may(["kms:Decrypt"], [state.key.key_arn], via="dynamodb")

    def looks_for_due(self) -> None:
        """Asks the index what should happen by now."""
        self.may(["dynamodb:Query"], [self._site.state.due_index_arn])

    def sends_to(self, queues: Iterable[WorkQueue]) -> None:
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
        self.may(["sqs:SendMessage"], [work.queue.queue_arn for work in queues])
        self.may(["kms:GenerateDataKey", "kms:Decrypt"], [self._site.key.key_arn], via="sqs")

    def consumes(self, work: WorkQueue, *, batch: int, at_once: int = 2) -> None:
        """Reads the queue, so many batches at a time: Amazon's quotas and the ERP bind long before Lambda does."""
        self.may(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], [work.queue.queue_arn])
        self.may(["kms:Decrypt"], [work.key.key_arn], via="sqs")
        lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=self,
            event_source_arn=work.queue.queue_arn,
            batch_size=batch,
            max_concurrency=at_once,
            report_batch_item_failures=True,
        )

    def asks_amazon(self) -> None:
        """Reads the secrets that an access token is made of: the application's and every seller's."""
        state = self._site.state
        self._reads([state.lwa_secret_arn, state.seller_secrets_arn])

    def asks_erp(self) -> None:
        self._reads([self._site.state.erp_secret_arn])

    def checks_callers(self) -> None:
        """Reads what callers outside AWS sign with."""
        self._reads([self._site.state.api_secret_arn])

    def tells_erp(self) -> None:
        """Writes to where the connector publishes, if that is in AWS."""
        for grant in self._site.target.grants:
            self.may(grant.actions, grant.resources, via=grant.via)

    def _reads(self, secret_arns: list[str]) -> None:
        self.may(["secretsmanager:GetSecretValue"], secret_arns)
        self.may(["kms:Decrypt"], [self._site.state.key.key_arn], via="secretsmanager")

    def _alarm(self, entry: Entry) -> None:
        self._site.watch.alarm(
            self,
            "Failing",
            self.metric_errors(period=Duration.minutes(5), statistic="Sum"),
            Limit(
                what=f"The function of functions/{entry.module}.py failed ({', '.join(entry.kinds) or 'all kinds'}).",
                why="What is foreseen does not fail, so this is a defect, a time-out or a wrong setting.",
                do="Read its log at the time of the alarm. What failed is tried again and ends in a dead-letter queue.",
            ),
        )


def _environment(site: Site, entry: Entry) -> dict[str, str]:
    return {
        **site.settings(entry.kinds).environment(),
        "POWERTOOLS_SERVICE_NAME": SERVICE,
        "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
    }
