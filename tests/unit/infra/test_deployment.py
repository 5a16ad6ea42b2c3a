"""What a deployer chooses with `-c`, and what the app answers to a wrong choice."""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events

from infra.app import build
from infra.deployment import SCALES, Deployment
from infra.emulated import Emulated


def chosen(**context: str) -> Deployment:
    return Deployment.chosen(cdk.App(context=context).node)


def test_amazon_pace_is_the_default() -> None:
    deployment = chosen()
    assert (deployment.stage, deployment.local) == ("dev", False)
    assert deployment.settings["orders_period_s"] == "300"
    assert deployment.settings["search_overlap_s"] == "180"
    assert deployment.settings["erp"] == "tryton"


def test_scale_then_single_values_then_settings() -> None:
    deployment = chosen(scale="demo", erp="mine.Erp", readback_s="7", settings=json.dumps({"readback_s": 3}))
    assert deployment.settings["orders_period_s"] == SCALES["demo"]["orders_period_s"]
    assert deployment.settings["erp"] == "mine.Erp"
    assert deployment.settings["readback_s"] == "3"


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("scale", "huge", "choose one of amazon, demo"),
        ("stage", "Prod_1", "small letters"),
        *[("erp_concurrency", value, "2 to 1000") for value in ("1", "1001", "-2", "many", "2.5", "٣")],
        ("settings", '{"table": "x"}', "table cannot be chosen"),
    ],
)
def test_wrong_choice_is_named(name: str, value: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        chosen(**{name: value})


def test_the_cap_of_the_erp_is_the_lanes_and_nobody_elses(tmp_path: Path) -> None:
    for chosen_cap, cap in ((None, 2), ("7", 7), (1000, 1000)):
        context = {} if chosen_cap is None else {"erp_concurrency": chosen_cap}
        stacks = build(context, outdir=str(tmp_path / str(cap))).synth().stacks
        (flow,) = [stack.template["Resources"] for stack in stacks if stack.stack_name.endswith("Flow")]
        caps = {
            name.partition("Mapping")[0]: one["Properties"]["ScalingConfig"]["MaximumConcurrency"]
            for name, one in flow.items()
            if one["Type"] == "AWS::Lambda::EventSourceMapping"
        }
        assert {name: value for name, value in caps.items() if value != 2} == ({"OutboxErp": cap} if cap != 2 else {})


def test_what_the_emulator_refuses_is_left_out_and_told(capfd: pytest.CaptureFixture[str]) -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Some")
    bus = events.EventBus(stack, "Bus")
    bus.archive("Archive", event_pattern=events.EventPattern(source=["x"]))
    cdk.Aspects.of(app).add(Emulated())
    kinds = [one["Type"] for one in app.synth().get_stack_by_name("Some").template["Resources"].values()]
    assert kinds == ["AWS::Events::EventBus"]
    assert "left out AWS::Events::Archive" in capfd.readouterr().err
