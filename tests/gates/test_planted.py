"""Every gate finds the bug that is planted for it, by the rule that is meant, and nothing in the clean variant."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sqs as sqs

from tests.gates import packages, python_code, sbom, templates, workflows
from tests.gates.__main__ import Gate, judge
from tests.gates.finding import Acknowledged, BrokenError, Finding, NotRunError
from tests.gates.nag import nag
from tests.gates.own_rules import RULES, semgrep
from tests.gates.scanner import ROOT
from tests.gates.vulnerabilities import Vulnerabilities

PLANTED = ROOT / "tests" / "gates" / "planted"
CACHE = ROOT / "build" / "gates" / "mypy"


def lay(name: str, folder: Path) -> Path:
    """The planted file as a scanner expects it: `.txt` keeps it from being taken for code of ours."""
    target = folder / Path(name).name.removesuffix(".txt")
    shutil.copy(PLANTED / name, target)
    return target


def rules(found: list[Finding]) -> list[str]:
    return sorted(finding.rule for finding in found)


def test_ruff(tmp_path: Path) -> None:
    assert rules(python_code.ruff([lay("python/ruff-bad.py.txt", tmp_path)])) == ["B006", "unformatted"]
    assert python_code.ruff([lay("python/ruff-clean.py.txt", tmp_path)]) == []


def test_mypy(tmp_path: Path) -> None:
    places = [lay(f"python/mypy-{variant}.py.txt", tmp_path) for variant in ("bad", "clean")]
    found = python_code.mypy(places, cache=CACHE)
    assert [(one.rule, one.where) for one in found] == [
        ("return-value", "mypy-bad.py:5"),
        ("no-untyped-def", "mypy-bad.py:8"),
    ]


def test_bandit(tmp_path: Path) -> None:
    places = [lay(f"python/bandit-{variant}.py.txt", tmp_path) for variant in ("bad", "clean")]
    found = python_code.bandit(places)
    assert {(one.rule, one.where) for one in found} == {
        ("B403", "bandit-bad.py:module"),
        ("B404", "bandit-bad.py:module"),
        ("B602", "bandit-bad.py:label"),  # although the line says nosec
        ("B301", "bandit-bad.py:order"),
    }


@pytest.mark.gates
def test_own_rules(tmp_path: Path) -> None:
    bad, clean = (lay(f"semgrep/{variant}.py.txt", tmp_path) for variant in ("bad", "clean"))
    said = {
        (found[1], f"bad.py:{number}")
        for number, line in enumerate(bad.read_text(encoding="utf-8").splitlines(), start=1)
        if (found := re.search(r"  # ([a-z][a-z-]+)", line))
    }
    assert {(one.rule, one.where) for one in semgrep([bad, clean])} == said
    written = {name for path in RULES.glob("*.yml") for name in re.findall(r"- id: (\S+)", path.read_text("utf-8"))}
    assert {rule for rule, _ in said} == written, "every rule has its planted bug"


class Planted(cdk.Stack):
    """A table without a way back, and a queue that anybody may read on the way; or neither."""

    def __init__(self, app: cdk.App, name: str, *, careful: bool) -> None:
        super().__init__(app, name)
        recovery = dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=careful)
        dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=recovery,
        )
        dead = sqs.DeadLetterQueue(queue=sqs.Queue(self, "Dead", enforce_ssl=True), max_receive_count=5)
        sqs.Queue(self, "Queue", enforce_ssl=careful, dead_letter_queue=dead if careful else None)


def nagged(*acknowledged: Acknowledged) -> set[tuple[str, str]]:
    app = cdk.App()
    Planted(app, "Bad", careful=False)
    Planted(app, "Clean", careful=True)
    return {(one.rule, one.where) for one in nag(app, acknowledged)}


def test_cdk_nag() -> None:
    found = nagged()
    bad = {rule for rule, where in found if where.startswith("Bad/")}
    clean = {rule for rule, where in found if where.startswith("Clean/")}
    # One of each pack.
    planted = {"AwsSolutions-SQS4", "Serverless-SQSRedrivePolicy", "NIST.800.53.R5-DynamoDBPITREnabled"}
    assert planted <= bad
    assert not (planted - {"Serverless-SQSRedrivePolicy"}) & clean
    assert ("Serverless-SQSRedrivePolicy", "Clean/Queue/Resource") not in found


def test_cdk_nag_is_told_what_is_acknowledged_and_where() -> None:
    rule = "Serverless-SQSRedrivePolicy"
    before = nagged()
    after = nagged(Acknowledged(rule, "*/Dead/Resource", "it is the dead-letter queue"))
    assert before - after == {(rule, "Bad/Dead/Resource"), (rule, "Clean/Dead/Resource")}
    assert ("stale-acknowledgement", f"{rule} Bad/Nothing") in nagged(Acknowledged(rule, "Bad/Nothing", "no more"))


TEMPLATES = [PLANTED / "templates" / f"{variant}.template.json" for variant in ("bad", "clean")]


@pytest.mark.gates
def test_cfn_lint() -> None:
    found = templates.cfn_lint(TEMPLATES)
    assert [(one.rule, one.where) for one in found] == [("E3002", "bad/Resources/Letters/Properties/VisibilityTimeOut")]


@pytest.mark.gates
def test_checkov() -> None:
    found = templates.checkov(TEMPLATES)
    assert {(one.rule, one.where) for one in found} == {
        ("CKV_AWS_27", "bad/Resources/Letters"),
        ("CKV_AWS_7", "bad/Resources/Keys"),
        ("CKV_AWS_33", "bad/Resources/Keys"),
    }


def test_zizmor(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    bad, clean = (lay(f"workflows/{variant}.yml.txt", folder) for variant in ("bad", "clean"))
    planted = {"unpinned-uses", "dangerous-triggers", "template-injection", "excessive-permissions"}
    assert planted <= {one.rule for one in workflows.zizmor([bad])}
    assert workflows.zizmor([clean]) == []
    with pytest.raises(BrokenError):
        workflows.zizmor([])


@pytest.fixture
def service() -> Iterator[packages.Service]:
    known = {packages.CANARY: "PYSEC-2018-2", "jinja2==2.11.2": "PYSEC-2021-66"}
    with Vulnerabilities(known) as url:
        yield packages.Service(url)


@pytest.mark.gates
def test_pip_audit(service: packages.Service) -> None:
    found = packages.pip_audit(["Jinja2==2.11.2", "typing_extensions==4.16.0"], service)
    assert [(one.rule, one.where) for one in found] == [("PYSEC-2021-66", "jinja2==2.11.2")]
    assert packages.pip_audit(["typing_extensions==4.16.0"], service) == []


@pytest.mark.gates
def test_pip_audit_of_the_real_service_finds_the_bug_or_says_that_it_did_not_run() -> None:
    passed, said = judge("pip-audit", Gate(look=lambda: packages.pip_audit(["jinja2==2.11.2"]), remedy="raise it"))
    assert "not run: no network" in said if passed else "jinja2==2.11.2" in said
    assert " ok" not in said


@pytest.mark.gates
def test_pip_audit_calls_nothing_clean_that_nobody_looked_up() -> None:
    with Vulnerabilities({}) as ignorant, pytest.raises(NotRunError):
        packages.pip_audit(["jinja2==2.11.2"], packages.Service(ignorant))
    with pytest.raises(NotRunError):
        packages.pip_audit(["jinja2==2.11.2"], packages.Service("http://127.0.0.1:9/"))


def test_both_requirements_are_read() -> None:
    found = packages.pins(ROOT / "requirements.txt", ROOT / "functions" / "requirements.txt")
    assert {name.partition("==")[0] for name in found} >= {"aws-cdk-lib", "moto", "httpx", "jmespath", "certifi"}
    assert packages.not_installed(ROOT / "requirements.txt") == []


def test_another_version_than_the_pinned_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("pytest==1.0\n")
    assert rules(packages.not_installed(tmp_path / "requirements.txt")) == ["not-installed"]


@pytest.fixture
def shipped(tmp_path: Path) -> tuple[Path, Path]:
    """An SBOM that is right, and the layer that it is of."""
    layer = tmp_path / "python"
    for pin in sbom.locked(sbom.REQUIREMENTS):
        name, _, version = pin.partition("==")
        (layer / f"{name.replace('-', '_')}-{version}.dist-info").mkdir(parents=True)
    return sbom.write(target=tmp_path / "sbom.json"), layer


def test_sbom_is_complete(shipped: tuple[Path, Path]) -> None:
    file, layer = shipped
    assert sbom.check(file, sbom.REQUIREMENTS, layer) == []
    assert sbom.write(target=file.with_name("again.json")).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda parts: parts.pop(), "missing"),
        (lambda parts: parts[0].update(version="0.1"), "unlocked"),
        (lambda parts: parts[0]["hashes"][0].update(content="0" * 64), "other-hash"),
        (lambda parts: parts[0].pop("type"), "schema"),
        (lambda parts: parts.append({**parts[0], "name": "left-pad", "bom-ref": "x"}), "not-shipped"),
    ],
    ids=["a package is missing", "another version", "another file", "not CycloneDX", "one too many"],
)  # fmt: skip
def test_sbom_that_is_wrong(shipped: tuple[Path, Path], spoil: object, rule: str) -> None:
    file, layer = shipped
    document = json.loads(file.read_text())
    spoil(document["components"])  # type: ignore[operator]
    file.write_text(json.dumps(document))
    assert rule in rules(sbom.check(file, sbom.REQUIREMENTS, layer))


def test_sbom_tells_what_lies_in_the_layer_unlisted(shipped: tuple[Path, Path]) -> None:
    file, layer = shipped
    (layer / "left_pad-1.0.dist-info").mkdir()
    assert [(one.rule, one.where) for one in sbom.check(file, sbom.REQUIREMENTS, layer)] == [
        ("missing", "left-pad==1.0")
    ]
