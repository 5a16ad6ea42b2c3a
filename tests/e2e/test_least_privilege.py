"""The deployed product while the emulator enforces IAM: nothing that is needed is denied, and nothing else allowed."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local.demo.warehouse_floor import Floor, post, post_signed
from local.deploy import STAGE
from local.emulator.server import ACCOUNT, REGION
from local.simulator.queues import AMAZON
from local.simulator.remote import Placed
from tests.e2e.rights import LATER_S, MISJUDGED, NEVER_ASKED, RIGHTS, Place, Right
from tests.e2e.roles import ERP_SYSTEM, EVERYONE, FUNCTIONS, OPERATOR, Roles
from tests.e2e.stage import DE, EUROPE, UK, Stage, until

pytestmark = pytest.mark.emulator

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}
COMPLAINT = re.compile(r'Denied|AuthorizationError|not authorized|cannot be read|Traceback|"level": ?"(?!INFO")')
STRANGER = "999988887777"
COUNT = {"sku": "SKU-0001", "quantity": 3, "at": "2026-11-24T09:00:00Z"}
STOCK = {"region": "eu", "seller_id": EUROPE, "stock": [COUNT]}


def api_secrets(stage: Stage) -> list[str]:
    secret = stage.machine.outputs["ApiSecret"]
    found = stage.machine.client("secretsmanager").get_secret_value(SecretId=secret)
    return list(json.loads(found["SecretString"])["api_secrets"])


@pytest.fixture(scope="module")
def roles(enforced: Stage) -> Iterator[Roles]:
    with closing(Roles(enforced.machine)) as made:
        yield made


@pytest.fixture(scope="module")
def place(enforced: Stage, roles: Roles) -> Place:
    return Place(enforced.machine, roles)


@dataclass(frozen=True)
class Played:
    """Two orders at the end of their way: one came by its notification, one was found by the search of orders."""

    told: Placed
    found: Placed


@pytest.fixture(scope="module")
def played(enforced: Stage, roles: Roles) -> Played:
    told, found = enforced.order("SKU-0001"), enforced.order("SKU-0002", delivery={"lose": True})
    enforced.machine.client("sqs").send_message(
        QueueUrl=enforced.machine.outputs["NotificationsQueueUrl"], MessageBody="this is not JSON"
    )
    enforced.handed(told)
    enforced.warehouse.ship(told.order_id, "DHL", "JJD-TOLD")
    with closing(Floor(enforced.machine, roles.credentials(ERP_SYSTEM))) as floor:
        floor.tell(EUROPE, "eu", told.order_id)
    until("JJD-TOLD at Amazon", lambda: enforced.packages(told))
    assert post_signed(enforced.machine, "stock", STOCK, api_secrets(enforced)[0]).status_code == 202

    def swept(part: str, order: Placed, step: str) -> None:
        def look() -> bool:
            enforced.sweep(part)
            return step in enforced.timeline(order).get("steps", ())

        until(f"{step!r} in the timeline of {order.order_id}", look, every_s=2)

    swept("SweepsOrders", found, "order in the ERP")
    enforced.handed(found)
    enforced.warehouse.ship(found.order_id, "DPD", "DPD-FOUND")
    enforced.confirmed(found, "DPD-FOUND")
    for order in (told, found):
        swept("SweepsDue", order, "Amazon shows the tracking")
    return Played(told, found)


def complaints(stage: Stage) -> list[str]:
    """What functions logged of denials, or of anything else amiss; and of those that could not even start."""
    logged = [f"{group}: {line}" for group, line in stage.log_lines() if COMPLAINT.search(line)]
    told = (stage.machine.run / "emulator.log").read_text(encoding="utf-8", errors="replace").splitlines()
    return logged + [line for line in told if " ERROR [lambda" in line]


def test_orders_pass_through_every_function_and_nothing_needed_is_denied(enforced: Stage, played: Played) -> None:
    assert enforced.timeline(played.told)["steps"] >= {"notification came in", "shipment reported by the ERP"}
    for order, tracking in ((played.told, "JJD-TOLD"), (played.found, "DPD-FOUND")):
        (package,) = enforced.packages(order).values()
        assert (package["tracking"], package["confirmations"]) == (tracking, 1)
        assert enforced.timeline(order)["open"] == []
    until("the spoilt message parked", lambda: enforced.parked("not JSON"))
    assert complaints(enforced) == []
    worked = {group for group, line in enforced.log_lines() if '"level":"INFO"' in line}
    assert len(worked) == len(FUNCTIONS)
    _, told = enforced.bridge("status")
    assert {row["queue"]: row["waiting"] for row in told["queues"] if row["dead"] and row["waiting"]} == {}


def answer(call: Callable[[], object]) -> dict[str, str]:
    """The error that answers a call: empty if there is none."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]
    return {}


def asked(roles: Roles, right: Right, who: str, place: Place) -> str:
    """The code of the error that answers the call, or nothing."""
    client = roles.client(who, right.action.partition(":")[0])
    call = getattr(client, right.through or xform_name(right.action.partition(":")[2]))
    request = right.asks(place)
    error = answer(lambda: call(**request))
    if error.get("Code") not in DENIED:
        return error.get("Code", "")
    why = rf"not authorized to perform: {right.action} (on resource: \S+ )?because no identity-based policy allows"
    return "denied" if re.search(why, error["Message"]) else error["Message"]


@pytest.mark.parametrize("right", RIGHTS, ids=lambda right: right.name)
def test_who_may_is_answered_and_all_others_are_denied(right: Right, roles: Roles, place: Place) -> None:
    others = [who for who in EVERYONE if who not in right.may]
    assert right.may
    assert others
    assert {who: asked(roles, right, who, place) for who in others} == dict.fromkeys(others, "denied")
    assert {who: asked(roles, right, who, place) for who in right.may} == dict.fromkeys(right.may, right.answer)


def test_amazon_may_deliver_and_nothing_else_and_no_other_account_may(enforced: Stage) -> None:
    """By the queue's own policy, from one account to another; the notifications of `played` came the same way."""
    told = enforced.machine.outputs

    def may(account: str, action: str, queue: str, **asked: Any) -> bool:
        cloud = enforced.machine.emulator
        keys = {"aws_access_key_id": account, "aws_secret_access_key": "local", "region_name": REGION}
        with closing(boto3.client("sqs", endpoint_url=cloud.url, verify=cloud.certificate, **keys)) as sqs:
            error = answer(lambda: getattr(sqs, action)(QueueUrl=told[queue], **asked))
        assert error.get("Code", "AccessDenied") == "AccessDenied"
        return not error

    later = {"MessageBody": "of a test of rights", "DelaySeconds": LATER_S}
    assert may(AMAZON, "send_message", "NotificationsQueueUrl", **later)
    assert may(AMAZON, "get_queue_attributes", "NotificationsQueueUrl", AttributeNames=["QueueArn"])
    assert not may(STRANGER, "send_message", "NotificationsQueueUrl", **later)
    assert not may(AMAZON, "receive_message", "NotificationsQueueUrl")
    assert may(ACCOUNT, "receive_message", "NotificationsQueueUrl", VisibilityTimeout=0)
    for queue in ("NotificationsDeadUrl", "OrdersQueueUrl", "ErpQueueUrl", "ShipmentsQueueUrl"):
        assert not may(AMAZON, "send_message", queue, **later)
        assert may(ACCOUNT, "send_message", queue, **later)


def test_the_erp_may_report_shipments_and_no_other_role_may(enforced: Stage, roles: Roles) -> None:
    def status(credentials: Credentials | None) -> int:
        return post(enforced.machine, "shipments", {}, credentials).status_code

    allowed = roles.credentials(ERP_SYSTEM)
    forged = Credentials(allowed.access_key, "not its secret", allowed.token)
    others = [who for who in EVERYONE if who != ERP_SYSTEM]
    assert {who: status(roles.credentials(who)) for who in others} == dict.fromkeys(others, 403)
    assert (status(None), status(forged)) == (403, 403)
    assert status(allowed) == 400  # by our own function: the body is empty


def test_who_signs_with_a_secret_is_heard_and_nobody_else(enforced: Stage) -> None:
    """The emulator lets everybody through to that door; two secrets are good while one replaces the other."""
    (old,) = api_secrets(enforced)
    new, unknown = ("whsec_" + base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    put, calls = enforced.machine.client("secretsmanager").put_secret_value, itertools.count()

    def said(who: str, secret: str) -> int:
        # A body of its own for each call: the same one twice in a second is a repetition, and not heard.
        count = {**COUNT, "sku": f"SKU-{who}-{next(calls)}"}
        return post_signed(enforced.machine, "stock", {**STOCK, "stock": [count]}, secret).status_code

    for valid, heard in (([old], (202, 401)), ([new, old], (202, 202)), ([new], (401, 202))):
        put(SecretId=enforced.machine.outputs["ApiSecret"], SecretString=json.dumps({"api_secrets": valid}))
        enforced.kill_workers("ApiSignedFunction")  # they remember a secret for five minutes
        until("a new worker", lambda: said("UNKNOWN", unknown) == 401)  # the emulator has one call fail with a dead one
        assert (said("OLD", old), said("NEW", new), said("UNKNOWN", unknown)) == (*heard, 401)
    assert post(enforced.machine, "stock", STOCK, None).status_code == 403


def test_the_operators_rights_are_enough_for_every_command(enforced: Stage, roles: Roles, played: Played) -> None:
    def bridge(*arguments: str, stdin: str = "") -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "bridge.cli", "--stage", STAGE, "--json", *arguments],
            env={**enforced.machine.environ, **roles.environ(OPERATOR)},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == "", arguments
        return json.loads(done.stdout)

    number = str(until("the spoilt message parked", lambda: enforced.parked("not JSON"))["number"])
    assert bridge("parked", "list")
    assert bridge("parked", "show", number)
    bridge("parked", "retry", number)
    bridge("parked", "retry", "--all")
    assert bridge("order", played.told.order_id)
    token = enforced.amazon.add_seller(EUROPE, "eu", marketplace_ids=[DE, UK])
    bridge("seller", "add", EUROPE, "--region", "eu", stdin=token + "\n")
    for command in ("dry-run", "pause", "resume"):
        bridge("seller", command, EUROPE)
    assert bridge("seller", "list")
    assert {row["seller"] for row in bridge("status")["sellers"]} >= {f"eu:{EUROPE}"}


def judged(enforced: Stage, role: str, action: str, resource: str) -> bool:
    """What the emulator's policy simulator says of a role, for resources that no call here reaches as AWS does."""
    iam = enforced.machine.client("iam")
    asked = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=[action], ResourceArns=[resource])
    (result,) = asked["EvaluationResults"]
    return bool(result["EvalDecision"] == "allowed")


@pytest.mark.parametrize("action", ["CreateLogStream", "PutLogEvents"])
def test_a_function_may_write_its_own_log_and_no_other(enforced: Stage, roles: Roles, action: str) -> None:
    def log(part: str) -> str:
        return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{roles.log_group(part)}:log-stream:2026/11/24/[$LATEST]a"

    for owner in FUNCTIONS:
        may = {who for who in EVERYONE if judged(enforced, roles.arn(who), f"logs:{action}", log(owner))}
        assert may == {owner}


def test_a_schedule_may_start_its_own_sweep_and_no_other(enforced: Stage, roles: Roles) -> None:
    assert len(roles.schedule_roles) == 3
    for sweep, role in roles.schedule_roles.items():
        named = {part: f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{roles.function_name(part)}" for part in FUNCTIONS}
        assert {part for part, arn in named.items() if judged(enforced, role, "lambda:InvokeFunction", arn)} == {sweep}


def test_functions_may_write_traces(enforced: Stage, roles: Roles) -> None:
    for action in ("xray:PutTraceSegments", "xray:PutTelemetryRecords"):
        assert {who for who in EVERYONE if judged(enforced, roles.arn(who), action, "*")} == set(FUNCTIONS)


@pytest.mark.parametrize("wrong", MISJUDGED, ids=lambda right: right.name)
def test_what_the_emulator_denies_wrongly_it_still_denies(wrong: Right, roles: Roles, place: Place) -> None:
    assert {who: asked(roles, wrong, who, place) for who in wrong.may} == dict.fromkeys(wrong.may, "denied")


def test_what_the_emulator_never_asks_for_is_not_missed(enforced: Stage, roles: Roles) -> None:
    """So the pass above says nothing of these rights: they are for the template's tests, and for AWS, to show."""
    with roles.without("InboxFunction", *NEVER_ASKED):
        enforced.kill_workers("InboxFunction")
        queue = enforced.machine.outputs["NotificationsQueueUrl"]
        enforced.machine.client("sqs").send_message(QueueUrl=queue, MessageBody='["a", "list"]')
        # The emulator may give it to the dead worker first: then the queue brings it again after 180 s.
        until("the spoilt message parked", lambda: enforced.parked("not an object"), patience_s=300)


@pytest.mark.parametrize(
    ("part", "action"), [("SweepsDue", "dynamodb:Query"), ("SweepsShipments", "secretsmanager:GetSecretValue")]
)
def test_a_right_that_is_taken_away_is_missed(enforced: Stage, roles: Roles, part: str, action: str) -> None:
    """The pass above would have failed: a denial is seen in the log, from the table as from a secret."""
    before = set(complaints(enforced))
    with roles.without(part, action):
        enforced.kill_workers(part)  # they may remember a secret
        enforced.sweep(part)
        missed = until("a complaint", lambda: set(complaints(enforced)) - before)
    assert all(part in line for line in missed)
