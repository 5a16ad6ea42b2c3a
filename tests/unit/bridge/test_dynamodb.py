"""DynamoDB's bad days: a collision is tried again, a false condition is an answer, our own mistake is a bug, and
everything else is Unavailable.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from bridge.domain.errors import BridgeError, Unavailable
from bridge.stores.dynamodb import DynamoTable
from bridge.stores.table import Absent, ConditionFailed, Invalid, Key, Put, Update

KEY = Key("p", "s")
CONFLICT, NONE, FALSE = {"Code": "TransactionConflict"}, {"Code": "None"}, {"Code": "ConditionalCheckFailed"}


class Client:
    """Answers or fails in the order it is told to."""

    exceptions = boto3.client("dynamodb", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x").exceptions

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[str] = []
        self.tokens: list[str] = []
        self.asked: list[dict[str, Any]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            self.calls.append(operation)
            self.tokens.append(parameters.get("ClientRequestToken", ""))
            self.asked.append(parameters.get("RequestItems", {}))
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def cancelled(*reasons: dict[str, Any]) -> ClientError:
    error = {
        "Error": {"Code": "TransactionCanceledException", "Message": "canary"},
        "CancellationReasons": list(reasons),
    }
    return ClientError(error, "TransactWriteItems")  # type: ignore[arg-type]


def failed(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "canary"}}, "X")


def transact(*answers: Any) -> tuple[Client, list[float]]:
    client, pauses = Client(*answers), list[float]()
    table = DynamoTable(client, "core", sleep=pauses.append)
    table.transact([Put(KEY, {}, Absent("pk")), Update(Key("p", "t"), set={"a": 1})])
    return client, pauses


def test_a_collision_is_tried_again() -> None:
    client, pauses = transact(cancelled(CONFLICT, NONE), failed("TransactionConflictException"), {})
    assert client.calls == ["transact_write_items"] * 3
    assert len(pauses) == 2
    assert all(0 <= pause <= 0.2 for pause in pauses)


def test_a_transaction_keeps_its_token_and_no_two_share_one() -> None:
    """An attempt that was believed lost may land between the others; it must not count twice."""
    one, other = (transact(cancelled(CONFLICT, NONE), cancelled(CONFLICT, NONE), {})[0] for _ in range(2))
    assert len(set(one.tokens)) == len(set(other.tokens)) == 1
    assert one.tokens[0] != other.tokens[0] != ""


def test_collisions_without_end_are_unavailable() -> None:
    client = Client(*[cancelled(NONE, CONFLICT)] * 10)
    with pytest.raises(Unavailable, match="colliding"):
        DynamoTable(client, "core", sleep=lambda _: None).transact([Put(KEY, {}), Put(Key("p", "t"), {})])
    assert len(client.calls) == 4


def test_a_false_condition_is_an_answer_even_beside_a_collision() -> None:
    old = {"Item": {"pk": {"S": "p"}, "sk": {"S": "t"}, "n": {"N": "3"}}}
    with pytest.raises(ConditionFailed) as answer:
        transact(cancelled(CONFLICT, {**FALSE, **old}))
    assert answer.value.index == 1
    assert answer.value.item == {"pk": "p", "sk": "t", "n": 3}


def test_a_false_condition_after_a_collision_is_an_answer() -> None:
    with pytest.raises(ConditionFailed) as answer:
        transact(cancelled(CONFLICT, NONE), cancelled(FALSE, NONE))
    assert (answer.value.index, answer.value.item) == (0, None)


SILENCE: list[Exception] = [
    failed("ProvisionedThroughputExceededException"),
    failed("ThrottlingException"),
    failed("InternalServerError"),
    failed("ResourceNotFoundException"),
    failed("AccessDeniedException"),
    ReadTimeoutError(endpoint_url="https://x"),
    ConnectTimeoutError(endpoint_url="https://x"),
    EndpointConnectionError(endpoint_url="https://x"),
    NoCredentialsError(),
]
OUR_FAULT: list[Exception] = [
    failed("ValidationException"),
    failed("SerializationException"),
    ParamValidationError(report="canary"),
]
CALLS: dict[str, Callable[[DynamoTable], Any]] = {
    "get": lambda table: table.get(KEY),
    "several": lambda table: table.several(KEY),
    "query": lambda table: table.query("p"),
    "due": lambda table: table.due("D#0", "9", 1),
    "put": lambda table: table.put(Put(KEY, {})),
    "update": lambda table: table.update(Update(KEY, set={"a": 1})),
    "delete": lambda table: table.delete(KEY),
    "transact": lambda table: table.transact([Put(KEY, {})]),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    "error", SILENCE, ids=lambda e: e.response["Error"]["Code"] if isinstance(e, ClientError) else type(e).__name__
)
def test_a_table_that_does_not_answer_is_unavailable(call: Callable[[DynamoTable], Any], error: Exception) -> None:
    client = Client(error)
    with pytest.raises(Unavailable, match=r"^DynamoDB: ") as unavailable:
        call(DynamoTable(client, "core", sleep=lambda _: None))
    assert "canary" not in str(unavailable.value)
    assert len(client.calls) == 1


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("error", OUR_FAULT, ids=lambda e: str(e)[:60])
def test_what_the_table_would_never_take_is_a_bug_and_not_to_be_tried_again(
    call: Callable[[DynamoTable], Any], error: Exception
) -> None:
    client = Client(error)
    with pytest.raises(Invalid) as bug:
        call(DynamoTable(client, "core", sleep=lambda _: None))
    assert "canary" not in "".join(traceback.format_exception(bug.value))
    assert not isinstance(bug.value, BridgeError)
    assert len(client.calls) == 1


def test_so_is_one_write_of_a_transaction_that_it_would_never_take() -> None:
    with pytest.raises(Invalid):
        transact(cancelled(CONFLICT, {"Code": "ValidationError", "Message": "canary"}))


def test_a_false_condition_beside_such_a_write_is_an_answer() -> None:
    with pytest.raises(ConditionFailed):
        transact(cancelled({"Code": "ValidationError"}, FALSE))


PLAIN = {name: call for name, call in CALLS.items() if name != "transact"}


@pytest.mark.parametrize("name", PLAIN)
def test_a_single_call_that_collides_with_a_transaction_is_tried_again(name: str) -> None:
    attributes = {"pk": {"S": "p"}, "sk": {"S": "s"}}
    client, pauses = (
        Client(*[failed("TransactionConflictException")] * 3, {"Attributes": attributes, "Items": [], "Responses": {}}),
        [],
    )
    PLAIN[name](DynamoTable(client, "core", sleep=pauses.append))
    assert len(client.calls) == 4
    assert len(pauses) == 3
    assert all(0 <= pause <= 0.2 for pause in pauses)


@pytest.mark.parametrize("name", ["put", "update", "delete"])
def test_single_calls_that_collide_without_end_are_unavailable(name: str) -> None:
    client = Client(*[failed("TransactionConflictException")] * 10)
    with pytest.raises(Unavailable, match="colliding"):
        PLAIN[name](DynamoTable(client, "core", sleep=lambda _: None))
    assert len(client.calls) == 4


def test_a_false_condition_after_a_collision_of_one_write_is_an_answer() -> None:
    error = {"Error": {"Code": "ConditionalCheckFailedException", "Message": "x"}}
    refusal = Client.exceptions.ConditionalCheckFailedException(error, "PutItem")
    client = Client(failed("TransactionConflictException"), refusal)
    with pytest.raises(ConditionFailed):
        DynamoTable(client, "core", sleep=lambda _: None).put(Put(KEY, {}, Absent("pk")))


def test_a_second_page_that_fails_is_not_half_an_answer() -> None:
    page = {"Items": [{"pk": {"S": "p"}, "sk": {"S": "a"}}], "LastEvaluatedKey": {"pk": {"S": "p"}}}
    with pytest.raises(Unavailable):
        DynamoTable(Client(page, failed("ThrottlingException")), "core").query("p")


def test_a_false_condition_of_one_write_is_an_answer() -> None:
    error = {"Error": {"Code": "ConditionalCheckFailedException", "Message": "x"}, "Item": {"n": {"N": "1"}}}
    refusal = Client.exceptions.ConditionalCheckFailedException(error, "PutItem")
    with pytest.raises(ConditionFailed) as answer:
        DynamoTable(Client(refusal), "core").put(Put(KEY, {}, Absent("pk")))
    assert answer.value.item == {"n": 1}


def batch(*names: str, left: tuple[str, ...] = ()) -> dict[str, Any]:
    items = [{"pk": {"S": "p"}, "sk": {"S": name}} for name in names]
    keys = [{"pk": {"S": "p"}, "sk": {"S": name}} for name in left]
    return {"Responses": {"core": items}, "UnprocessedKeys": {"core": {"Keys": keys}} if left else {}}


def test_items_that_a_busy_table_left_out_are_asked_for_again() -> None:
    client, pauses = Client(batch("A", left=("B",)), batch("B")), list[float]()
    table = DynamoTable(client, "core", sleep=pauses.append)
    found = table.several(Key("p", "B"), Key("p", "A"), Key("p", "gone"))
    assert [item and item["sk"] for item in found] == ["B", "A", None]
    assert len(pauses) == 1


def test_items_that_are_never_read_are_no_answer() -> None:
    client = Client(*[batch(left=("A",))] * 10)
    with pytest.raises(Unavailable):
        DynamoTable(client, "core", sleep=lambda _: None).several(Key("p", "A"))


def test_hundreds_are_asked_for_a_hundred_at_a_time_and_none_twice() -> None:
    names = [f"{n:03}" for n in range(201)]
    client = Client(batch(*names[:100]), batch(*names[100:199], left=("199",)), batch("199"), batch())
    found = DynamoTable(client, "core", sleep=lambda _: None).several(*(Key("p", name) for name in [*names, "000"]))
    assert [item and item["sk"] for item in found] == [*names[:200], None, "000"]
    assert [len(asked["core"]["Keys"]) for asked in client.asked] == [100, 100, 1, 1]


def test_no_keys_are_no_call() -> None:
    client = Client()
    assert DynamoTable(client, "core").several() == []
    assert client.calls == []
