"""`python -m local.leaks`: looks for personal data and secrets wherever a run writes, apart from where they belong.

They belong in Amazon (the simulator), in the ERP and in Secrets Manager. Declared besides: the destination's postal
code, which Amazon itself writes into its notifications, in their queue and its dead letters.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local import machine
from local.simulator.remote import Amazon

_NOT_OURS = {"simulator.log", "erp.log"}
_ASSETS = "cdk-hnb659fds-assets-"
_SHORTEST = 8
"""What is left of a shorter value without its canary says nothing."""
# A number in JSON is no postal code: that would be a text, in quotes.
_NUMBER = re.compile(r'":\s*-?$')


@dataclass(slots=True)
class Findings:
    """Texts (log events, messages, items, lines) by the place where they lie."""

    places: Counter[str] = field(default_factory=Counter)
    """With a value that must not be there."""
    declared: Counter[str] = field(default_factory=Counter)
    """With nothing but a declared exception."""
    searched: Counter[str] = field(default_factory=Counter)
    """By kind of place, all that were read."""


class Values:
    """What must not be found: every personal value and every secret of the run."""

    def __init__(self, told: Mapping[str, Any], secrets: Iterable[str]) -> None:
        canary = str(told["canary"])
        texts = {canary, *secrets}
        for value in (value for values in told["fields"].values() for value in values):
            bare = re.sub(re.escape(canary), "", value, flags=re.IGNORECASE).strip()
            texts |= {value, bare} if len(bare) >= _SHORTEST else {value}
        # Also as JSON writes what is not ASCII.
        texts |= {json.dumps(text)[1:-1] for text in texts}
        self._texts = sorted((text.lower() for text in texts), key=len)
        codes = sorted({re.escape(code) for code in told["postal_codes"]})
        self._codes = re.compile(rf"(?<![\w.:=/-])(?:{'|'.join(codes) or 'nothing'})(?![\w.:=/-])")

    def within(self, text: str) -> bool:
        """Whether any of them but a postal code is in the text."""
        low = text.lower()
        return any(value in low for value in self._texts)

    def postal_code_within(self, text: str) -> bool:
        return any(not _NUMBER.search(text[: found.start()][-20:]) for found in self._codes.finditer(text))


def search(world: machine.Machine) -> Findings:
    """Reads everything once; messages are given back to their queues."""
    with Amazon(world.simulator.url) as amazon:
        values = Values(amazon.canaries(), [str(world.erp.config["key"]), world.erp.warehouse_key])
    notifications = {world.outputs[name] for name in ("NotificationsQueueUrl", "NotificationsDeadUrl")}
    findings = Findings()
    for kind, place, text in _texts(world):
        findings.searched[kind] += 1
        if values.within(text):
            findings.places[f"{kind} {place}"] += 1
        elif values.postal_code_within(text):
            declared = kind == "message" and place in notifications
            (findings.declared if declared else findings.places)[f"{kind} {place}"] += 1
    return findings


def _texts(world: machine.Machine) -> Iterator[tuple[str, str, str]]:
    """Kind, place and text."""
    yield from _log_events(world.client("logs"))
    yield from _messages(world.client("sqs"))
    yield from _items(world.client("dynamodb"))
    yield from _objects(world.client("s3"))
    yield from _environments(world.client("lambda"))
    yield from _lines(world.run)


def _log_events(logs: Any) -> Iterator[tuple[str, str, str]]:
    for page in logs.get_paginator("describe_log_groups").paginate():
        for name in (group["logGroupName"] for group in page["logGroups"]):
            for events in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
                yield from (("log event", name, event["message"]) for event in events["events"])


def _messages(sqs: Any) -> Iterator[tuple[str, str, str]]:
    for page in sqs.get_paginator("list_queues").paginate():
        for url in page.get("QueueUrls", ()):
            yield from (("message", url, body) for body in _waiting(sqs, url))


def _waiting(sqs: Any, url: str) -> list[str]:
    """What is visible in a queue; every message is taken once, and all are given back."""
    taken: list[dict[str, Any]] = []
    while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=30).get("Messages"):
        taken += received
    for message in taken:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    return [message["Body"] for message in taken]


def _items(dynamodb: Any) -> Iterator[tuple[str, str, str]]:
    for page in dynamodb.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            for items in dynamodb.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
                texts = (json.dumps(item, ensure_ascii=False, default=str) for item in items["Items"])
                yield from (("item", name, text) for text in texts)


def _objects(s3: Any) -> Iterator[tuple[str, str, str]]:
    """But the CDK's assets: the code and the templates, which were there before there was anything personal."""
    for bucket in (bucket["Name"] for bucket in s3.list_buckets()["Buckets"]):
        if bucket.startswith(_ASSETS):
            continue
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for entry in page.get("Contents", ()):
                content = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                yield "object", bucket, f"{entry['Key']}\n{content.decode('utf-8', errors='replace')}"


def _environments(functions: Any) -> Iterator[tuple[str, str, str]]:
    for page in functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            yield "environment", function["FunctionName"], json.dumps(function.get("Environment", {}))


def _lines(run: Path) -> Iterator[tuple[str, str, str]]:
    for path in sorted(run.glob("*.log")):
        if path.name not in _NOT_OURS:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            yield from (("line", path.name, line) for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.leaks", description=__doc__)
    parser.add_argument("--run", type=Path, default=machine.RUN, help="the directory that the machine was started in")
    world = machine.recall(parser.parse_args().run.resolve())
    if world is None:
        parser.error("nothing runs there: `make up`")
    findings = search(world)
    print(json.dumps({name: dict(getattr(findings, name)) for name in ("places", "declared", "searched")}, indent=1))
    return 1 if findings.places else 0


if __name__ == "__main__":
    raise SystemExit(main())
