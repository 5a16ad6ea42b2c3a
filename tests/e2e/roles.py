"""The roles of a deployment and of those around it, each with credentials of its own from the emulator's STS."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any

import boto3
from botocore.credentials import Credentials

from local.emulator.server import ACCOUNT, REGION
from local.machine import Machine

FUNCTIONS = (
    "InboxFunction",
    "OutboxOrders",
    "OutboxErp",
    "OutboxShipments",
    "SweepsDue",
    "SweepsOrders",
    "SweepsShipments",
    "ApiFunction",
    "ApiSignedFunction",
)
OPERATOR, ERP_SYSTEM = "operator", "erp-system"
EVERYONE = (*FUNCTIONS, OPERATOR, ERP_SYSTEM)
ROOT = "account"
"""The account's root: who deploys, and in the emulator also who takes on roles in Lambda's place."""
BYSTANDER = "bystander"
"""A role without any rights that nobody takes on."""


class Roles:
    """The functions' roles as they were deployed, and those that docs/deploying.md and docs/http-api.md describe."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._clients: dict[tuple[str, str], Any] = {}
        assert len(self._functions) == len(FUNCTIONS), "a function that nobody tries"
        iam = machine.client("iam")
        trust = [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"AWS": _root()}}]
        described = {OPERATOR: self._operator(), ERP_SYSTEM: self._erp_system(), BYSTANDER: []}
        for name, statements in described.items():
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))
            if statements:
                iam.put_role_policy(RoleName=name, PolicyName="described", PolicyDocument=_document(statements))

    def close(self) -> None:
        """All clients: the emulator waits for their connections when it ends."""
        for client in self._clients.values():
            client.close()

    def arn(self, who: str) -> str:
        if who in FUNCTIONS:
            return str(self._function(who)["Role"])
        return f"arn:aws:iam::{ACCOUNT}:role/{who}"

    def function_name(self, part: str) -> str:
        return str(self._function(part)["FunctionName"])

    def log_group(self, part: str) -> str:
        return str(self._function(part)["LoggingConfig"]["LogGroup"])

    @cached_property
    def schedule_roles(self) -> Mapping[str, str]:
        """The ARN of the role of every sweep's schedule, by sweep."""
        scheduler = self._machine.client("scheduler")
        found = {}
        for summary in scheduler.list_schedules()["Schedules"]:
            target = scheduler.get_schedule(Name=summary["Name"])["Target"]
            (sweep,) = (part for part in FUNCTIONS if self._function(part)["FunctionArn"] == target["Arn"])
            found[sweep] = str(target["RoleArn"])
        return found

    @cache  # noqa: B019 - as long as the machine
    def credentials(self, who: str) -> Credentials:
        asked = self._machine.client("sts").assume_role(RoleArn=self.arn(who), RoleSessionName="rights")
        given = asked["Credentials"]
        return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def client(self, who: str, service: str) -> Any:
        if (who, service) not in self._clients:
            self._clients[who, service] = self._client(who, service)
        return self._clients[who, service]

    def _client(self, who: str, service: str) -> Any:
        cloud = self._machine.emulator
        if who == ROOT:
            return self._machine.client(service)
        return self._session(who).client(service, endpoint_url=cloud.url, verify=cloud.certificate)

    @cache  # noqa: B019 - as long as the machine
    def _session(self, who: str) -> boto3.Session:
        keys = self.credentials(who)
        return boto3.Session(keys.access_key, keys.secret_key, keys.token, region_name=REGION)

    def environ(self, who: str) -> dict[str, str]:
        """What makes a process this role."""
        keys = self.credentials(who)
        return {
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_SESSION_TOKEN": str(keys.token),
        }

    @contextmanager
    def without(self, part: str, *actions: str) -> Iterator[None]:
        """A function's role, meanwhile without these of its actions."""
        iam, role = self._machine.client("iam"), self.arn(part).rpartition("/")[2]
        (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        whole = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]
        rest = [{**one, "Action": kept} for one in whole if (kept := sorted(set(_listed(one)) - set(actions)))]
        assert {action for one in whole for action in _listed(one)} >= set(actions)
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=_document(rest))
        try:
            yield
        finally:
            iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=_document(whole))

    def _function(self, part: str) -> dict[str, Any]:
        (found,) = (function for function in self._functions if part in function["FunctionName"])
        return found

    @cached_property
    def _functions(self) -> list[dict[str, Any]]:
        pages = self._machine.client("lambda").get_paginator("list_functions").paginate()
        return [function for page in pages for function in page["Functions"]]

    def _operator(self) -> list[dict[str, Any]]:
        """Step 9 of docs/deploying.md."""
        told = self._machine.outputs
        table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{told['TableName']}"
        queues = {name: self._queue(url) for name, url in told.items() if name.endswith(("QueueUrl", "DeadUrl"))}
        work = [queues[f"{lane}QueueUrl"]["QueueArn"] for lane in ("Orders", "Erp", "Shipments")]
        keys = {told["SecretsKeyArn"], *(queue["KmsMasterKeyId"] for queue in queues.values())}
        sellers = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{told['SellerSecretPrefix']}*"
        stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/Bridge-dev-Flow/*"
        items = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query")
        return [
            _allow(["cloudformation:DescribeStacks"], [stack]),
            _allow([f"dynamodb:{item}" for item in items], [table]),
            _allow(["dynamodb:Query"], [f"{table}/index/due"]),
            _allow(["sqs:SendMessage"], work),
            _allow(["sqs:GetQueueAttributes"], [queue["QueueArn"] for queue in queues.values()]),
            _allow(["secretsmanager:GetSecretValue"], [told["LwaSecret"]]),
            _allow([f"secretsmanager:{it}" for it in ("CreateSecret", "PutSecretValue", "GetSecretValue")], [sellers]),
            _allow(["kms:Decrypt", "kms:GenerateDataKey"], sorted(keys)),
        ]

    def _queue(self, url: str) -> dict[str, str]:
        asked = self._machine.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        attributes: dict[str, str] = asked["Attributes"]
        return attributes

    def _erp_system(self) -> list[dict[str, Any]]:
        """`execute-api:Invoke` on `POST /v1/shipments`."""
        api = self._machine.outputs["ApiUrl"].partition("//")[2].partition(".")[0]
        route = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*/POST/v1/shipments"
        return [_allow(["execute-api:Invoke"], [route])]


def _root() -> str:
    return f"arn:aws:iam::{ACCOUNT}:root"


def _allow(actions: Iterable[str], resources: Iterable[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def _listed(statement: dict[str, Any]) -> list[str]:
    actions: str | list[str] = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


def _document(statements: Iterable[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
