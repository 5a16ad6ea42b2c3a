"""Emulated: what `-c local=1` leaves out, because MiniStack 1.5.33 refuses it; everything else is what AWS gets."""

from __future__ import annotations

import sys

import jsii
from aws_cdk import App, CfnResource, IAspect
from constructs import IConstruct

REFUSED = (
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::Events::Archive",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::SecretsManager::RotationSchedule",
)


@jsii.implements(IAspect)
class Emulated:
    """Removes resources of the refused kinds and tells so, a line each, on the standard error output."""

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, App):
            sys.stderr.write(f"local: the emulator holds no {', '.join(REFUSED)}\n")
        elif isinstance(node, CfnResource) and node.cfn_resource_type in REFUSED:
            scope = node.node.scope
            if scope is not None and scope.node.try_remove_child(node.node.id):
                sys.stderr.write(f"local: left out {node.cfn_resource_type} {node.node.path}\n")
