"""More doors for the ERP, a signed API and a queue: only where they are chosen, and each may do what it uses."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.api import ROUTES
from bridge.settings import Settings
from infra.app import build
from tests.unit.infra.test_permissions import Uses, granted, needed, role_of, statements
from tests.unit.infra.test_templates import named, of

Resources = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    outdir = str(tmp_path_factory.mktemp("signed"))
    stacks = build({"api_hmac": "1", "erp_in": "1"}, outdir=outdir).synth().stacks
    (template,) = [stack.template for stack in stacks if stack.stack_name.endswith("Flow")]
    return template


def test_every_route_is_there_twice_and_one_wants_a_signature_of_aws(chosen: dict[str, Any]) -> None:
    routes = of(chosen["Resources"], "AWS::ApiGatewayV2::Route").values()
    doors = {route["RouteKey"]: route["AuthorizationType"] for route in routes}
    open_doors = {route.replace("/v1/", "/hmac/v1/"): "NONE" for route in ROUTES}
    assert doors == {**dict.fromkeys(ROUTES, "AWS_IAM"), **open_doors}


def test_open_routes_lead_to_the_function_that_looks_for_itself(chosen: dict[str, Any]) -> None:
    resources: Resources = chosen["Resources"]
    integrations = of(resources, "AWS::ApiGatewayV2::Integration")
    for route in of(resources, "AWS::ApiGatewayV2::Route").values():
        integration = integrations[route["Target"]["Fn::Join"][1][1]["Ref"]]
        function = integration["IntegrationUri"]["Fn::GetAtt"][0]
        handler = resources[function]["Properties"]["Handler"]
        assert handler == ("api_hmac.handler" if route["AuthorizationType"] == "NONE" else "api.handler")


def test_open_routes_have_throttles_of_their_own_below_that_of_the_others(chosen: dict[str, Any]) -> None:
    resources: Resources = chosen["Resources"]
    routes = of(resources, "AWS::ApiGatewayV2::Route")
    ((name, stage),) = of(resources, "AWS::ApiGatewayV2::Stage").items()
    open_routes = {logical: route for logical, route in routes.items() if route["AuthorizationType"] == "NONE"}
    keys = {route["RouteKey"] for route in open_routes.values()}
    assert keys == {route.replace("/v1/", "/hmac/v1/") for route in ROUTES}
    assert stage["RouteSettings"] == {key: {"ThrottlingRateLimit": 5, "ThrottlingBurstLimit": 10} for key in keys}
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": 10, "ThrottlingBurstLimit": 20}
    assert set(open_routes) <= set(resources[name]["DependsOn"]), "a setting of a route that is not there is refused"


def test_a_flood_at_the_open_routes_takes_room_from_nobody(
    chosen: dict[str, Any], templates: dict[str, dict[str, Any]]
) -> None:
    def reserved(resources: Resources) -> dict[str, int]:
        functions = of(resources, "AWS::Lambda::Function").values()
        return {one["Handler"]: at_once for one in functions if (at_once := one.get("ReservedConcurrentExecutions"))}

    assert reserved(chosen["Resources"]) == {"api_hmac.handler": 10}
    assert reserved(templates["Flow"]["Resources"]) == {}
    (stage,) = of(templates["Flow"]["Resources"], "AWS::ApiGatewayV2::Stage").values()
    assert "RouteSettings" not in stage


def test_each_function_may_do_what_it_uses_and_only_one_reads_a_secret_of_its_own(chosen: dict[str, Any]) -> None:
    uses_of = {
        "ApiSignedFunction": Uses(callers=True),
        "ApiFunction": Uses(),
        "ErpInFunction": Uses(consumes="ErpInMessagesQueue"),
    }
    for function, uses in uses_of.items():
        role, log = role_of(chosen["Resources"], function)
        assert granted(statements(chosen["Resources"])[role]) == needed(uses, log)


def test_each_function_is_told_everything_and_watched(chosen: dict[str, Any]) -> None:
    alarms = of(chosen["Resources"], "AWS::CloudWatch::Alarm").values()
    watched = [one["Dimensions"][0]["Value"]["Ref"] for one in alarms if one["MetricName"] == "Errors"]
    for name in ("ApiSignedFunction", "ErpInFunction"):
        function = named(of(chosen["Resources"], "AWS::Lambda::Function"), name)
        Settings.read(function["Environment"]["Variables"])
        assert any(entry.startswith(name) for entry in watched)


def test_the_queue_is_like_all_others_and_open_to_no_other_account(chosen: dict[str, Any]) -> None:
    queue = named(of(chosen["Resources"], "AWS::SQS::Queue"), "ErpInMessagesQueue")
    assert (queue["MessageRetentionPeriod"], "QueueKey" in str(queue["KmsMasterKeyId"])) == (14 * 24 * 3600, True)
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    mapping = named(of(chosen["Resources"], "AWS::Lambda::EventSourceMapping"), "ErpIn")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    policies = of(chosen["Resources"], "AWS::SQS::QueuePolicy")
    statements_of = [one["PolicyDocument"]["Statement"] for name, one in policies.items() if name.startswith("ErpIn")]
    assert {statement["Effect"] for policy in statements_of for statement in policy} == {"Deny"}


def test_the_operator_is_told_where_they_are(chosen: dict[str, Any], templates: dict[str, Any]) -> None:
    assert str(chosen["Outputs"]["HmacApiUrl"]["Value"]).count("/hmac/v1") == 1
    told = {"ErpInQueueUrl", "ErpInDeadUrl", "ErpInQueueArn", "QueueKeyArn"}
    assert told <= set(chosen["Outputs"])
    assert not told & set(templates["Flow"]["Outputs"])
    assert "HmacApiUrl" not in templates["Flow"]["Outputs"]
