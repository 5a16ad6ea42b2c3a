"""What every role may do, derived from what its function uses: nothing missing, nothing more."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

import pytest

from infra import ROOT
from infra.function import ITEMS

Resources = dict[str, dict[str, Any]]
Grant = tuple[str, str, str]
"""Action, resource, and the AWS service it has to come through (or nothing)."""

LANES = ("orders", "erp", "shipments")
PACED = (*LANES, "lines")
# Documented exception: X-Ray has no resources. https://docs.aws.amazon.com/xray/latest/devguide/security_iam_service-with-iam.html
OPENS = ("GetItem", "PutItem", "UpdateItem", "Query", "BatchGetItem")
"""A try of an effect reads seller and order at once, a search of orders all that a page shows."""
ANYWHERE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}


@dataclass(frozen=True, kw_only=True)
class Uses:
    """What the code of one function does with AWS."""

    items: tuple[str, ...] = ("GetItem", "PutItem", "UpdateItem", "Query")
    due: bool = False
    sends: tuple[str, ...] = LANES
    consumes: str = ""
    amazon: bool = False
    erp: bool = False
    callers: bool = False
    """Compares the signatures of callers outside AWS."""


USES = {
    "InboxFunction": Uses(consumes="InboxNotificationsQueue"),
    "OutboxOrders": Uses(items=OPENS, sends=PACED, consumes="LanesOrdersQueue", amazon=True),
    "OutboxErp": Uses(items=OPENS, sends=PACED, consumes="LanesErpQueue", amazon=True, erp=True),
    "OutboxShipments": Uses(items=OPENS, sends=PACED, consumes="LanesShipmentsQueue", amazon=True),
    "SweepsDue": Uses(items=("GetItem", "Query", "UpdateItem"), due=True, sends=PACED),
    "SweepsOrders": Uses(items=OPENS, due=True, sends=PACED, consumes="LanesLinesQueue", amazon=True),
    "SweepsShipments": Uses(erp=True),
    "ApiFunction": Uses(),
}


def needed(uses: Uses, log: str) -> set[Grant]:
    """The data actions of what a function uses, and the key actions that follow from those."""
    grants = {(f"logs:{action}", log, "") for action in ("CreateLogStream", "PutLogEvents")}
    grants |= {(action, "*", "") for action in ANYWHERE}
    grants |= {(f"dynamodb:{action}", "Core", "") for action in uses.items}
    grants |= {("dynamodb:Query", "Core/index/due", "")} if uses.due else set()
    grants.add(("kms:Decrypt", "StateKey", "dynamodb"))
    grants |= {("sqs:SendMessage", f"Lanes{lane.title()}Queue", "") for lane in uses.sends}
    grants |= {(f"kms:{action}", "QueueKey", "sqs") for action in ("GenerateDataKey", "Decrypt")}
    if uses.consumes:
        actions = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
        grants |= {(f"sqs:{action}", uses.consumes, "") for action in actions}
        grants.add(("kms:Decrypt", "InboxKey" if uses.consumes.startswith("Inbox") else "QueueKey", "sqs"))
    secrets = ["LwaSecret", "secret:bridge/dev/seller/*"] if uses.amazon else []
    secrets += ["ErpSecret"] if uses.erp else []
    secrets += ["ApiSecret"] if uses.callers else []
    grants |= {("secretsmanager:GetSecretValue", secret, "") for secret in secrets}
    grants |= {("kms:Decrypt", "StateKey", "secretsmanager")} if secrets else set()
    return grants


def resource_name(arn: Any) -> str:
    """The logical id in an ARN without CDK's hash, with what follows it: `Core/index/due`."""
    if isinstance(arn, str):
        return arn
    if "Fn::GetAtt" in arn:
        return re.sub(r"[0-9A-F]{8}$", "", arn["Fn::GetAtt"][0])
    if "Fn::ImportValue" in arn:
        found = re.search(r"(?:FnGetAtt|Ref)([A-Za-z]+?)[0-9A-F]{8}", arn["Fn::ImportValue"])
        assert found, arn
        return found[1]
    if "Ref" in arn:
        return re.sub(r"[0-9A-F]{8}$", "", arn["Ref"])
    parts = arn["Fn::Join"][1]
    if isinstance(parts[-1], str) and "secret:" in parts[-1]:
        return parts[-1].rpartition(":secret:")[1].lstrip(":") + parts[-1].rpartition(":secret:")[2]
    return "".join(resource_name(part) for part in parts)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(flow: Resources) -> dict[str, list[dict[str, Any]]]:
    """Logical id of a role → the statements of all its policies."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in flow.values():
        if one["Type"] == "AWS::IAM::Policy":
            for role in one["Properties"]["Roles"]:
                found.setdefault(role["Ref"], []).extend(one["Properties"]["PolicyDocument"]["Statement"])
    return found


def granted(rules: list[dict[str, Any]]) -> set[Grant]:
    grants = set()
    for rule in rules:
        assert rule["Effect"] == "Allow"
        via = rule.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", "")
        service = via["Fn::Join"][1][0].split(".")[0] if via else ""
        assert set(rule.get("Condition", {})) <= {"StringEquals"}
        grants |= {
            (action, resource_name(arn), service)
            for action in as_list(rule["Action"])
            for arn in as_list(rule["Resource"])
        }
    return grants


def role_of(flow: Resources, function: str) -> tuple[str, str]:
    """Role and log group of the function whose logical id begins with `function`."""
    (one,) = [
        one["Properties"]
        for name, one in flow.items()
        if one["Type"] == "AWS::Lambda::Function" and re.fullmatch(function + "[0-9A-F]{8}", name)
    ]
    return one["Role"]["Fn::GetAtt"][0], resource_name(one["LoggingConfig"]["LogGroup"])


def test_items_are_what_the_stores_do() -> None:
    """So that a new kind of write shows here, before the emulator denies it in tests/e2e/test_least_privilege.py."""
    calls = set()
    for path in (ROOT / "functions" / "bridge").rglob("*.py"):
        if "cli" not in path.parts and path.name != "dynamodb.py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    calls.add(node.func.id)
    words = {"Put": "PutItem", "Update": "UpdateItem", "Check": "ConditionCheckItem"}
    assert {word for call, word in words.items() if call in calls} == set(ITEMS) - {"GetItem", "Query"}


def test_only_who_may_reads_several_items_at_once() -> None:
    """An effect's try and the search of orders; the table of uses allows it to their functions."""
    callers = set()
    for path in (ROOT / "functions" / "bridge").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if ".several(" in text and path.name != "dynamodb.py":
            callers.add(str(path.relative_to(ROOT / "functions" / "bridge")))
    assert callers == {"stores/desk.py", "stores/lines.py", "stores/orders.py", "sweeps/pages.py"}


def test_table_of_uses_names_every_function(flow: Resources) -> None:
    assert len(USES) == len([one for one in flow.values() if one["Type"] == "AWS::Lambda::Function"])


@pytest.mark.parametrize("function", sorted(USES))
def test_function_may_do_exactly_what_it_uses(flow: Resources, function: str) -> None:
    role, log = role_of(flow, function)
    given, wanted = granted(statements(flow)[role]), needed(USES[function], log)
    assert given - wanted == set(), "more than it needs"
    assert wanted - given == set(), "less than it needs"


def test_secrets_are_named_to_the_last_character(templates: dict[str, dict[str, Any]]) -> None:
    """By the attribute: a secret's Ref is its ARN on AWS, and on the emulator its name, which no right may name."""
    exported = {one["Export"]["Name"]: one["Value"] for one in templates["State"]["Outputs"].values()}
    named = [
        exported[arn["Fn::ImportValue"]]
        for rules in statements(templates["Flow"]["Resources"]).values()
        for rule in rules
        for arn in as_list(rule["Resource"])
        if "secretsmanager:GetSecretValue" in as_list(rule["Action"]) and "Fn::ImportValue" in arn
    ]
    assert {value["Fn::GetAtt"][1] for value in named} == {"Id"}
    assert {resource_name(value) for value in named} == {"LwaSecret", "ErpSecret"}


def test_only_lambda_and_the_scheduler_take_roles(flow: Resources) -> None:
    takers = [
        statement["Principal"]
        for one in flow.values()
        if one["Type"] == "AWS::IAM::Role"
        for statement in one["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    ]
    assert {taker["Service"] for taker in takers} == {"lambda.amazonaws.com", "scheduler.amazonaws.com"}
    assert all(set(taker) == {"Service"} for taker in takers)


def test_scheduler_may_call_its_own_function_only(flow: Resources) -> None:
    callers = [rules for role, rules in statements(flow).items() if "ScheduleRole" in role]
    assert len(callers) == 3
    for rules in callers:
        ((action, function, _),) = granted(rules)
        assert action == "lambda:InvokeFunction"
        assert function.startswith("Sweeps")


def test_no_managed_policies(flow: Resources) -> None:
    roles = [one["Properties"] for one in flow.values() if one["Type"] == "AWS::IAM::Role"]
    assert not [role for role in roles if "ManagedPolicyArns" in role]


def test_no_wildcards_but_the_documented(templates: dict[str, dict[str, Any]]) -> None:
    """Excepted: the account root in key policies, `*` as "this key" there, X-Ray, and Deny."""
    for template in templates.values():
        for one in template["Resources"].values():
            for key in ("PolicyDocument", "KeyPolicy"):
                for statement in one.get("Properties", {}).get(key, {}).get("Statement", []):
                    check_statement(statement, is_key=key == "KeyPolicy")


def check_statement(statement: dict[str, Any], *, is_key: bool) -> None:
    actions = set(as_list(statement["Action"]))
    # The account's root in its own key's policy only hands the decision to IAM; CDK writes one more for DynamoDB.
    root = is_key and "AWS::AccountId" in str(statement["Principal"]) and ":root" in str(statement["Principal"])
    if statement["Effect"] == "Deny" or root:
        return
    assert not [action for action in actions if "*" in action], statement
    assert statement.get("Principal") not in ("*", {"AWS": "*"}), statement
    for arn in as_list(statement["Resource"]):
        own = is_key or actions == ANYWHERE or resource_name(arn) == "secret:bridge/dev/seller/*"
        assert own or "*" not in str(arn), statement
