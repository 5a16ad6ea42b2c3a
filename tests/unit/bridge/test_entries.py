"""The deployed functions as Lambda runs them: an environment, an INIT that fails when misconfigured, and events."""

from __future__ import annotations

import base64
import json
import runpy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from bridge import wiring
from bridge.domain.errors import Misconfigured, Throttled
from bridge.domain.ids import OrderId, OrderKey
from bridge.domain.lifecycle import HAND_TO_ERP
from bridge.domain.sellers import Mode, SellerRecord
from bridge.domain.signatures import Call, sign
from bridge.domain.work import Work, decode, encode
from bridge.stores.circuits import Circuits
from bridge.stores.desk import Desk
from bridge.stores.dynamodb import DynamoTable
from bridge.stores.orders import Orders
from bridge.stores.sellers import Sellers
from bridge.wiring import SystemClock
from tests.contract.table_kit.cases import create_table
from tests.fakes.world import DE, SELLER
from tests.unit.bridge.console import settings

ROOT = Path(__file__).parents[3]
ENTRIES = sorted(path.stem for path in (ROOT / "functions").glob("*.py"))
KEY = OrderKey(*SELLER, OrderId("305-0000001-0000001"))
WORK = Work(HAND_TO_ERP, KEY)
NOWHERE = "http://127.0.0.1:9"
SERVICES = dict.fromkeys(("shipping", "gift_wrap", "tax", "discount", "other"), "X")
ERP = {"url": NOWHERE, "database": "x", "key": "canary-erp-key", "carrier": "x", "services": SERVICES}


class Context:
    function_name = "test"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:test"
    aws_request_id = "r"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


class Account:
    """An AWS account with a deployment's resources, and its functions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        dynamodb, self.sqs = (boto3.client(service) for service in ("dynamodb", "sqs"))
        create_table(dynamodb, "core")
        table = DynamoTable(dynamodb, "core")
        clock = SystemClock()
        self.sellers, self.desk = Sellers(table, clock), Desk(table, clock, Orders(table, clock))
        self.queues = {
            lane: self.sqs.create_queue(QueueName=lane)["QueueUrl"] for lane in ("orders", "erp", "shipments", "lines")
        }
        secrets = {
            "lwa": {"client_id": "x", "client_secret": "canary-client-secret"},
            "api": {"put": "what infra/state.py puts there", "unset": "x"},
            "erp": {**ERP, "shops": {f"{SELLER.seller_id}/{DE}": "x"}},
            f"bridge/test/seller/eu/{SELLER.seller_id}": {"refresh_token": "canary-refresh-token"},
        }
        for name, value in secrets.items():
            boto3.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(value))
        now = datetime.now(UTC)
        self.sellers.put(SellerRecord(SELLER, (DE,), Mode.LIVE, now, {"ORDER_CHANGE": "sub-1"}, connected=now))

    def function(self, entry: str, **changes: str) -> Callable[[Any], Any]:
        urls = {f"queue_{lane}": url for lane, url in self.queues.items()}
        ends = {"spapi_endpoint": NOWHERE, "lwa_endpoint": f"{NOWHERE}/auth/o2/token"}
        for name, value in settings(**{**urls, **ends, **changes}).environment().items():
            self._monkeypatch.setenv(name, value)
        handler = runpy.run_path(str(ROOT / "functions" / f"{entry}.py"))["handler"]
        return lambda event: handler(event, Context())

    def waiting(self, lane: str) -> list[Work]:
        found = self.sqs.receive_message(QueueUrl=self.queues[lane], MaxNumberOfMessages=10).get("Messages", [])
        return [decode(message["Body"])[0] for message in found]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with mock_aws():
        yield Account(monkeypatch)


def batch(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": str(n), "body": body, "eventSource": "aws:sqs"} for n, body in enumerate(bodies)]}


def notification() -> str:
    body = json.loads((ROOT / "tests" / "events" / "ORDER_CHANGE.json").read_text(encoding="utf-8"))
    body["Payload"]["OrderChangeNotification"]["SellerId"] = SELLER.seller_id
    return json.dumps(body)


def test_the_entries_are_these() -> None:
    assert ENTRIES == ["api", "api_hmac", "erp_in", "inbox", "outbox", "sweep"]


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_without_its_environment_fails_at_init(entry: str) -> None:
    with pytest.raises(Misconfigured, match="BRIDGE_TABLE"):
        runpy.run_path(str(ROOT / "functions" / f"{entry}.py"))


def test_amazon_tells_and_work_goes_to_its_lane(account: Account) -> None:
    inbox = account.function("inbox")
    assert inbox(batch(notification(), "not JSON", notification())) == {"batchItemFailures": []}
    assert account.waiting("erp") == [WORK]
    assert account.waiting("orders") == []


def test_work_whose_target_is_silent_is_due_later(account: Account, capfd: pytest.CaptureFixture[str]) -> None:
    account.function("inbox")(batch(notification()))
    outbox = account.function("outbox", kinds="hand_to_erp,cancel_in_erp,hold_in_erp,amend_in_erp")
    assert outbox(batch(encode(WORK, None), encode(Work("fetch_order", KEY), None), "junk")) == {
        "batchItemFailures": []
    }
    state = account.desk.state(WORK) or {}
    assert (state["want"], state["tries"], "done" in state) == (1, 1, False)
    assert state["reason"] == "Login with Amazon did not answer: ConnectError"
    assert "canary" not in "".join(capfd.readouterr())


def test_the_due_sweep_sends_what_was_lost(account: Account) -> None:
    account.function("inbox")(batch(notification()))
    assert account.waiting("erp") == [WORK]
    turn = account.desk.claim(WORK, None)
    assert turn is not None
    lost = datetime.now(UTC) - timedelta(minutes=1)
    assert account.desk.postpone(turn, lost, Throttled("x", lost))
    account.function("sweep", kinds="due")({})
    assert account.waiting("erp") == [WORK]


@pytest.mark.parametrize("sweep", ["orders", "shipments"])
def test_a_sweep_whose_source_is_silent_comes_again(account: Account, sweep: str) -> None:
    assert account.function("sweep", kinds=sweep)({}) is None
    assert account.sellers.cursor(SELLER, sweep).at is None


def test_the_erp_tells_and_the_parcel_waits_for_its_order(account: Account) -> None:
    line = {"order_item_id": "item-1", "quantity": 1}
    package = {
        "package_id": "P",
        "carrier": "DHL",
        "tracking": "T",
        "shipped_at": "2026-11-24T09:00:00Z",
        "lines": [line],
    }
    body = {"region": "eu", "seller_id": SELLER.seller_id, "order_id": KEY.order_id, "shipment_id": "S"}
    event = {"routeKey": "POST /v1/shipments", "body": json.dumps({**body, "packages": [package]})}
    assert account.function("api")(event)["statusCode"] == 202
    assert [work.kind for work in account.waiting("shipments")] == ["confirm_shipment"]
    assert [work.kind for work in account.waiting("orders")] == ["fetch_order"]


def test_the_erp_tells_from_outside_aws(account: Account, capfd: pytest.CaptureFixture[str]) -> None:
    hold_api_secrets("canary-key")
    door = account.function("api_hmac", erp_secret="gone")
    said = signed_count("SKU-1", "canary-key")
    assert [door(said)["statusCode"] for _ in range(2)] == [202, 401]
    assert "canary" not in "".join(capfd.readouterr())


def hold_api_secrets(*keys: str) -> None:
    secret = {"api_secrets": ["whsec_" + base64.b64encode(key.encode() * 3).decode() for key in keys]}
    boto3.client("secretsmanager").put_secret_value(SecretId="api", SecretString=json.dumps(secret))


def signed_count(sku: str, key: str) -> dict[str, Any]:
    """A report of stock as API Gateway brings it."""
    count = {"sku": sku, "quantity": 3, "at": "2026-11-24T09:00:00Z"}
    body = json.dumps({"region": "eu", "seller_id": SELLER.seller_id, "stock": [count]})
    call = Call(str(int(datetime.now(UTC).timestamp())), "POST", "/hmac/v1/stock", body.encode())
    headers = {"bridge-timestamp": call.timestamp, "bridge-signature": sign(key.encode() * 3, call)}
    return {"routeKey": "POST /hmac/v1/stock", "body": body, "headers": headers}


@pytest.mark.parametrize(
    ("held", "heard"), [(["old-old-old"], [202, 401]), (["new-new-new", "old-old-old"], [202, 202])]
)
def test_two_secrets_are_good_while_one_replaces_the_other(account: Account, held: list[str], heard: list[int]) -> None:
    hold_api_secrets(*held)
    door = account.function("api_hmac")
    assert [door(signed_count(key, key))["statusCode"] for key in ("old-old-old", "new-new-new")] == heard


def test_a_secret_in_the_place_of_old_opens_no_door(account: Account) -> None:
    """The ERP's secret is not read any more, whatever stands in it."""
    secret = {**ERP, "api_secrets": ["whsec_" + base64.b64encode(b"k" * 32).decode()]}
    boto3.client("secretsmanager").put_secret_value(SecretId="erp", SecretString=json.dumps(secret))
    with pytest.raises(Misconfigured, match='the API secret lacks "api_secrets"'):
        account.function("api_hmac")


def test_the_erp_tells_through_its_queue(account: Account) -> None:
    message = {"route": "cancel-requests", "body": {"region": "eu", "seller_id": "AOTHER0000000"}}
    assert account.function("erp_in")(batch("junk", json.dumps(message))) == {"batchItemFailures": []}
    message["body"] = {**message["body"], "order_id": KEY.order_id, "reason": "out of stock"}  # type: ignore[dict-item]
    assert account.function("erp_in")(batch(json.dumps(message))) == {"batchItemFailures": [{"itemIdentifier": "0"}]}


def test_an_erp_that_does_not_answer_is_left_in_peace_on_dynamodb(account: Account) -> None:
    table, clock = DynamoTable(boto3.client("dynamodb"), "core"), SystemClock()
    assert [Circuits(table, clock, "tryton").failed() for _ in range(6)] == [False] * 4 + [True, False]
    account.function("inbox")(batch(notification()))
    account.function("outbox", kinds="hand_to_erp")(batch(encode(WORK, None)))
    state = account.desk.state(WORK) or {}
    assert (state["tries"], "left in peace" in state["reason"]) == (0, True)


@pytest.mark.parametrize(
    ("entry", "changes", "complaint"),
    [
        ("api_hmac", {}, 'the API secret lacks "api_secrets"'),
        ("api_hmac", {"api_secret": "gone"}, "secret gone cannot be read"),
        ("outbox", {"kinds": ""}, "BRIDGE_KINDS names no effect"),
        ("outbox", {"kinds": "hand_to_erp,fly"}, "BRIDGE_KINDS names no effect: fly"),
        ("outbox", {"kinds": "hand_to_erp", "erp_secret": "gone"}, "secret gone cannot be read"),
        ("outbox", {"kinds": "hand_to_erp", "erp": "sap"}, "ERP connector 'sap'"),
        ("outbox", {"kinds": "hand_to_erp", "erp": "eventbridge"}, "the deployment names no event bus"),
        ("outbox", {"kinds": "hand_to_erp", "erp": "sqs", "erp_target": "x"}, "must be the ARN of an SQS queue"),
        ("outbox", {"kinds": "hand_to_erp", "erp": "no.such:connect"}, "cannot be imported"),
        ("outbox", {"kinds": "hand_to_erp", "erp_secret": "lwa"}, "the ERP secret lacks"),
        ("sweep", {"kinds": "fly"}, "BRIDGE_KINDS must name one sweep"),
        ("sweep", {"kinds": "shipments", "erp_secret": "gone"}, "secret gone cannot be read"),
    ],
)
def test_a_misconfigured_function_fails_at_init_and_is_counted(
    account: Account, capfd: pytest.CaptureFixture[str], entry: str, changes: dict[str, str], complaint: str
) -> None:
    with pytest.raises(Misconfigured, match=complaint):
        account.function(entry, **changes)
    out = capfd.readouterr().out
    assert '"Misconfigured":[1.0]' in out
    assert "canary" not in out


def test_a_connector_inside_aws_writes_to_what_the_deployment_names(account: Account) -> None:
    arn = account.sqs.get_queue_attributes(QueueUrl=account.queues["orders"], AttributeNames=["QueueArn"])
    chosen = settings(erp="sqs", erp_target=arn["Attributes"]["QueueArn"])
    wiring.erp(chosen).hold(KEY, "the buyer asked to cancel")
    (message,) = account.sqs.receive_message(QueueUrl=account.queues["orders"])["Messages"]
    assert json.loads(message["Body"])["order_id"] == KEY.order_id


def test_a_connector_whose_look_up_lags_is_refused(account: Account) -> None:
    with pytest.raises(Misconfigured, match="cannot prevent duplicates"):
        account.function("outbox", kinds="hand_to_erp", erp=f"{__name__}:lagging")


def lagging(_config: dict[str, object]) -> Any:
    class Lagging:
        lookup_lag = timedelta(seconds=60)

    return Lagging()


@pytest.mark.parametrize("kinds", ["fetch_order,read_back", "confirm_shipment"])
def test_a_lane_without_erp_needs_no_erp(account: Account, kinds: str) -> None:
    outbox = account.function("outbox", kinds=kinds, erp_secret="gone", erp="none")
    assert outbox(batch("junk")) == {"batchItemFailures": []}


def test_a_bug_fails_the_invocation_and_is_counted(account: Account, capfd: pytest.CaptureFixture[str]) -> None:
    api = account.function("api")
    with pytest.raises(AttributeError):
        api("no event at all")
    out = capfd.readouterr().out
    assert '"Bug":[1.0]' in out
    assert "AttributeError at api.py" in out
