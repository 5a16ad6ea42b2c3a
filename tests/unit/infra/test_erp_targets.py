"""What a deployment for a connector inside AWS has besides: its target, and one function's right to write there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra import ROOT
from infra.app import build
from tests.gates.acknowledged import CDK_NAG, FILE_DROP
from tests.gates.finding import Finding
from tests.gates.nag import nag
from tests.unit.infra.test_permissions import Grant, granted, role_of, statements
from tests.unit.infra.test_templates import of, strings

Templates = dict[str, dict[str, dict[str, Any]]]
QUEUE = "arn:aws:sqs:eu-west-1:444455556666:orders-from-amazon"
KEY = "arn:aws:kms:eu-west-1:444455556666:key/11111111-2222-3333-4444-555555555555"
GATED = {"api_hmac": "1", "erp_in": "1"}
"""As the gates' own deployment is, to which the acknowledgements belong."""
CHOICES: dict[str, dict[str, str]] = {
    "sqs": {"erp_target": QUEUE, "erp_target_key": KEY},
    "eventbridge": {},
    "file_drop": {},
}
GRANTS: dict[str, set[Grant]] = {
    "sqs": {
        ("sqs:SendMessage", QUEUE, ""),
        ("kms:GenerateDataKey", KEY, "sqs"),
        ("kms:Decrypt", KEY, "sqs"),
    },
    "eventbridge": {("events:PutEvents", "ErpBus", "")},
    "file_drop": {
        ("s3:PutObject", "Drop/out/*", ""),
        ("s3:PutObject", "Drop/manifests/*", ""),
        ("kms:GenerateDataKey", "StateKey", "s3"),
    },
}
BESIDES = {
    "sqs": set(),
    "eventbridge": {"AWS::KMS::Key", "AWS::Events::EventBus"},
    "file_drop": {"AWS::S3::Bucket", "AWS::S3::BucketPolicy"},
}


def context(**chosen: str) -> dict[str, Any]:
    return {**json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"], **chosen}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Templates, list[Finding]]]:
    """Per connector: the resources of both stacks, and what cdk-nag says that nobody has argued for."""
    found = {}
    for erp, chosen in CHOICES.items():
        app = build(context(erp=erp, **GATED, **chosen), outdir=str(tmp_path_factory.mktemp(erp)))
        said = nag(app, (*CDK_NAG, *(FILE_DROP if erp == "file_drop" else ())))
        stacks = {stack.stack_name.rpartition("-")[2]: stack.template["Resources"] for stack in app.synth().stacks}
        found[erp] = (stacks, said)
    return found


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """The same for a connector that needs nothing of AWS."""
    app = build(context(**GATED), outdir=str(tmp_path_factory.mktemp("usual")))
    return {stack.stack_name.rpartition("-")[2]: stack.template["Resources"] for stack in app.synth().stacks}


@pytest.fixture(params=sorted(CHOICES))
def erp(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stacks(made: dict[str, tuple[Templates, list[Finding]]], erp: str) -> Templates:
    return made[erp][0]


def test_the_erp_lane_may_write_there_and_nobody_else_may_more(stacks: Templates, usual: Templates, erp: str) -> None:
    flow = usual["Flow"]
    role, _ = role_of(stacks["Flow"], "OutboxErp")
    before, after = statements(flow), statements(stacks["Flow"])
    assert before.keys() == after.keys()
    for name in before:
        more = granted(after[name]) - granted(before[name])
        assert more == (GRANTS[erp] if name == role else set())
        assert granted(before[name]) <= granted(after[name])


def test_nothing_else_comes_with_it(stacks: Templates, usual: Templates, erp: str) -> None:
    flow, state = usual["Flow"], usual["State"]
    more = [stacks["Flow"][name]["Type"] for name in stacks["Flow"].keys() - flow.keys()]
    more += [stacks["State"][name]["Type"] for name in stacks["State"].keys() - state.keys()]
    assert set(more) == BESIDES[erp]
    assert len(more) == len(BESIDES[erp])
    assert not flow.keys() - stacks["Flow"].keys()
    assert not state.keys() - stacks["State"].keys()


def test_the_functions_are_told_where(stacks: Templates, erp: str) -> None:
    names = {"sqs": QUEUE, "eventbridge": "ErpBus", "file_drop": "Drop"}
    for one in of(stacks["Flow"], "AWS::Lambda::Function").values():
        variables = one["Environment"]["Variables"]
        assert variables["BRIDGE_ERP"] == erp
        assert names[erp] in strings(variables["BRIDGE_ERP_TARGET"])


def test_what_cdk_nag_says_has_its_argument(made: dict[str, tuple[Templates, list[Finding]]], erp: str) -> None:
    assert made[erp][1] == []


def test_the_bus_is_encrypted_and_only_eventbridge_may_use_its_key(
    made: dict[str, tuple[Templates, list[Finding]]],
) -> None:
    flow = made["eventbridge"][0]["Flow"]
    (bus,) = of(flow, "AWS::Events::EventBus").values()
    assert "ErpBusKey" in strings(bus["KmsKeyIdentifier"])
    (key,) = [one for name, one in of(flow, "AWS::KMS::Key").items() if name.startswith("ErpBusKey")]
    assert key["EnableKeyRotation"] is True
    root, service = key["KeyPolicy"]["Statement"]
    assert ":root" in strings(root["Principal"])
    assert service["Principal"] == {"Service": "events.amazonaws.com"}
    assert set(service["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"}
    assert bus["Name"] in strings(service["Condition"])


def test_the_bucket_is_closed_and_forgets_within_a_month(made: dict[str, tuple[Templates, list[Finding]]]) -> None:
    state = made["file_drop"][0]["State"]
    ((name, bucket),) = of(state, "AWS::S3::Bucket").items()
    assert state[name]["DeletionPolicy"] == "Retain"
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert "StateKey" in strings(encryption)
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] + rule["NoncurrentVersionExpiration"]["NoncurrentDays"] < 30
    (policy,) = of(state, "AWS::S3::BucketPolicy").values()
    (denied,) = policy["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


@pytest.mark.parametrize("queue", ["", "orders", "https://sqs.eu-west-1.amazonaws.com/1/orders", QUEUE + "/x"])
def test_a_queue_has_to_be_named(queue: str, tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="erp_target"):
        build(context(erp="sqs", erp_target=queue), outdir=str(tmp_path))
