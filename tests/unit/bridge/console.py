"""The operator's desk: a deployment whose table is in memory and whose AWS and Amazon are stand-ins."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bridge import cli
from bridge.cli.deployment import Deployment
from bridge.domain.ids import OrderId, OrderKey
from bridge.domain.sellers import Mode, SellerRecord
from bridge.domain.work import Work, decode
from bridge.settings import Settings
from bridge.stores.raising import raising
from tests.fakes.table import MemoryTable
from tests.fakes.world import DE, SELLER
from tests.unit.bridge.wire import Wire, answer

ARN = "arn:aws:sqs:eu-west-1:111122223333:notifications"
LANES = ("orders", "erp", "shipments")


class NotThere(ClientError):
    def __init__(self) -> None:
        super().__init__({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "PutSecretValue")


class SecretsManager:
    """Values by name; what was created, with what."""

    class exceptions:  # noqa: N801 - boto3 names it so
        ResourceNotFoundException = NotThere

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.created: list[dict[str, str]] = []

    def put_secret_value(self, SecretId: str, SecretString: str) -> None:  # noqa: N803
        if SecretId not in self.values:
            raise NotThere
        self.values[SecretId] = SecretString

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803
        if SecretId not in self.values:
            raise NotThere
        return {"SecretString": self.values[SecretId]}

    def create_secret(self, Name: str, SecretString: str, **facts: str) -> None:  # noqa: N803
        self.values[Name] = SecretString
        self.created.append({"Name": Name, **facts})


class Sqs:
    """What was sent, and what waits where."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Work]] = []
        self.waiting: Counter[str] = Counter()

    def send_message(self, QueueUrl: str, MessageBody: str, DelaySeconds: int) -> None:  # noqa: N803
        self.sent.append((QueueUrl, decode(MessageBody)[0]))

    def get_queue_attributes(self, QueueUrl: str, AttributeNames: list[str]) -> dict[str, dict[str, str]]:  # noqa: N803
        return {"Attributes": {name: str(self.waiting[QueueUrl]) for name in AttributeNames}}


def settings(**changes: str) -> Settings:
    """Of a deployment on this machine, for tests: everything named, nothing reachable."""
    names = {f"queue_{name}": f"https://sqs/{name}" for name in ("orders", "erp", "shipments", "lines")}
    rhythm = {"orders_period_s": "300", "orders_idle_s": "180", "search_overlap_s": "180", "shipments_period_s": "60"}
    rhythm |= {"shipments_overlap_s": "90", "readback_s": "900"}
    ends = {"spapi_endpoint": "", "lwa_endpoint": ""}
    return Settings(
        **{
            "stage": "test",
            "table": "core",
            "kinds": "",
            "application_id": "amzn1.sp.solution.test",
            "lwa_secret": "lwa",
            "seller_secrets": "bridge/test/seller/",
            "erp": "tryton",
            "erp_secret": "erp",
            "erp_target": "",
            "api_secret": "api",
            **names,
            **rhythm,
            **ends,
            **changes,
        }
    )


class StubDeployment(Deployment):
    def spapi(self) -> Any:
        return self.client("spapi")


@dataclass
class Operator:
    """Everything the commands see."""

    wire: Wire

    def __post_init__(self) -> None:
        self.secrets, self.sqs, self.table = SecretsManager(), Sqs(), MemoryTable()
        self.now = datetime.now(UTC)
        clients = {"secretsmanager": self.secrets, "sqs": self.sqs, "spapi": self.wire.client}
        outputs = {
            "CliSettings": json.dumps(settings().environment()),
            "NotificationsQueueArn": ARN,
            "SecretsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/1",
            **{f"{lane.capitalize()}QueueUrl": f"https://sqs/{lane}" for lane in ("notifications", *LANES)},
            **{f"{lane.capitalize()}DeadUrl": f"https://sqs/{lane}-dead" for lane in ("notifications", *LANES)},
        }
        self.deployment = StubDeployment("test", outputs, clients.__getitem__)
        self.deployment.__dict__["table"] = self.table

    def connect(self, mode: Mode = Mode.LIVE, **changes: Any) -> SellerRecord:
        facts = {"seller": SELLER, "marketplaces": (DE,), "mode": mode, "go_live": self.now, "connected": self.now}
        record = SellerRecord(**{**facts, **changes})
        self.deployment.sellers.put(record)
        return record

    def key(self, order_id: str = "305-1") -> OrderKey:
        return OrderKey(*SELLER, OrderId(order_id))

    def ask(self, work: Work) -> None:
        self.table.update(raising(work, self.deployment.orders.get(work.key), self.now - timedelta(seconds=1)))

    def park(self, work: Work, reason: str = "the ERP has no product X") -> None:
        self.ask(work)
        turn = self.deployment.desk.claim(work, None)
        assert turn is not None
        self.deployment.desk.park(turn, reason)


class Shell:
    """`bridge …`, and what came of it."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.operator = Operator(Wire([answer(500)]))
        self._capsys, self._monkeypatch = capsys, monkeypatch
        monkeypatch.setattr(Deployment, "find", lambda stage: self.operator.deployment)
        self.err = ""

    def __call__(self, *arguments: str, stdin: str = "") -> tuple[int, str]:
        self._monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        status = cli.main(arguments)
        said = self._capsys.readouterr()
        self.err = said.err
        return status, said.out

    def json(self, *arguments: str, stdin: str = "") -> Any:
        status, said = self(*arguments, "--json", stdin=stdin)
        return status, json.loads(said)
