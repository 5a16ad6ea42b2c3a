"""Inbox: the queue that Amazon delivers notifications to, and the function that takes note of them."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.function import BridgeFunction, Entry
from infra.queue import Purpose, WorkQueue
from infra.site import Site

# The account that SP-API delivers from:
# https://developer-docs.amazon.com/sp-api/docs/set-up-notifications-with-amazon-sqs
AMAZON = "437568002678"
_ENTRY = Entry(module="inbox")


class Inbox(Construct):
    """Takes in what Amazon says; asks Amazon nothing, so it needs no secret."""

    def __init__(self, scope: Construct, construct_id: str, *, site: Site) -> None:
        super().__init__(scope, construct_id)
        # A key of its own: Amazon's account may use this one, and no other queue's.
        key = kms.Key(
            self,
            "Key",
            description=f"spapi-bridge {site.deployment.stage}: notifications of Amazon",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.notifications = WorkQueue(
            self,
            "Notifications",
            key=key,
            watch=site.watch,
            purpose=Purpose("Notifications of Amazon", _ENTRY.timeout_s),
        )
        self._admit_amazon(key)
        function = BridgeFunction(self, "Function", site=site, entry=_ENTRY)
        function.consumes(self.notifications, batch=10, at_once=10)
        function.uses_table()
        function.sends_to(site.lanes.values())

    def _admit_amazon(self, key: kms.Key) -> None:
        # No kms:ViaService here: a condition that does not fit is silent non-delivery, and none was seen to work yet.
        amazon = iam.AccountPrincipal(AMAZON)
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AmazonMayEncrypt",
                principals=[amazon],
                actions=["kms:GenerateDataKey", "kms:Decrypt"],
                resources=["*"],
            )
        )
        queue = self.notifications.queue
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AmazonMaySend",
                principals=[amazon],
                actions=["sqs:SendMessage", "sqs:GetQueueAttributes"],
                resources=[queue.queue_arn],
            )
        )
