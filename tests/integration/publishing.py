"""The counterparts of the channels inside AWS, for the kit: a queue, a rule on a bus, and whoever empties a bucket."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.errors import BridgeError, Misconfigured, Refused, Unavailable
from bridge.erp.eventbridge import EventBridge
from bridge.erp.file_drop import FileDrop
from bridge.erp.publish import Channel
from bridge.erp.sqs import Sqs
from tests.contract.erp_kit.cases import CANARY
from tests.contract.publish_kit import PublishKit
from tests.contract.publish_kit.cases import BadDay, Interrupted, Receiver
from tests.fakes.shaky import Shaky, says

Client = Callable[[str], Any]
RULE = Path(__file__).resolve().parents[2] / "docs" / "connectors" / "eventbridge.md"
BUSY = ("ThrottlingException", "ServiceUnavailable", "InternalFailure")
WRONG = ("AccessDenied", "AccessDeniedException", "KMS.DisabledException", "AWS.SimpleQueueService.NonExistentQueue")


class Drained:
    """A queue's messages, as often as they came."""

    def __init__(self, client: Any, url: str, opened: Callable[[str], str] = lambda body: body) -> None:
        self._client, self._url, self._opened = client, url, opened
        self._found: list[str] = []
        self._lock = threading.Lock()

    def texts(self, order_id: str) -> list[str]:
        with self._lock:
            while found := self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
                for message in found:
                    self._found.append(self._opened(message["Body"]))
                    self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            return [text for text in self._found if json.loads(text)["order_id"] == order_id]


class Bucket:
    """Whoever reads the manifests, checks every digest, and takes the objects they name."""

    def __init__(self, client: Any, name: str) -> None:
        self._client, self._name = client, name

    def texts(self, order_id: str) -> list[str]:
        found: list[tuple[Any, str]] = []
        for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self._name, Prefix="manifests/"):
            for version in page.get("Versions", []):
                manifest = json.loads(self._read(version["Key"], version["VersionId"]))
                if manifest["order_id"] == order_id:
                    found.append((version["LastModified"], self._content(manifest)))
        return [text for _, text in sorted(found)]

    def _content(self, manifest: dict[str, Any]) -> str:
        (named,) = manifest["objects"]
        content = self._read(named["key"], named["version_id"])
        assert len(content) == named["bytes"]
        assert hashlib.sha256(content).hexdigest() == named["sha256"]
        told = json.loads(content)
        assert {name: told[name] for name in manifest if name != "objects"} == {
            name: value for name, value in manifest.items() if name != "objects"
        }
        return content.decode()

    def _read(self, name: str, version: str) -> bytes:
        content: bytes = self._client.get_object(Bucket=self._name, Key=name, VersionId=version)["Body"].read()
        return content


class AwsKit(PublishKit):
    """Bad days that all channels inside AWS have; an heir says how to build one on a client."""

    service = ""

    @pytest.fixture
    def build(self) -> Callable[..., Channel]:
        raise NotImplementedError

    @pytest.fixture
    def absent(self, client: Client) -> Channel:
        """A channel whose target does not exist."""
        raise NotImplementedError

    @pytest.fixture
    def channel(self, client: Client, build: Callable[..., Channel]) -> Channel:
        return build(client(self.service))

    @pytest.fixture
    def interrupted(self, client: Client, build: Callable[..., Channel]) -> Interrupted:
        @contextmanager
        def interrupt(step: int, *, after: bool) -> Iterator[Channel]:
            yield build(Shaky(client(self.service), step, after=after))

        return interrupt

    @pytest.fixture
    def bad_days(self, client: Client, build: Callable[..., Channel], absent: Channel) -> Sequence[BadDay]:
        classes: dict[type[BridgeError], Sequence[str]] = {
            Unavailable: BUSY,
            Misconfigured: WRONG,
            Refused: ("InvalidMessageContents", "MalformedDetail"),
        }

        def saying(code: str, status: int = 400) -> BadDay:
            expected = next((kind for kind, codes in classes.items() if code in codes), Unavailable)

            @contextmanager
            def begin() -> Iterator[Channel]:
                yield build(Shaky(client(self.service), error=says(code, status, CANARY)))

            return code, begin, expected

        @contextmanager
        def lost() -> Iterator[Channel]:
            yield build(Shaky(client(self.service), 1))

        @contextmanager
        def nowhere() -> Iterator[Channel]:
            yield absent

        said = [saying(code) for codes in classes.values() for code in codes]
        return [*said, saying("Whatever", 500), ("lost", lost, Unavailable), ("absent", nowhere, Misconfigured)]


class SqsKit(AwsKit):
    service = "sqs"

    @pytest.fixture(scope="class")
    @classmethod
    def queue(cls, client: Client) -> tuple[str, str]:
        """URL and ARN."""
        sqs = client("sqs")
        url = sqs.create_queue(QueueName="orders")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return url, arn

    @pytest.fixture
    def build(self, queue: tuple[str, str]) -> Callable[..., Channel]:
        return lambda client: Sqs(queue[1], client)

    @pytest.fixture
    def absent(self, client: Client) -> Channel:
        return Sqs("arn:aws:sqs:eu-west-1:111122223333:nobody", client("sqs"))

    @pytest.fixture(scope="class")
    @classmethod
    def receiver(cls, client: Client, queue: tuple[str, str]) -> Receiver:
        return Drained(client("sqs"), queue[0])


class EventBridgeKit(AwsKit):
    service = "events"

    @pytest.fixture(scope="class")
    @classmethod
    def bus(cls, client: Client) -> str:
        arn: str = client("events").create_event_bus(Name="orders")["EventBusArn"]
        return arn

    @pytest.fixture(scope="class")
    @classmethod
    def receiver(cls, client: Client, bus: str) -> Receiver:
        """A queue behind the very rule that the documents show."""
        sqs, events = client("sqs"), client("events")
        url = sqs.create_queue(QueueName="events")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        (pattern,) = re.findall(r"```json rule\n(.*?)```", RULE.read_text(encoding="utf-8"), re.DOTALL)
        name = bus.rpartition("/")[2]
        events.put_rule(Name="documented", EventBusName=name, EventPattern=pattern, State="ENABLED")
        events.put_targets(Rule="documented", EventBusName=name, Targets=[{"Id": "queue", "Arn": arn}])
        return Drained(sqs, url, lambda body: json.dumps(json.loads(body)["detail"], separators=(",", ":")))

    @pytest.fixture
    def build(self, bus: str, receiver: Receiver) -> Callable[..., Channel]:
        return lambda client: EventBridge(bus, client)

    @pytest.fixture
    def absent(self, bus: str, client: Client) -> Channel:
        """EventBridge may say so in the answer to a batch, too."""
        events = Shaky(client("events"))
        events.put_events = lambda **_: {  # type: ignore[method-assign]
            "FailedEntryCount": 1,
            "Entries": [{"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": CANARY}],
        }
        return EventBridge(bus, events)


class FileDropKit(AwsKit):
    service = "s3"

    @pytest.fixture(scope="class")
    @classmethod
    def bucket(cls, client: Client) -> str:
        name = "drop"
        s3 = client("s3")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    @pytest.fixture
    def build(self, bucket: str) -> Callable[..., Channel]:
        return lambda client: FileDrop(bucket, client)

    @pytest.fixture
    def absent(self, client: Client) -> Channel:
        return FileDrop("nobody-has-this-bucket", client("s3"))

    @pytest.fixture(scope="class")
    @classmethod
    def receiver(cls, client: Client, bucket: str) -> Receiver:
        return Bucket(client("s3"), bucket)
