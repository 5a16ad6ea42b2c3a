"""Api: where an ERP that can speak up reports what it does, signed with the keys of its own AWS role."""

from __future__ import annotations

import json
from typing import cast

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_logs as logs
from constructs import Construct

from bridge.api import ROUTES
from infra.function import BridgeFunction, Entry
from infra.site import Site

# Neither path parameters nor the query string: what a caller puts there by mistake does not end up in a log.
_ACCESS = {
    "requestId": "$context.requestId",
    "at": "$context.requestTime",
    "route": "$context.routeKey",
    "status": "$context.status",
    "error": "$context.error.message",
    "latency_ms": "$context.responseLatency",
    "length": "$context.responseLength",
}


class Api(Construct):
    """The routes that the code answers, and no others."""

    def __init__(self, scope: Construct, construct_id: str, *, site: Site) -> None:
        super().__init__(scope, construct_id)
        function = BridgeFunction(self, "Function", site=site, entry=Entry(module="api"))
        function.uses_table()
        # A shipment of an order that nobody has read yet also asks for the order; a word of the ERP ends what waits
        # for it.
        function.sends_to(site.lanes.values())
        http = apigateway.HttpApi(self, "Http", create_default_stage=False)
        integration, signature = integrations.HttpLambdaIntegration("Code", function), authorizers.HttpIamAuthorizer()
        for route in ROUTES:
            method, _, path = route.partition(" ")
            http.add_routes(
                path=path,
                methods=[apigateway.HttpMethod(method)],
                integration=integration,
                authorizer=signature,
            )
        self.url = f"{self._stage(http).url}v1"

    def _stage(self, http: apigateway.HttpApi) -> apigateway.HttpStage:
        access = logs.LogGroup(
            self, "AccessLog", retention=logs.RetentionDays.THIRTEEN_MONTHS, removal_policy=RemovalPolicy.RETAIN
        )
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=http,
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=10, burst_limit=20),
        )
        # The construct for this asks for an interface that Python cannot implement without jsii's own decorators.
        resource = cast("apigateway.CfnStage", stage.node.default_child)
        resource.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=access.log_group_arn, format=json.dumps(_ACCESS)
        )
        return stage
