"""cdk-nag over the constructs themselves: AWS's own advice for the app, for serverless, and NIST 800-53 revision 5."""

from __future__ import annotations

from collections.abc import Sequence

import cdk_nag
from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct

from tests.gates.finding import Acknowledged, Finding, stale

PACKS = (cdk_nag.AwsSolutionsChecks, cdk_nag.ServerlessChecks, cdk_nag.NIST80053R5Checks)


def nag(app: IConstruct, acknowledged: Sequence[Acknowledged]) -> list[Finding]:
    """Tells the app what is acknowledged and why, construct by construct, and returns what cdk-nag still says."""
    found = _violations(app)
    for finding in found:
        for row in acknowledged:
            if row.covers(finding):
                construct = _construct(app, finding.where)
                Validations.of(construct).acknowledge(Acknowledgment(id=finding.rule, reason=row.reason))
    return sorted(_violations(app)) + stale(found, acknowledged)


def _violations(app: IConstruct) -> list[Finding]:
    return [
        Finding(violation.rule_name, resource.construct_path or "", violation.description)
        for pack in PACKS
        for violation in pack(app).validate_scope(app).violations
        for resource in violation.violating_resources
    ]


def _construct(app: IConstruct, path: str) -> IConstruct:
    found = app
    for name in path.split("/"):
        found = found.node.find_child(name)
    return found
