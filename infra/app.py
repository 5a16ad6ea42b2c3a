"""Puts the two stacks of a stage together: State, which keeps the data, and Flow, which may be rebuilt at any time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk

from infra.deployment import Deployment
from infra.emulated import Emulated
from infra.flow import FlowStack
from infra.state import StateStack


def build(context: Mapping[str, Any] | None = None, outdir: str | None = None) -> cdk.App:
    """The app, not yet synthesised. `context` is what `-c name=value` gives on the command line."""
    app = cdk.App(context=context, outdir=outdir, analytics_reporting=False)
    deployment = Deployment.chosen(app.node)
    told = os.environ
    where = cdk.Environment(account=told.get("CDK_DEFAULT_ACCOUNT"), region=told.get("CDK_DEFAULT_REGION"))
    stage = deployment.stage
    state = StateStack(app, f"Bridge-{stage}-State", env=where, stage=stage, erp=deployment.settings["erp"])
    flow = FlowStack(app, f"Bridge-{stage}-Flow", env=where, state=state, deployment=deployment)
    if deployment.local:
        cdk.Aspects.of(app).add(Emulated())
    elif not deployment.settings["application_id"]:
        text = "-c application_id=amzn1.sp.solution.… is not set: notifications of any application are taken"
        cdk.Annotations.of(flow).add_warning_v2("bridge:application-id", text)
    for name, value in {"product": "spapi-bridge", "stage": stage}.items():
        cdk.Tags.of(app).add(name, value)
    return app
