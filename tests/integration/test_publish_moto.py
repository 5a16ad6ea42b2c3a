"""The channels inside AWS on moto, but for EventBridge, whose rules moto follows only with a package more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from bridge.domain.errors import Misconfigured, Refused
from bridge.erp import connector
from bridge.erp.file_drop import object_name
from bridge.erp.publish.envelope import order as envelope_of
from bridge.erp.sqs import Sqs
from tests.contract.erp_kit.cases import RECIPIENT, order
from tests.integration.publishing import FileDropKit, SqsKit


@pytest.fixture(scope="module")
def client() -> Iterator[Callable[[str], Any]]:
    with mock_aws(), pytest.MonkeyPatch.context() as environ:
        environ.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        yield lambda service: boto3.client(service, region_name="eu-west-1")


class TestSqsOnMoto(SqsKit):
    """A standard queue."""


class TestFileDropOnMoto(FileDropKit):
    """A bucket that keeps versions."""


@pytest.mark.parametrize("name", ["sqs", "eventbridge", "file_drop"])
def test_a_deployment_for_another_connector_is_told(name: str) -> None:
    with pytest.raises(Misconfigured, match="deploy"):
        connector(name)({"put": "replace all of this"})


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("sqs", "arn:aws:sqs:eu-west-1:111122223333:orders"),
        ("eventbridge", "arn:aws:events:eu-west-1:111122223333:event-bus/orders"),
        ("file_drop", "orders"),
    ],
)
def test_the_deployment_names_the_target(name: str, where: str, client: Callable[[str], Any]) -> None:
    assert connector(name)({"target": where}).find is not None


@pytest.mark.parametrize("arn", ["orders", "https://sqs.eu-west-1.amazonaws.com/1/orders", "arn:aws:sns:eu-west-1:1:x"])
def test_what_is_no_queue_is_named(arn: str) -> None:
    with pytest.raises(Misconfigured, match="ARN"):
        Sqs(arn)


def test_a_fifo_queue_gets_one_orders_messages_in_order(client: Callable[[str], Any]) -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    publisher = connector("sqs")({"target": arn})
    key = order().key
    for reason in ("first", "first", "second"):
        publisher.hold(key, reason)
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    assert [json.loads(message["Body"])["data"]["reason"] for message in found] == ["first", "second"]
    assert {message["Attributes"]["MessageGroupId"] for message in found} == {key.order_id}


def test_an_object_is_named_by_order_and_version() -> None:
    document = replace(order(), version="2026-11-24T08:59:00.000000Z")
    name = object_name(envelope_of(document, RECIPIENT))
    folder, _, file = name.rpartition("/")
    assert folder == f"out/eu/{document.key.seller_id}/{document.key.order_id}"
    assert file.startswith("20261124T085900.000000Z_order_")
    assert ":" not in name


@pytest.mark.parametrize(("name", "where"), [("eventbridge", "bus"), ("sqs", "arn:aws:sqs:eu-west-1:111122223333:q")])
def test_what_no_message_can_hold_is_refused_with_its_size(name: str, where: str, client: Callable[[str], Any]) -> None:
    long = replace(RECIPIENT, instructions="x" * 1024 * 1024)
    with pytest.raises(Refused, match="bytes long"):
        connector(name)({"target": where}).create(order(), long)
