"""Who may do what: a table of calls, and for each the roles that may make it. All others may not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from local.emulator.server import ACCOUNT, REGION
from local.machine import Machine
from tests.e2e.roles import BYSTANDER, FUNCTIONS, OPERATOR, ROOT, Roles
from tests.e2e.stage import EUROPE

LANES = {"Orders": "OutboxOrders", "Erp": "OutboxErp", "Shipments": "OutboxShipments"}
READERS = {"Notifications": "InboxFunction", **LANES}
"""Every queue, and the one function that reads it."""
ASKS_AMAZON = (*LANES.values(), "SweepsOrders")
ASKS_ERP = ("OutboxErp", "SweepsShipments")
CHECKS_CALLERS = ("ApiSignedFunction",)
WRITERS = tuple(part for part in FUNCTIONS if part != "SweepsDue")
"""The due sweep only puts off what it finds."""
LATER_S = 900
"""What is sent here is not delivered while the tests run."""


@dataclass(frozen=True)
class Place:
    """What the calls are made on: what was deployed, and beside it what is none of the deployment's business."""

    machine: Machine
    roles: Roles

    @property
    def table(self) -> str:
        return self.machine.outputs["TableName"]

    @cached_property
    def strange_table(self) -> str:
        """Somebody else's, in the same account."""
        self.machine.client("dynamodb").create_table(
            TableName="somebody-elses",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return "somebody-elses"

    @cached_property
    def strange_secret(self) -> str:
        """The token of a seller of another stage."""
        name = f"bridge/prod/seller/eu/{EUROPE}"
        self.machine.client("secretsmanager").create_secret(Name=name, SecretString="{}")
        return name

    @property
    def seller_secret(self) -> str:
        return f"{self.machine.outputs['SellerSecretPrefix']}eu/{EUROPE}"

    def content(self, secret: str) -> str:
        found = self.machine.client("secretsmanager").get_secret_value(SecretId=secret)
        return str(found["SecretString"])

    def key_of(self, queue: str) -> str:
        url = self.machine.outputs[f"{queue}QueueUrl"]
        asked = self.machine.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])
        return str(asked["Attributes"]["KmsMasterKeyId"])


@dataclass(frozen=True, kw_only=True)
class Right:
    """One call and who `may` make it; whoever else is tried must be denied `action`."""

    action: str
    on: str
    asks: Callable[[Place], Mapping[str, Any]]
    may: tuple[str, ...]
    through: str = ""
    """The call, where it is not named like the action."""
    answer: str = ""
    """The error that is the service's own answer to whoever may ask, for calls that would do harm."""

    @property
    def name(self) -> str:
        return f"{self.action} {self.through} {self.on}".replace("  ", " ")


def _secrets() -> Iterator[Right]:
    def reads(on: str, secret: Callable[[Place], str], *may: str) -> Right:
        return Right(action="secretsmanager:GetSecretValue", on=on, asks=lambda p: {"SecretId": secret(p)}, may=may)

    def writes(on: str, secret: Callable[[Place], str], *may: str) -> Right:
        def same(place: Place) -> dict[str, str]:
            return {"SecretId": secret(place), "SecretString": place.content(secret(place))}

        return Right(action="secretsmanager:PutSecretValue", on=on, asks=same, may=may)

    def lwa(place: Place) -> str:
        return place.machine.outputs["LwaSecret"]

    def erp(place: Place) -> str:
        return place.machine.outputs["ErpSecret"]

    def api(place: Place) -> str:
        return place.machine.outputs["ApiSecret"]

    def new(place: Place) -> dict[str, str]:
        return {"Name": f"{place.machine.outputs['SellerSecretPrefix']}eu/ANEWSELLER", "SecretString": "{}"}

    yield reads("LWA client", lwa, *ASKS_AMAZON, OPERATOR)
    yield reads("seller's token", lambda p: p.seller_secret, *ASKS_AMAZON, OPERATOR)
    yield reads("token of another stage's seller", lambda p: p.strange_secret, ROOT)
    yield reads("ERP's key", erp, *ASKS_ERP)
    yield reads("callers' keys", api, *CHECKS_CALLERS)
    yield writes("LWA client", lwa, ROOT)
    yield writes("ERP's key", erp, ROOT)
    yield writes("callers' keys", api, ROOT)
    yield writes("seller's token", lambda p: p.seller_secret, OPERATOR)
    yield Right(action="secretsmanager:CreateSecret", on="new seller's token", asks=new, may=(OPERATOR,))


def _queues() -> Iterator[Right]:
    def on(output: str, action: str, *may: str, answer: str = "", **asked: Any) -> Right:
        return Right(
            action=f"sqs:{action}",
            on=output.removesuffix("Url"),
            asks=lambda p: {"QueueUrl": p.machine.outputs[output], **asked},
            may=may,
            answer=answer,
        )

    later = {"MessageBody": "of a test of rights", "DelaySeconds": LATER_S}
    for queue, reader in READERS.items():
        work, dead = f"{queue}QueueUrl", f"{queue}DeadUrl"
        yield on(work, "ReceiveMessage", reader, VisibilityTimeout=0)
        yield on(work, "DeleteMessage", reader, answer="ReceiptHandleIsInvalid", ReceiptHandle="none")
        yield on(work, "GetQueueAttributes", reader, OPERATOR, AttributeNames=["QueueArn"])
        yield on(work, "SetQueueAttributes", ROOT, Attributes={"VisibilityTimeout": "180"})
        yield on(dead, "ReceiveMessage", ROOT, VisibilityTimeout=0)
        yield on(dead, "SendMessage", ROOT, **later)
    yield on("NotificationsQueueUrl", "SendMessage", ROOT, **later)
    yield on("OrdersQueueUrl", "SendMessage", *FUNCTIONS, OPERATOR, **later)
    yield on("ErpQueueUrl", "SendMessage", *FUNCTIONS, OPERATOR, **later)
    yield on("ShipmentsQueueUrl", "SendMessage", *FUNCTIONS, OPERATOR, **later)
    yield on("ErpQueueUrl", "PurgeQueue", ROOT)


def _items() -> Iterator[Right]:
    key = {"pk": {"S": "of a test of rights"}, "sk": {"S": "-"}}

    def does(action: str, *may: str, through: str = "", strange: bool = False, **asked: Any) -> Right:
        def asks(place: Place) -> dict[str, Any]:
            text = json.dumps(asked).replace("TABLE", place.strange_table if strange else place.table)
            return dict(json.loads(text))

        on = "somebody else's table" if strange else "index due" if "IndexName" in asked else "table"
        return Right(action=f"dynamodb:{action}", on=on, asks=asks, may=may, through=through)

    one = {"TableName": "TABLE", "Key": key}
    item = {"TableName": "TABLE", "Item": key}
    several = {"RequestItems": {"TABLE": {"Keys": [key]}}}

    def condition(name: str) -> dict[str, Any]:
        return {"KeyConditionExpression": f"{name} = :a", "ExpressionAttributeValues": {":a": {"S": "-"}}}

    yield does("GetItem", *FUNCTIONS, OPERATOR, **one)
    yield does("BatchGetItem", *ASKS_AMAZON, **several)
    yield does("Query", *FUNCTIONS, OPERATOR, TableName="TABLE", **condition("pk"))
    looks = ("SweepsDue", "SweepsOrders", OPERATOR)
    yield does("Query", *looks, TableName="TABLE", IndexName="due", **condition("dshard"))
    yield does("PutItem", *WRITERS, OPERATOR, **item)
    yield does("PutItem", *WRITERS, OPERATOR, through="transact_write_items", TransactItems=[{"Put": item}])
    yield does("UpdateItem", *FUNCTIONS, OPERATOR, **one)
    yield does("DeleteItem", OPERATOR, **one)
    yield does("DeleteItem", OPERATOR, through="transact_write_items", TransactItems=[{"Delete": one}])
    yield does("Scan", ROOT, TableName="TABLE", Limit=1)
    yield does("DescribeTable", ROOT, TableName="TABLE")
    yield does("UpdateTable", ROOT, TableName="TABLE", DeletionProtectionEnabled=True)
    yield does("GetItem", ROOT, strange=True, **one)
    yield does("PutItem", ROOT, strange=True, **item)
    yield does("Scan", ROOT, strange=True, TableName="TABLE")
    yield does("DeleteTable", ROOT, strange=True, TableName="TABLE")


def _everything_else() -> Iterator[Right]:
    def does(action: str, on: str, asks: Callable[[Place], Mapping[str, Any]], *may: str, through: str = "") -> Right:
        return Right(action=action, on=on, asks=asks, may=may, through=through)

    def function(place: Place) -> dict[str, str]:
        return {"FunctionName": place.roles.function_name("SweepsDue")}

    nothing = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
    # Functions use the keys through SQS, DynamoDB and Secrets Manager only; the operator's right has no such condition.
    for on in ("Notifications", "Erp"):
        asks = lambda p, on=on: {"KeyId": p.key_of(on), "KeySpec": "AES_256"}  # noqa: E731
        yield does("kms:GenerateDataKey", f"key of {on}", asks, OPERATOR)
    asks = lambda p: {"KeyId": p.machine.outputs["SecretsKeyArn"], "KeySpec": "AES_256"}  # noqa: E731
    yield does("kms:GenerateDataKey", "key of table and secrets", asks, OPERATOR)
    yield does("lambda:InvokeFunction", "sweep", function, ROOT, through="invoke")
    yield does("lambda:GetFunctionConfiguration", "sweep", function, ROOT)
    yield does(
        "iam:PutRolePolicy",
        "role",
        lambda _: {"RoleName": BYSTANDER, "PolicyName": "of-a-test", "PolicyDocument": nothing},
        ROOT,
    )
    asks = lambda p: {"RoleArn": p.roles.arn("OutboxErp"), "RoleSessionName": "rights"}  # noqa: E731
    yield does("sts:AssumeRole", "ERP lane's role", asks, ROOT)
    yield does(
        "s3:ListBucket",
        "assets",
        lambda _: {"Bucket": f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"},
        ROOT,
        through="list_objects_v2",
    )
    yield does(
        "sns:Publish", "alarms", lambda p: {"TopicArn": p.machine.outputs["AlarmTopicArn"], "Message": "test"}, ROOT
    )
    yield does(
        "logs:FilterLogEvents", "inbox's log", lambda p: {"logGroupName": p.roles.log_group("InboxFunction")}, ROOT
    )
    metric = {"Namespace": "SpapiBridge", "MetricData": [{"MetricName": "OfATest", "Value": 1}]}
    yield does("cloudwatch:PutMetricData", "figures", lambda _: metric, ROOT)
    yield does("cloudformation:DescribeStacks", "stack", lambda _: {"StackName": "Bridge-dev-Flow"}, OPERATOR)


def _wrongly_denied() -> Iterator[Right]:
    """MiniStack 1.5.33 asks for `log-group:NAME`, whatever is done with a group (`extract_resource_arn` in its
    core/iam_actions.py). AWS asks for the group's ARN, which ends in `:*`, and for the stream's; so does the policy:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    """

    def stream(place: Place) -> dict[str, str]:
        return {"logGroupName": place.roles.log_group("InboxFunction"), "logStreamName": "of a test of rights"}

    def events(place: Place) -> dict[str, Any]:
        return {**stream(place), "logEvents": [{"timestamp": 0, "message": "-"}]}

    for action, asks in (("CreateLogStream", stream), ("PutLogEvents", events)):
        yield Right(action=f"logs:{action}", on="inbox's log", asks=asks, may=("InboxFunction",))


RIGHTS = (*_secrets(), *_queues(), *_items(), *_everything_else())
MISJUDGED = tuple(_wrongly_denied())
"""What is not in the table, because the owner is denied here too; the policy simulator is asked instead."""
NEVER_ASKED = (
    # MiniStack encrypts nothing: neither SQS nor DynamoDB nor Secrets Manager asks its KMS in the caller's name.
    *("kms:Decrypt", "kms:GenerateDataKey"),
    # Its event source mappings take from the queue's memory (`_poll_sqs` in services/lambda_svc.py), as nobody.
    *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    # It writes a function's output to the log by itself, and has no X-Ray.
    *("logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"),
)
"""A function's rights that the emulator lets it do without."""
