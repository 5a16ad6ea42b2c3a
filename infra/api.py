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


RATE, BURST = 10, 20
"""Requests a second, and at once, on any route."""
OPEN_RATE, OPEN_BURST = 5, 10
"""The same where everybody is let through. A flood there spends tokens of its own, and whoever signs with an AWS role
keeps his. A seller says a few things a minute; who has more to say at once gets 429 and says it a little later."""
OPEN_AT_ONCE = 10
"""Calls that the function behind those routes works on at a time: the whole burst of one route, or a flood on all of
them (five times 5 a second) if a call took 0.4 s. Without a signature it takes milliseconds, and touches no table. More
would be taken from the lanes: an account may have 1,000 in all, and has to leave 100 unreserved."""


class Api(Construct):
    """The routes that the code answers, and no others; `hmac_url` is empty where nobody signs with a secret."""

    def __init__(self, scope: Construct, construct_id: str, *, site: Site) -> None:
        super().__init__(scope, construct_id)
        http = apigateway.HttpApi(self, "Http", create_default_stage=False)
        function = self._function("Function", site, "api")
        self._route(http, api.ROUTES, function, authorizers.HttpIamAuthorizer())
        stage = self._stage(http)
        hmac_path = ""
        if site.deployment.api_hmac:
            # An authorizer of API Gateway is not shown the body, which the signature is over: the function looks.
            signed = self._function("SignedFunction", site, "api_hmac", at_once=OPEN_AT_ONCE)
            signed.checks_callers()
            routes = self._route(http, signed_api.ROUTES, signed, apigateway.HttpNoneAuthorizer())
            self._throttle(stage, routes)
            hmac_path = f"{signed_api.PREFIX}/v1"
        self.url = f"{stage.url}v1"
        self.hmac_url = f"{stage.url}{hmac_path.lstrip('/')}" if hmac_path else ""

    def _function(self, name: str, site: Site, module: str, at_once: int | None = None) -> BridgeFunction:
        function = BridgeFunction(self, name, site=site, entry=Entry(module=module, at_once=at_once))
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
    ) -> list[apigateway.HttpRoute]:
        integration = integrations.HttpLambdaIntegration(f"{function.node.id}Code", function)
        made = []
        for route in routes:
            method, _, path = route.partition(" ")
            made += http.add_routes(
                path=path, methods=[apigateway.HttpMethod(method)], integration=integration, authorizer=authorizer
            )
        return made

    def _throttle(self, stage: apigateway.HttpStage, routes: list[apigateway.HttpRoute]) -> None:
        """A bucket of its own for each of these routes."""
        limits = {"ThrottlingRateLimit": OPEN_RATE, "ThrottlingBurstLimit": OPEN_BURST}
        resource = cast("apigateway.CfnStage", stage.node.default_child)
        resource.route_settings = dict.fromkeys(signed_api.ROUTES, limits)
        stage.node.add_dependency(*routes)  # a stage with settings of a route that is not there yet is refused

    def _stage(self, http: apigateway.HttpApi) -> apigateway.HttpStage:
        access = logs.LogGroup(
            self, "AccessLog", retention=logs.RetentionDays.THIRTEEN_MONTHS, removal_policy=RemovalPolicy.RETAIN
        )
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=http,
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=RATE, burst_limit=BURST),
        )
        # The construct for this asks for an interface that Python cannot implement without jsii's own decorators.
        resource = cast("apigateway.CfnStage", stage.node.default_child)
        resource.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=access.log_group_arn, format=json.dumps(_ACCESS)
        )
        return stage
