"""Sweeps: every minute, one function per source of truth looks for what notifications and messages have lost."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.function import ITEMS, BridgeFunction, Entry
from infra.outbox import SWEEP_TIMEOUT_S
from infra.site import Site


class Sweeps(Construct):
    """`due`, `orders` (of Amazon) and `shipments` (of the ERP); longer periods are kept by the code, per seller."""

    def __init__(self, scope: Construct, construct_id: str, *, site: Site) -> None:
        super().__init__(scope, construct_id)
        self._site = site
        due = self._sweep("due")
        due.uses_table("GetItem", "Query", "UpdateItem")
        due.looks_for_due()
        orders = self._sweep("orders")
        orders.uses_table(*ITEMS, "BatchGetItem")
        orders.asks_amazon()
        # The turns of a line are quick, but for pages of a search, which one seller may need for half a minute.
        orders.looks_for_due()
        orders.consumes(site.lines, batch=1, at_once=5)
        shipments = self._sweep("shipments")
        shipments.uses_table()
        shipments.asks_erp()

    def _sweep(self, name: str) -> BridgeFunction:
        entry = Entry(module="sweep", kinds=(name,), timeout_s=SWEEP_TIMEOUT_S)
        function = BridgeFunction(self, name.title(), site=self._site, entry=entry)
        function.sends_to(self._site.lanes.values() if name == "shipments" else self._site.queues)
        function.configure_async_invoke(retry_attempts=0)  # the next minute is the retry
        Minutely(self, f"{name.title()}Schedule", function=function)
        return function


class Minutely(Construct):
    """Calls one function every minute; what a minute missed the next one makes good, so nothing is tried for longer."""

    def __init__(self, scope: Construct, construct_id: str, *, function: BridgeFunction) -> None:
        super().__init__(scope, construct_id)
        account = Stack.of(self).account
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": account}}
            ),
        )
        role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn]))
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            schedule_expression="rate(1 minute)",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=role.role_arn,
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=60, maximum_retry_attempts=1
                ),
            ),
        )
        schedule.node.add_dependency(role)
