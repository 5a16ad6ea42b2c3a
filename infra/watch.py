"""Watch: where every alarm rings, and the alarms on what the functions themselves report."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

NAMESPACE = "SpapiBridge"
SERVICE = "spapi-bridge"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """When an alarm rings, and what it tells whom it wakes."""

    what: str
    why: str
    do: str
    above: int = 0
    silence_rings: bool = False
    """Whether no figure at all is a reason to ring."""
    statistic: str = "Maximum"
    """Of the figures of five minutes; `Sum` where a few are no reason to ring."""

    @property
    def text(self) -> str:
        return f"WHAT: {self.what} WHY IT MATTERS: {self.why} WHAT TO DO: {self.do}"


REPORTED = {
    "Parked": Limit(
        what="Messages or work were parked, because nobody can act on them as they are.",
        why="An order may be waiting for a human: an unknown SKU, a missing role, a refusal by Amazon or the ERP.",
        do="`bridge parked list`, correct what the reason names, then `bridge parked retry`.",
    ),
    "SellerNeedsConsent": Limit(
        what="Amazon does not accept a seller's authorisation any more.",
        why="Everything of that seller is paused; orders keep coming in at Amazon.",
        do="`bridge status` names the seller. Have the seller authorise again, then `bridge seller add`.",
    ),
    "ShipByAtRisk": Limit(
        what="Orders near their ship-by date are not confirmed at Amazon yet.",
        why="A late confirmation counts against the seller's account health.",
        do="The `due` sweep's log lists them. Ship them, or find out why the ERP's shipment is missing.",
    ),
    "ErpCannotFulfil": Limit(
        what="The ERP cannot fulfil an order, could not stop one, or holds two documents of one.",
        why="Amazon and the buyer still wait for it, or a parcel goes out that should not.",
        do="`bridge order ID` tells the problem. Find stock, cancel the order in Seller Central, or stop the parcel.",
    ),
    "ErpCircuitOpen": Limit(
        what="The ERP did not answer five times in a row, or not when it was tried again. It is left in peace.",
        why="No order reaches it, and no cancellation; everything waits, nearest ship-by date first.",
        do="Bring the ERP back, or the way to it; the log says how it fails. Work goes on by itself within 5 minutes.",
    ),
    "SweepLagSeconds": Limit(
        above=900,
        what="A sweep is more than 15 minutes behind, or has stopped reporting.",
        why="Sweeps find what notifications lose: without them, lost orders stay lost.",
        do="Look at the log of the sweep functions and at their schedules; `bridge status` shows every cursor.",
        silence_rings=True,
    ),
    # Two a minute. A caller whose clock or secret is wrong says everything in vain and tries it again; a call that was
    # repeated with its old signature, or one probe, is no reason to wake anybody. Strangers who look around meet other
    # paths than these, which never get as far as the function.
    "Unsigned": Limit(
        above=10,
        statistic="Sum",
        what="More than ten calls in five minutes from outside AWS without a good signature.",
        why="What an ERP says with a wrong secret or clock is not heard: shipments, cancellations. Or strangers knock.",
        do="The log of the function of functions/api_hmac.py says what is wrong: mend the caller's secret or clock.",
    ),
    "Misconfigured": Limit(
        what="A function found a setting or a secret of this deployment missing or wrong.",
        why="It does nothing until that is put right.",
        do="The function's log names the setting or secret. Correct it; secrets are read anew within five minutes. "
        "Where it is the ERP that turns everything away, `bridge status` says why.",
    ),
}


class Watch(Construct):
    """`topic` is where a human subscribes: every alarm of the deployment goes there."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, stage: str) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Alarms", master_key=key, enforce_ssl=True)
        self._admit_alarms()
        for name, limit in REPORTED.items():
            metric = cloudwatch.Metric(
                namespace=NAMESPACE,
                metric_name=name,
                dimensions_map={"service": SERVICE, "stage": stage},
                statistic=limit.statistic,
                period=Duration.minutes(5),
            )
            self.alarm(self, name, metric, limit)

    def _admit_alarms(self) -> None:
        # A topic with any policy of its own loses the one that lets the account's alarms in.
        alarms = Stack.of(self).format_arn(
            service="cloudwatch", resource="alarm", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsMayPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"ArnLike": {"aws:SourceArn": alarms}},
            )
        )

    def alarm(self, scope: Construct, construct_id: str, metric: cloudwatch.IMetric, limit: Limit) -> cloudwatch.Alarm:
        """Rings as soon as one period is above the limit."""
        missing = cloudwatch.TreatMissingData
        alarm = cloudwatch.Alarm(
            scope,
            construct_id,
            metric=metric,
            threshold=limit.above,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=missing.BREACHING if limit.silence_rings else missing.NOT_BREACHING,
            alarm_description=limit.text,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        return alarm
