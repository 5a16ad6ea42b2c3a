"""The settings that reliability and security rest on, read from the templates themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.api import ROUTES
from bridge.domain.work import FUNCTION_TIMEOUT, LEASE
from bridge.effects import EFFECTS
from bridge.settings import Settings
from bridge.sweeps import SWEEPS
from infra.emulated import REFUSED
from infra.inbox import AMAZON
from infra.watch import NAMESPACE, REPORTED, SERVICE

Resources = dict[str, dict[str, Any]]
TWO_WEEKS_S = 14 * 24 * 3600


def of(resources: Resources, kind: str) -> dict[str, dict[str, Any]]:
    """Logical id → properties of all resources of a kind."""
    return {name: one.get("Properties", {}) for name, one in resources.items() if one["Type"] == kind}


def named(properties: dict[str, Any], fragment: str) -> dict[str, Any]:
    (found,) = [one for name, one in properties.items() if fragment in name]
    return found


def strings(value: object) -> str:
    return json.dumps(value)


def test_table_keeps_its_data(state: Resources) -> None:
    (table,) = [one for one in state.values() if one["Type"] == "AWS::DynamoDB::Table"]
    properties = table["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    recovery = properties["PointInTimeRecoverySpecification"]
    assert recovery["PointInTimeRecoveryEnabled"] is True
    assert recovery["RecoveryPeriodInDays"] < 30
    assert properties["SSESpecification"]["SSEType"] == "KMS"
    assert "StateKey" in strings(properties["SSESpecification"]["KMSMasterKeyId"])
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert properties["DeletionProtectionEnabled"] is True
    assert "StreamSpecification" not in properties
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"


def test_index_of_due_work_holds_keys_only(state: Resources) -> None:
    (table,) = of(state, "AWS::DynamoDB::Table").values()
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "due"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["dshard", "due"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]


def test_keys_rotate(state: Resources, flow: Resources) -> None:
    keys = {**of(state, "AWS::KMS::Key"), **of(flow, "AWS::KMS::Key")}
    assert len(keys) == 3
    assert all(key["EnableKeyRotation"] is True for key in keys.values())


def test_secrets_hold_placeholders_that_are_never_written_again(state: Resources) -> None:
    secrets = of(state, "AWS::SecretsManager::Secret")
    assert len(secrets) == 3
    for secret in secrets.values():
        assert "StateKey" in strings(secret["KmsKeyId"])
        assert "SecretString" not in secret
        assert "put" in secret["GenerateSecretString"]["SecretStringTemplate"]
        assert secret["GenerateSecretString"]["GenerateStringKey"] == "unset"


def test_state_is_retained_and_flow_is_not(state: Resources, flow: Resources) -> None:
    assert all(one["DeletionPolicy"] == "Retain" for one in state.values())
    kept = {one["Type"] for one in flow.values() if one.get("DeletionPolicy") == "Retain"}
    assert kept == {"AWS::Logs::LogGroup"}


def test_stacks_depend_in_one_direction(templates: dict[str, dict[str, Any]]) -> None:
    assert "Fn::ImportValue" not in strings(templates["State"])
    imports = strings(templates["Flow"]).count("Bridge-dev-State:")
    assert imports > 0


def test_queues_keep_messages_two_weeks_under_our_key(flow: Resources) -> None:
    queues = of(flow, "AWS::SQS::Queue")
    assert len(queues) == 10
    for name, queue in queues.items():
        assert queue["MessageRetentionPeriod"] == TWO_WEEKS_S
        assert ("InboxKey" if name.startswith("Inbox") else "QueueKey") in strings(queue["KmsMasterKeyId"])
        assert "FifoQueue" not in queue


def test_every_queue_has_dead_letters_that_nobody_shares(flow: Resources) -> None:
    queues = of(flow, "AWS::SQS::Queue")
    redrives = [one["RedrivePolicy"] for one in queues.values() if "RedrivePolicy" in one]
    targets = {strings(one["deadLetterTargetArn"]) for one in redrives}
    assert len(redrives) == len(targets) == len(queues) / 2
    assert all(one["maxReceiveCount"] >= 5 for one in redrives)


def test_queues_refuse_plain_http(flow: Resources) -> None:
    denied = [
        strings(policy["Queues"])
        for policy in of(flow, "AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ]
    assert len(denied) == len(of(flow, "AWS::SQS::Queue"))


def test_mappings_report_single_failures_within_bounds(flow: Resources) -> None:
    functions, queues = of(flow, "AWS::Lambda::Function"), of(flow, "AWS::SQS::Queue")
    mappings = of(flow, "AWS::Lambda::EventSourceMapping")
    assert len(mappings) == 5
    for name, mapping in mappings.items():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        more = {"Inbox": 10, "SweepsOrders": 5}
        at_once = next((count for beginning, count in more.items() if name.startswith(beginning)), 2)
        assert mapping["ScalingConfig"] == {"MaximumConcurrency": at_once}
        assert mapping["BatchSize"] <= 10
        assert "MaximumBatchingWindowInSeconds" not in mapping
        queue = queues[mapping["EventSourceArn"]["Fn::GetAtt"][0]]
        assert queue["VisibilityTimeout"] >= 6 * functions[mapping["FunctionName"]["Ref"]]["Timeout"]


def test_erp_lane_takes_one_message_at_a_time(flow: Resources) -> None:
    assert named(of(flow, "AWS::Lambda::EventSourceMapping"), "OutboxErp")["BatchSize"] == 1


def test_a_lane_is_gone_well_before_its_lease_ends(flow: Resources) -> None:
    lanes = [one for name, one in of(flow, "AWS::Lambda::Function").items() if name.startswith("Outbox")]
    assert len(lanes) == 3
    for lane in lanes:
        assert lane["Timeout"] == FUNCTION_TIMEOUT.total_seconds()
        assert lane["Timeout"] + 21 <= LEASE.total_seconds()


def test_functions_run_the_newest_python_on_arm_and_are_traced(flow: Resources) -> None:
    functions = of(flow, "AWS::Lambda::Function")
    assert len(functions) == 8
    for function in functions.values():
        assert function["Runtime"] == "python3.13"
        assert function["Architectures"] == ["arm64"]
        assert function["TracingConfig"] == {"Mode": "Active"}
        assert function["MemorySize"] >= 256
        assert "VpcConfig" not in function
        assert len(function["Layers"]) == 1
    assert len({strings(function["Code"]) for function in functions.values()}) == 1
    assert len({strings(function["Role"]) for function in functions.values()}) == len(functions)


def test_logs_are_kept_thirteen_months(flow: Resources) -> None:
    groups = of(flow, "AWS::Logs::LogGroup")
    assert all(group["RetentionInDays"] == 400 for group in groups.values())
    used = [function["LoggingConfig"]["LogGroup"]["Ref"] for function in of(flow, "AWS::Lambda::Function").values()]
    assert set(used) <= set(groups)
    assert len(set(used)) == len(used)


def test_environment_is_complete_and_without_kill_switches(flow: Resources) -> None:
    for function in of(flow, "AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        Settings.read(variables)
        assert variables["POWERTOOLS_SERVICE_NAME"] == SERVICE
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == NAMESPACE
        assert not {"POWERTOOLS_LOGGER_LOG_EVENT", "POWERTOOLS_IDEMPOTENCY_DISABLED"} & variables.keys()


def test_environment_holds_names_of_secrets_and_no_secret(flow: Resources) -> None:
    for function in of(flow, "AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        assert "Fn::ImportValue" in variables["BRIDGE_LWA_SECRET"]
        assert "Fn::ImportValue" in variables["BRIDGE_ERP_SECRET"]
        assert "Fn::ImportValue" in variables["BRIDGE_API_SECRET"]
        assert variables["BRIDGE_SELLER_SECRETS"] == "bridge/dev/seller/"


def test_every_kind_of_work_has_exactly_one_lane(flow: Resources) -> None:
    lanes = {name: one for name, one in of(flow, "AWS::Lambda::Function").items() if name.startswith("Outbox")}
    carried = [kind for one in lanes.values() for kind in one["Environment"]["Variables"]["BRIDGE_KINDS"].split(",")]
    assert sorted(carried) == sorted(EFFECTS)


def test_every_sweep_runs_every_minute(flow: Resources) -> None:
    schedules = of(flow, "AWS::Scheduler::Schedule")
    functions = of(flow, "AWS::Lambda::Function")
    swept = set()
    for schedule in schedules.values():
        assert schedule["ScheduleExpression"] == "rate(1 minute)"
        assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
        assert schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] >= 60
        function = functions[schedule["Target"]["Arn"]["Fn::GetAtt"][0]]
        assert function["Timeout"] < 60
        swept.add(function["Environment"]["Variables"]["BRIDGE_KINDS"])
    assert swept == set(SWEEPS)


def test_api_wants_a_signature_and_has_a_throttle(flow: Resources) -> None:
    routes = of(flow, "AWS::ApiGatewayV2::Route").values()
    assert sorted(route["RouteKey"] for route in routes) == sorted(ROUTES)
    assert {route["AuthorizationType"] for route in routes} == {"AWS_IAM"}
    (stage,) = of(flow, "AWS::ApiGatewayV2::Stage").values()
    assert stage["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 20, "ThrottlingRateLimit": 10}
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    assert not any(word in strings(logged).lower() for word in ("query", "path", "header", "body"))
    (api,) = of(flow, "AWS::ApiGatewayV2::Api").values()
    assert "CorsConfiguration" not in api


def alarm_names(flow: Resources, metric: str) -> list[str]:
    return [name for name, one in of(flow, "AWS::CloudWatch::Alarm").items() if one["MetricName"] == metric]


def dimensions_of(flow: Resources, metric: str) -> set[str]:
    alarms = of(flow, "AWS::CloudWatch::Alarm")
    return {alarms[name]["Dimensions"][0]["Value"]["Fn::GetAtt"][0] for name in alarm_names(flow, metric)}


def test_every_dead_letter_queue_rings(flow: Resources) -> None:
    dead = {name for name, one in of(flow, "AWS::SQS::Queue").items() if "RedrivePolicy" not in one}
    assert dimensions_of(flow, "ApproximateNumberOfMessagesVisible") == dead


def test_every_queue_rings_when_it_is_stuck(flow: Resources) -> None:
    live = {name for name, one in of(flow, "AWS::SQS::Queue").items() if "RedrivePolicy" in one}
    assert dimensions_of(flow, "ApproximateAgeOfOldestMessage") == live
    alarms = of(flow, "AWS::CloudWatch::Alarm")
    assert {alarms[name]["Threshold"] for name in alarm_names(flow, "ApproximateAgeOfOldestMessage")} == {900}


def test_every_function_rings_when_it_fails(flow: Resources) -> None:
    alarms = of(flow, "AWS::CloudWatch::Alarm")
    watched = {alarms[name]["Dimensions"][0]["Value"]["Ref"] for name in alarm_names(flow, "Errors")}
    assert watched == set(of(flow, "AWS::Lambda::Function"))


@pytest.mark.parametrize("metric", sorted(REPORTED))
def test_what_the_code_reports_rings(flow: Resources, metric: str) -> None:
    alarms = of(flow, "AWS::CloudWatch::Alarm")
    (name,) = alarm_names(flow, metric)
    assert alarms[name]["Namespace"] == "SpapiBridge"
    dimensions = {one["Name"]: one["Value"] for one in alarms[name]["Dimensions"]}
    assert dimensions == {"service": "spapi-bridge", "stage": "dev"}
    assert alarms[name]["Threshold"] == {"SweepLagSeconds": 900, "Unsigned": 10}.get(metric, 0)
    assert alarms[name]["Statistic"] == ("Sum" if metric == "Unsigned" else "Maximum")
    assert alarms[name]["Period"] == 300


def test_alarms_say_what_why_and_what_to_do_and_reach_a_human(flow: Resources) -> None:
    for alarm in of(flow, "AWS::CloudWatch::Alarm").values():
        text = alarm["AlarmDescription"]
        assert text.index("WHAT:") < text.index("WHY IT MATTERS:") < text.index("WHAT TO DO:")
        assert len(text) <= 1024
        assert "WatchAlarms" in strings(alarm["AlarmActions"])
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"


def test_alarms_may_publish_to_their_encrypted_topic(flow: Resources) -> None:
    (topic,) = of(flow, "AWS::SNS::Topic").values()
    assert "QueueKey" in strings(topic["KmsMasterKeyId"])
    (policy,) = of(flow, "AWS::SNS::TopicPolicy").values()
    allowed = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    assert [one["Principal"] for one in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]


def test_nothing_has_a_physical_name(templates: dict[str, dict[str, Any]]) -> None:
    # HTTP APIs must have a display name; it identifies nothing, and two of them may share one.
    words = {"TableName", "QueueName", "FunctionName", "RoleName", "TopicName", "LogGroupName", "AlarmName"}
    words |= {"Name", "LayerName", "PolicyName", "StageName"}
    for template in templates.values():
        for resource in template["Resources"].values():
            given = words & resource.get("Properties", {}).keys()
            exempt = {
                "AWS::ApiGatewayV2::Api": {"Name"},
                "AWS::ApiGatewayV2::Stage": {"StageName"},
                "AWS::IAM::Policy": {"PolicyName"},
                "AWS::Lambda::EventInvokeConfig": {"FunctionName"},
                "AWS::Lambda::EventSourceMapping": {"FunctionName"},
                "AWS::Lambda::Permission": {"FunctionName"},
            }
            assert given <= exempt.get(resource["Type"], set()), resource["Type"]


def test_amazon_may_send_notifications_and_nothing_else(templates: dict[str, dict[str, Any]]) -> None:
    assert AMAZON not in strings(templates["State"])
    holders = {name: one for name, one in templates["Flow"]["Resources"].items() if AMAZON in strings(one)}
    assert {one["Type"] for one in holders.values()} == {"AWS::SQS::QueuePolicy", "AWS::KMS::Key"}
    found = {}
    for name, one in holders.items():
        document = one["Properties"].get("PolicyDocument") or one["Properties"]["KeyPolicy"]
        (statement,) = [part for part in document["Statement"] if AMAZON in strings(part)]
        assert statement["Effect"] == "Allow"
        assert "Condition" not in statement
        found[name] = set(statement["Action"])
    assert named(found, "InboxNotifications") == {"sqs:SendMessage", "sqs:GetQueueAttributes"}
    assert named(found, "InboxKey") == {"kms:GenerateDataKey", "kms:Decrypt"}


def test_emulator_gets_what_aws_gets(
    templates: dict[str, dict[str, Any]], local_templates: dict[str, dict[str, Any]]
) -> None:
    assert len(REFUSED) <= 5
    for name, template in templates.items():
        kept = {key: one for key, one in template["Resources"].items() if one["Type"] not in REFUSED}
        assert local_templates[name]["Resources"] == kept
        assert local_templates[name]["Outputs"] == template["Outputs"]


def test_operator_is_told_what_the_command_line_needs(templates: dict[str, dict[str, Any]]) -> None:
    told = templates["Flow"]["Outputs"]
    wanted = "TableName NotificationsQueueArn NotificationsQueueUrl NotificationsDeadUrl LwaSecret ErpSecret"
    wanted += " ApiSecret"
    wanted += " SellerSecretPrefix SecretsKeyArn ApiUrl AlarmTopicArn CliSettings"
    lanes = [f"{lane}{what}" for lane in ("Orders", "Erp", "Shipments", "Lines") for what in ("QueueUrl", "DeadUrl")]
    assert set(told) == {*wanted.split(), *lanes}


def test_work_sent_back_to_its_own_queue_is_no_loop(flow: Resources) -> None:
    functions = of(flow, "AWS::Lambda::Function")
    assert all(one["RecursiveLoop"] == "Allow" for one in functions.values())


def test_a_failed_sweep_is_not_tried_beside_the_next_one(flow: Resources) -> None:
    configs = of(flow, "AWS::Lambda::EventInvokeConfig")
    assert len(configs) == 3
    assert all(one["MaximumRetryAttempts"] == 0 for one in configs.values())
