"""The operator's commands: what they say to people and to programs, what they change, and their exit status."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoRegionError

from bridge.cli.deployment import Deployment, NotDeployed
from bridge.domain.documents import Package, Shipment, ShipmentState
from bridge.domain.ids import NA, OrderItemId, Seller
from bridge.domain.lifecycle import HAND_TO_ERP, Change
from bridge.domain.sellers import Mode
from bridge.domain.work import Work
from bridge.stores.circuits import Circuits
from tests.fakes.world import SELLER, an_order
from tests.unit.bridge.console import Shell


def test_all_is_well(bridge: Shell) -> None:
    bridge.operator.connect()
    status, said = bridge("status")
    assert status == 0
    assert "!" not in said
    assert "overdue work: 0   parked: 0" in said


def test_status_of_a_new_deployment(bridge: Shell) -> None:
    status, said = bridge.json("status")
    assert (status, said["stage"], said["sellers"], said["findings"]) == (0, "test", [], [])
    assert len(said["queues"]) == 8


def test_status_says_what_needs_a_human(bridge: Shell) -> None:
    longer = bridge.operator.now - timedelta(hours=1)
    bridge.operator.connect(connected=longer, go_live=longer)
    bridge.operator.connect(Mode.NEEDS_CONSENT, seller=Seller(NA, SELLER.seller_id), reason="consent is gone")
    bridge.operator.sqs.waiting |= {"https://sqs/erp-dead": 2, "https://sqs/orders": 5}
    bridge.operator.park(Work(HAND_TO_ERP, bridge.operator.key()))
    bridge.operator.ask(Work(HAND_TO_ERP, bridge.operator.key("305-2")))
    status, said = bridge.json("status")
    assert (status, said["overdue"], said["parked"]) == (1, 1, 1)
    late, consent, dead, parked = said["findings"]
    assert late.startswith(f"{SELLER}: ")
    assert "sweep-late" in late
    assert consent == f"na:{SELLER.seller_id}: needs consent: consent is gone"
    assert dead.startswith("Erp")
    assert "2 dead messages" in dead
    assert parked == "1 parked; `bridge parked list`"
    assert [line for line in bridge("status")[1].splitlines() if line.startswith("!")] == [
        f"! {finding}" for finding in said["findings"]
    ]


def test_status_says_when_the_erp_is_silent(bridge: Shell) -> None:
    circuit = Circuits(bridge.operator.deployment.table, bridge.operator.deployment.clock, "tryton")
    for _ in range(5):
        assert bridge("status")[0] == 0
        circuit.failed()
    status, said = bridge.json("status")
    (finding,) = said["findings"]
    assert status == 1
    assert finding.startswith("ERP: 5 requests without an answer, next try 2")


def test_status_says_why_the_erp_turns_everything_away(bridge: Shell) -> None:
    circuit = Circuits(bridge.operator.deployment.table, bridge.operator.deployment.clock, "tryton")
    circuit.turned_away('the ERP does not accept the "key" in its secret')
    status, said = bridge.json("status")
    (finding,) = said["findings"]
    assert status == 1
    assert finding.startswith('ERP turns everything away: the ERP does not accept the "key" in its secret; no order ')
    assert finding.endswith("; see docs/runbooks/misconfigured.md")


def test_a_paused_seller_is_not_late(bridge: Shell) -> None:
    bridge.operator.connect(Mode.PAUSED, connected=bridge.operator.now - timedelta(days=1))
    assert bridge("status")[0] == 0


def test_the_timeline_of_an_order(bridge: Shell) -> None:
    bridge.operator.connect()
    key, deployment = bridge.operator.key(), bridge.operator.deployment
    deployment.orders.fold(key, an_order("305-1"))
    deployment.orders.change(key, lambda head: Change(replace(head, erp_number="S7"), milestone="handed"))
    package = Package("P1", "DHL", "T1", bridge.operator.now, ((OrderItemId("item-1"), 2),))
    deployment.parcels.report(Shipment("S1", key, ShipmentState.SHIPPED, bridge.operator.now, (package,)))
    status, said = bridge.json("order", "305-1")
    assert status == 0
    (entry,) = said
    assert (entry["order"], entry["status"], entry["erp"]) == (str(key), "UNSHIPPED", "S7")
    assert [step["what"] for step in entry["steps"]] == [
        "read from Amazon",
        "order in the ERP",
        "shipment reported by the ERP",
    ]
    assert (entry["parcels"][0]["tracking"], entry["parcels"][0]["confirmed"]) == ("T1", False)
    assert [work["work"] for work in entry["open"]] == ["hand_to_erp", "confirm_shipment"]
    text = bridge("order", "305-1")[1]
    assert "ERP S7" in text
    assert "not confirmed yet" in text
    assert "open: confirm_shipment due" in text


def test_an_order_of_nobody(bridge: Shell) -> None:
    bridge.operator.connect()
    assert bridge("order", "305-9") == (1, "no connected seller has an order 305-9\n")
    assert bridge.json("order", "305-9") == (1, [])


def parked_things(bridge: Shell) -> Work:
    work = Work(HAND_TO_ERP, bridge.operator.key())
    bridge.operator.park(work)
    bridge.operator.deployment.parking.park("abc", "not JSON", size=7)
    return work


def test_what_is_parked_is_listed_and_shown(bridge: Shell) -> None:
    assert bridge("parked", "list") == (0, "nothing is parked\n")
    work = parked_things(bridge)
    _, rows = bridge.json("parked", "list")
    assert [(row["number"], row["what"], row["reason"]) for row in rows] == [
        (1, str(work), "the ERP has no product X"),
        (2, "message abc", "not JSON"),
    ]
    assert "the ERP has no product X" in bridge("parked", "list")[1]
    assert bridge.json("parked", "show", "2")[1]["kept"]["size"] == 7
    assert "size: 7" in bridge("parked", "show", "2")[1]


@pytest.mark.parametrize("number", ["0", "-1", "3"])
def test_a_number_that_is_not_on_the_list(bridge: Shell, number: str) -> None:
    parked_things(bridge)
    assert bridge("parked", "show", "--", number)[0] == 1
    assert bridge("parked", "retry", "--", number) == (1, "nothing to retry\n")
    assert len(bridge.json("parked", "list")[1]) == 2


def test_parked_work_is_retried_by_its_number(bridge: Shell) -> None:
    work = parked_things(bridge)
    assert bridge("parked", "retry", "1") == (0, f"{work}: on its way\n")
    assert bridge.operator.sqs.sent == [("https://sqs/erp", work)]
    assert [row["what"] for row in bridge.json("parked", "list")[1]] == ["message abc"]
    turn = bridge.operator.deployment.desk.claim(work, None)
    assert turn is not None
    assert turn.accepted


def test_everything_parked_is_retried(bridge: Shell) -> None:
    parked_things(bridge)
    status, said = bridge.json("parked", "retry", "--all")
    assert (status, len(said)) == (0, 2)
    assert bridge("parked", "list") == (0, "nothing is parked\n")
    (_, work), *_ = bridge.operator.sqs.sent
    turn = bridge.operator.deployment.desk.claim(work, None)
    assert turn is not None
    assert not turn.accepted
    assert bridge("parked", "retry", "--all")[0] == 1


def test_retry_of_nothing_in_particular_is_a_wrong_call(bridge: Shell) -> None:
    parked_things(bridge)
    assert bridge("parked", "retry")[0] == 2
    assert len(bridge.json("parked", "list")[1]) == 2


def test_json_may_be_asked_for_first(bridge: Shell) -> None:
    assert json.loads(bridge("--json", "seller", "list")[1]) == []


@pytest.mark.parametrize("arguments", [(), ("fly",), ("seller",), ("seller", "add", "A3"), ("parked", "show", "x")])
def test_a_wrong_call_is_a_2(bridge: Shell, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as end:
        bridge(*arguments)
    assert end.value.code == 2


class CloudFormation:
    def __init__(self, said: Any) -> None:
        self.said = said

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803
        assert StackName == "Bridge-prod-Flow"
        if isinstance(self.said, Exception):
            raise self.said
        return {"Stacks": [self.said]}


def test_a_deployment_is_found_by_its_stage() -> None:
    outputs = [{"OutputKey": "A", "OutputValue": "1"}]
    found = Deployment.find("prod", lambda _: CloudFormation({"Outputs": outputs}))
    assert (found.stage, found.outputs) == ("prod", {"A": "1"})
    assert Deployment.find("prod", lambda _: CloudFormation({})).outputs == {}


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks"),
        NoRegionError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_not_deployed_is_said_with_what_to_do(error: Exception) -> None:
    with pytest.raises(NotDeployed, match=r"cannot see stack Bridge-prod-Flow .*is --stage right"):
        Deployment.find("prod", lambda _: CloudFormation(error))
