"""Api: where an ERP that can speak up does, signed with the keys of its own AWS role, or with a secret."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import cast

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_logs as logs
from constructs import Construct

from bridge import api, signed_api
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
    """The routes that the code answers, and no others; `hmac_url` is empty where nobody signs with a secret."""

    def __init__(self, scope: Construct, construct_id: str, *, site: Site) -> None:
        super().__init__(scope, construct_id)
        http = apigateway.HttpApi(self, "Http", create_default_stage=False)
        function = self._function("Function", site, "api")
        self._route(http, api.ROUTES, function, authorizers.HttpIamAuthorizer())
        hmac_path = ""
        if site.deployment.api_hmac:
            # An authorizer of API Gateway is not shown the body, which the signature is over: the function looks.
            signed = self._function("SignedFunction", site, "api_hmac")
            signed.checks_callers()
            self._route(http, signed_api.ROUTES, signed, apigateway.HttpNoneAuthorizer())
            hmac_path = f"{signed_api.PREFIX}/v1"
        url = self._stage(http).url
        self.url = f"{url}v1"
        self.hmac_url = f"{url}{hmac_path.lstrip('/')}" if hmac_path else ""

    def _function(self, name: str, site: Site, module: str) -> BridgeFunction:
        function = BridgeFunction(self, name, site=site, entry=Entry(module=module))
        function.uses_table()
        # A shipment of an order that nobody has read yet also asks for the order; a word of the ERP ends what waits
        # for it.
        function.sends_to(site.lanes.values())
        return function

    def _route(
        self,
        http: apigateway.HttpApi,
        routes: Iterable[str],
        function: BridgeFunction,
        authorizer: apigateway.IHttpRouteAuthorizer,
    ) -> None:
        integration = integrations.HttpLambdaIntegration(f"{function.node.id}Code", function)
        for route in routes:
            method, _, path = route.partition(" ")
            http.add_routes(
                path=path, methods=[apigateway.HttpMethod(method)], integration=integration, authorizer=authorizer
            )

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
