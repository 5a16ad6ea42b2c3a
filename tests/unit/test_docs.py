"""The documents keep up with the code: what is there has its words, what is shown runs, and links lead somewhere."""

from __future__ import annotations

import argparse
import ast
import base64
import dataclasses
import http.server
import json
import re
import runpy
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bridge import api, signals
from bridge.cli import _parser
from bridge.domain.ids import EU, OrderId, OrderKey, SellerId
from bridge.domain.signatures import Call, read_keys, verify
from bridge.effects import EFFECTS
from bridge.erp import CONNECTORS
from bridge.erp.file_drop import FileDrop
from bridge.erp.publish.envelope import TYPES, cancellation
from bridge.erp.tryton.config import read_config
from bridge.erp.webhook.config import read_config as read_webhook
from bridge.erp_in import NAMES
from bridge.reactions import ROUTES
from bridge.reactions.cancel_requested import read_request
from bridge.reactions.cancellation_answered import read_answer
from bridge.reactions.order_acknowledged import read_acknowledgement
from bridge.reactions.shipment_dispatched import read_shipment
from bridge.reactions.stock_reported import read_stock
from bridge.settings import Settings
from bridge.sweeps import SWEEPS
from tests.contract.publish_kit.cases import closed

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
REQUIREMENTS = [
    *("requirements.txt", "functions/requirements.txt"),
    *("local/emulator/requirements.txt", "local/erp/requirements.txt"),
    *("tests/gates/requirements.txt", "tests/gates/checkov.txt"),
]


def text(*names: str) -> str:
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)


def page_text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def code(*trees: str) -> list[Path]:
    return [path for tree in trees for path in sorted((ROOT / tree).rglob("*.py"))]


def literal(path: str, name: str) -> list[str]:
    """The keys of a table at the top of a module that is not imported here."""
    for node in ast.parse(text(path)).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Dict):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        if isinstance(target, ast.Name) and target.id == name:
            return [key.value for key in node.value.keys if isinstance(key, ast.Constant)]
    pytest.fail(f"{path} has no table {name}")


def strings_given_to(call: str, position: int, *trees: str) -> set[str]:
    """The words that the code hands to calls of this name."""
    given: set[str] = set()
    for node in (node for path in code(*trees) for node in ast.walk(ast.parse(page_text(path)))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == call:
            word = node.args[position] if len(node.args) > position else None
            given |= {word.value} if isinstance(word, ast.Constant) and isinstance(word.value, str) else set()
    return given


ALARMS = {*literal("infra/watch.py", "REPORTED"), *strings_given_to("alarm", 1, "infra")}


def commands(parser: argparse.ArgumentParser, name: str = "bridge") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    nested = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in nested:
        for word, child in action.choices.items():
            yield from commands(child, f"{name} {word}")
    if not nested:
        yield name, parser


def make_targets() -> list[str]:
    makefile = text("Makefile").replace("\\\n", " ")
    phony = " ".join(re.findall(r"^\.PHONY:(.*)$", makefile, re.MULTILINE)).split()
    return sorted({*phony} & {*re.findall(r"^([a-z][a-z-]*)\s*:(?!=)", makefile, re.MULTILINE)})


@pytest.mark.parametrize("kind", [*ROUTES, *EFFECTS, *SWEEPS, *CONNECTORS, *api.ROUTES])
def test_the_readme_names_what_comes_in_and_goes_out(kind: str) -> None:
    assert f"`{kind}`" in text("README.md")


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Settings)])
def test_settings_are_explained(field: str) -> None:
    assert f"`{field}`" in text("docs/operating.md")


@pytest.mark.parametrize(
    "name",
    [
        *literal("infra/deployment.py", "CHOICES"),
        "erp_concurrency",
        "api_hmac",
        "erp_in",
        "stage",
        "scale",
        "settings",
        "local",
    ],
)
def test_choices_of_the_deployment_are_explained(name: str) -> None:
    assert f"`{name}`" in text("docs/deploying.md")


@pytest.mark.parametrize(("name", "parser"), list(commands(_parser())), ids=lambda value: str(value)[:20])
def test_commands_and_their_options_are_explained(name: str, parser: argparse.ArgumentParser) -> None:
    (row,) = re.findall(rf"^\| `{name}` \|.*$", text("docs/operating.md"), re.MULTILINE)
    assert re.search(rf"`{name}\b", text("README.md"))
    options = {option for action in parser._actions for option in action.option_strings} - {"-h", "--help", "--json"}
    assert not {option for option in options if option not in row}


def test_make_targets_are_explained() -> None:
    targets = make_targets()
    assert {"demo", "test", "check"} <= set(targets)
    assert not [target for target in targets if not re.search(rf"`make {target}\b", text("CONTRIBUTING.md"))]
    told = {word for page in PAGES for word in re.findall(r"(?:`|^)make ([a-z]+)\b", page_text(page), re.MULTILINE)}
    assert not told - {*targets}, "the documents promise targets that are not there"


@pytest.mark.parametrize("metric", sorted(strings_given_to("count", 0, "functions")))
def test_metrics_are_explained(metric: str) -> None:
    assert f"`{metric}`" in text("docs/operating.md")


@pytest.mark.parametrize("alarm", sorted(ALARMS))
def test_every_alarm_has_its_runbook(alarm: str) -> None:
    (page,) = re.findall(rf"^\| `{alarm}` \|.*\[([\w-]+\.md)\]", text("docs/runbooks/README.md"), re.MULTILINE)
    assert f"`{alarm}`" in text(f"docs/runbooks/{page}")


def test_every_runbook_is_listed() -> None:
    pages = {page.name for page in (DOCS / "runbooks").glob("*.md")} - {"README.md"}
    assert not [page for page in pages if f"({page})" not in text("docs/runbooks/README.md")]


def test_facts_that_may_be_logged_are_listed() -> None:
    section = text("docs/data-protection.md").partition("## Logs")[2].partition("Texts are cut")[0]
    assert set(re.findall(r"`(\w+)`", section)) == signals._FACTS


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_dependency_has_its_reason(name: str) -> None:
    packages = re.findall(r"^([A-Za-z][\w.-]*)==", text(name), re.MULTILINE)
    reasons = text("docs/decisions.md").partition("## Dependencies")[2]
    assert packages
    assert not [package for package in packages if not re.search(rf"(?<![\w-]){re.escape(package)}(?![\w-])", reasons)]


def locked(file: str) -> set[str]:
    pins = re.findall(r"^[\w.-]+==\S+", text(f"tests/gates/{file}"), re.MULTILINE)
    return {pin.lower().replace("_", "-") for pin in pins}


@pytest.mark.parametrize("scanners", ["requirements", "checkov"])
def test_scanners_are_locked_at_the_version_that_is_named(scanners: str) -> None:
    assert locked(f"{scanners}.txt") <= locked(f"{scanners}.lock")
    assert f"--constraint {scanners}.lock" in text(f"tests/gates/{scanners}.txt")


def test_the_command_line_of_cdk_has_its_reason() -> None:
    reasons = text("docs/decisions.md").partition("## Dependencies")[2]
    assert all(f"| {package} |" in reasons for package in json.loads(text("package.json"))["devDependencies"])


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", page_text(path), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", page_text(page)) if "://" not in link]
    for link in links:
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`((?:functions|infra|local|tests|docs)/[\w./-]*)`", page_text(page))
    assert not [name for name in named if not (ROOT / name).exists()]


def test_pages_that_the_code_names_exist() -> None:
    paths = code("functions", "infra", "local")
    named = {name for path in paths for name in re.findall(r"docs/[\w/-]+\.md", page_text(path))}
    assert named
    assert not [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_outside_the_repository_is_meant(page: Path) -> None:
    lines = [line for line in page_text(page).splitlines() if "SP_API_" not in line]
    assert not [line for line in lines if "../shared" in line or re.search(r"(?<![\w.])/(work|home|root|tmp)/", line)]


def shown(page: str, name: str) -> dict[str, object]:
    (block,) = re.findall(rf"```json {name}\n(.*?)```", text(page), re.DOTALL)
    value: dict[str, object] = json.loads(block)
    return value


def test_the_secrets_that_are_shown_have_the_form_that_is_read() -> None:
    assert set(shown("docs/deploying.md", "lwa-secret")) == {"client_id", "client_secret"}
    assert read_config(shown("docs/deploying.md", "erp-secret")).shops
    assert len(read_keys(shown("docs/deploying.md", "api-secret"))) == 1


def test_the_settings_of_the_webhook_that_are_shown_are_taken() -> None:
    assert read_webhook(shown("docs/connectors/webhook.md", "webhook-secret")).lookup_url


def test_the_message_that_is_shown_is_one() -> None:
    message = shown("docs/connectors/README.md", "envelope")
    schema = json.loads(text("docs/schemas/order.json"))
    jsonschema.Draft202012Validator(closed(schema)).validate(message)


def test_the_manifest_that_is_shown_has_the_form_that_is_written() -> None:
    written: dict[str, bytes] = {}

    class Bucket:
        def put_object(self, **put: Any) -> dict[str, str]:
            written[put["Key"]] = put["Body"]
            return {"VersionId": "1"}

    FileDrop("bucket", Bucket()).deliver(cancellation(OrderKey(EU, SellerId("A1"), OrderId("305-1234567-1234567"))))
    manifest = json.loads(list(written.values())[-1])
    example = shown("docs/connectors/file-drop.md", "manifest")
    assert list(manifest) == list(example)
    assert list(manifest["objects"][0]) == list(example["objects"][0])  # type: ignore[index]


@pytest.mark.parametrize("kind", TYPES)
def test_every_message_has_its_schema_and_its_words(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(text(f"docs/schemas/{kind}.json")))
    assert f"| `{kind}` | [{kind}.json]" in text("docs/connectors/README.md")


def test_the_shipment_that_is_shown_is_read() -> None:
    shipment = read_shipment(shown("docs/http-api.md", "shipment"))
    assert [package.lines for package in shipment.packages] == [(("12345678901234", 2),)]


def test_what_the_erp_says_is_read_as_it_is_shown() -> None:
    said = read_acknowledgement(shown("docs/http-api.md", "acknowledgement"))
    assert (said.number, str(said.total)) == ("SO-2026-0815", "59.90 EUR")
    assert read_answer(shown("docs/http-api.md", "cancellation-answer")).answer == "done"
    assert read_request(shown("docs/http-api.md", "cancel-request")).reason == "out of stock"
    assert [count.quantity for count in read_stock(shown("docs/http-api.md", "stock")).counts] == [12, 0]


def test_the_message_that_is_shown_is_one_of_the_erps_queue() -> None:
    message = shown("docs/http-api.md", "message")
    assert isinstance(message["route"], str)
    assert NAMES[message["route"]].read(message["body"]).answer == "done"


class Door(http.server.BaseHTTPRequestHandler):
    """Takes one request and keeps it."""

    def do_POST(self) -> None:
        self.server.got = (dict(self.headers), self.rfile.read(int(self.headers["content-length"])))  # type: ignore[attr-defined]
        self.send_response(202)
        self.end_headers()
        self.wfile.write(b'{"parcels": 1}')

    def log_message(self, *_: object) -> None:
        pass


def test_the_example_for_callers_outside_aws_signs_as_the_bridge_reads() -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    report = runpy.run_path(str(DOCS / "examples" / "report_signed.py"))["report"]
    with http.server.HTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        answer = report(f"http://127.0.0.1:{server.server_port}/hmac/v1/stock", b'{"stock": []}', secret)
        thread.join()
    headers, body = server.got  # type: ignore[attr-defined]
    said = {name.lower(): value for name, value in headers.items()}
    assert answer == (202, '{"parcels": 1}')
    call = Call(said["bridge-timestamp"], "POST", "/hmac/v1/stock", body)
    verify([b"k" * 32], call, said["bridge-signature"], datetime.now(UTC))


def test_the_example_signs_what_it_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    report = runpy.run_path(str(DOCS / "examples" / "report_shipment.py"))["report"]
    with http.server.HTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        answer = report(f"http://127.0.0.1:{server.server_port}/v1/shipments", b'{"shipment_id": "S1"}')
        thread.join()
    headers, body = server.got  # type: ignore[attr-defined]
    assert answer == (202, '{"parcels": 1}')
    assert body == b'{"shipment_id": "S1"}'
    assert "/eu-west-1/execute-api/aws4_request" in headers["Authorization"]
