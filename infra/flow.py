"""FlowStack: everything that moves. It holds no data that its State does not, and may be destroyed and rebuilt."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CfnOutput, Environment, IgnoreMode, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra import ROOT
from infra.api import Api
from infra.deployment import Deployment
from infra.erp_in import ErpIn
from infra.erp_target import erp_target
from infra.inbox import Inbox
from infra.layer import Dependencies
from infra.outbox import Lanes, Outbox
from infra.site import Site
from infra.state import StateStack
from infra.sweeps import Sweeps
from infra.watch import Watch

NOT_SHIPPED = ["bridge/cli", "requirements.txt", "tests", "__pycache__", "*.pyc", ".*"]


class FlowStack(Stack):
    """Notifications in, work out, sweeps for what is lost on the way, and alarms over all of it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, state: StateStack, deployment: Deployment, env: Environment
    ) -> None:
        super().__init__(scope, construct_id, env=env, description=f"spapi-bridge {deployment.stage}: what moves")
        key = self._queue_key(deployment.stage)
        watch = Watch(self, "Watch", key=key, stage=deployment.stage)
        lanes = Lanes(self, "Lanes", key=key, watch=watch)
        site = Site(
            deployment=deployment,
            state=state,
            watch=watch,
            key=key,
            code=lambda_.Code.from_asset(str(ROOT / "functions"), exclude=NOT_SHIPPED, ignore_mode=IgnoreMode.GIT),
            layer=Dependencies(self, "Dependencies"),
            lanes=lanes.queues,
            lines=lanes.lines,
            target=erp_target(self, deployment, state),
        )
        inbox = Inbox(self, "Inbox", site=site)
        Outbox(self, "Outbox", site=site)
        Sweeps(self, "Sweeps", site=site)
        api = Api(self, "Api", site=site)
        extra = ErpIn(self, "ErpIn", site=site).told(site) if deployment.erp_in else {}
        self._tell_operator(site, inbox, api, extra)

    def _queue_key(self, stage: str) -> kms.Key:
        key = kms.Key(
            self,
            "QueueKey",
            description=f"spapi-bridge {stage}: queues and the alarm topic",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        # https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsMayEncrypt",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:GenerateDataKey", "kms:Decrypt"],
                resources=["*"],
            )
        )
        return key

    def _tell_operator(self, site: Site, inbox: Inbox, api: Api, extra: Mapping[str, str]) -> None:
        """What the operator's command line has to know."""
        told = {
            "TableName": site.state.table.table_name,
            "NotificationsQueueArn": inbox.notifications.queue.queue_arn,
            "NotificationsQueueUrl": inbox.notifications.queue.queue_url,
            "NotificationsDeadUrl": inbox.notifications.dead.queue_url,
            "LwaSecret": site.state.lwa_secret_arn,
            "ErpSecret": site.state.erp_secret_arn,
            "ApiSecret": site.state.api_secret_arn,
            "SellerSecretPrefix": site.state.seller_secrets,
            "SecretsKeyArn": site.state.key.key_arn,
            "AlarmTopicArn": site.watch.topic.topic_arn,
            "ApiUrl": api.url,
            "CliSettings": self.to_json_string(site.settings(()).environment()),
        }
        told |= {"ErpTarget": site.target.name} if site.target.grants else {}
        told |= extra
        told |= {"HmacApiUrl": api.hmac_url} if api.hmac_url else {}
        for name, work in {**site.lanes, "lines": site.lines}.items():
            told[f"{name.title()}QueueUrl"] = work.queue.queue_url
            told[f"{name.title()}DeadUrl"] = work.dead.queue_url
        for name, value in told.items():
            CfnOutput(self, name, value=value)
