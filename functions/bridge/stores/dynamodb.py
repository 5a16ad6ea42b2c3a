"""The table on DynamoDB, through one boto3 client."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from bridge.domain.errors import Unavailable
from bridge.stores.table import (
    Absent,
    All,
    Compare,
    Condition,
    ConditionFailed,
    Either,
    Invalid,
    Item,
    Key,
    Present,
    Put,
    Update,
    Write,
)

_TRIES, _AT_ONCE = 4, 100
CONFLICT, COLLIDING = "TransactionConflictException", "DynamoDB: writes to the same item keep colliding"
_OUR_FAULT = {"ValidationException", "SerializationException", "IdempotentParameterMismatchException"}
_INVALID = "DynamoDB takes no such request"
_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def _plain(value: Any) -> Any:
    """DynamoDB's numbers come as Decimal; the bridge stores whole numbers only."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return int(value) if type(value).__name__ == "Decimal" else value


def _read(raw: dict[str, Any]) -> Item:
    return {name: _plain(_deserialize(value)) for name, value in raw.items()}


def _write(item: Item) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in item.items()}


class _Expression:
    """Collects names and values while conditions and updates are put into DynamoDB's words."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, name: str) -> str:
        token = next((old for old, known in self.names.items() if known == name), f"#n{len(self.names)}")
        self.names[token] = name
        return token

    def value(self, value: Any) -> str:
        token = f":v{len(self.values)}"
        self.values[token] = _serialize(value)
        return token

    def condition(self, condition: Condition) -> str:
        match condition:
            case Absent(name):
                return f"attribute_not_exists({self.name(name)})"
            case Present(name):
                return f"attribute_exists({self.name(name)})"
            case Compare(name, operator, value):
                return f"{self.name(name)} {operator} {self.value(value)}"
            case All(parts):
                return "(" + " AND ".join(self.condition(part) for part in parts) + ")"
            case Either(parts):
                return "(" + " OR ".join(self.condition(part) for part in parts) + ")"

    def update(self, write: Update) -> str:
        sets = [f"{self.name(name)} = {self.value(value)}" for name, value in write.set.items()]
        for name, value in write.init.items():
            token = self.name(name)
            sets.append(f"{token} = if_not_exists({token}, {self.value(value)})")
        adds = [f"{self.name(name)} {self.value(value)}" for name, value in write.add.items()]
        clauses = [("SET", sets), ("ADD", adds), ("REMOVE", [self.name(name) for name in write.remove])]
        return " ".join(f"{word} {', '.join(parts)}" for word, parts in clauses if parts)

    def parameters(self) -> dict[str, Any]:
        return {
            **({"ExpressionAttributeNames": self.names} if self.names else {}),
            **({"ExpressionAttributeValues": self.values} if self.values else {}),
        }


class DynamoTable:
    """`client` is a boto3 DynamoDB client with short time-outs."""

    def __init__(self, client: Any, name: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._name = name
        self._sleep = sleep

    def get(self, key: Key) -> Item | None:
        answer = self._call("get_item", Key=_write(key._asdict()), ConsistentRead=True)
        return _read(answer["Item"]) if "Item" in answer else None

    def several(self, *keys: Key) -> list[Item | None]:
        found: dict[Key, Item] = {}
        wanted = list(dict.fromkeys(keys))  # DynamoDB refuses a key that comes twice
        for first in range(0, len(wanted), _AT_ONCE):
            for item in self._batch(wanted[first : first + _AT_ONCE]):
                found[Key(item["pk"], item["sk"])] = item
        return [found.get(key) for key in keys]

    def _batch(self, keys: Sequence[Key]) -> list[Item]:
        items: list[Item] = []
        wanted: Any = [_write(key._asdict()) for key in keys]
        for attempt in range(_TRIES):
            asked = {self._name: {"Keys": wanted, "ConsistentRead": True}}
            answer = self._called(self._client.batch_get_item, RequestItems=asked)
            items += map(_read, answer["Responses"].get(self._name, []))
            wanted = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys")
            if not wanted:
                return items
            self._pause(attempt)
        msg = "DynamoDB: some items were not read"
        raise Unavailable(msg)

    def query(self, pk: str, prefix: str = "") -> list[Item]:
        expression = _Expression()
        condition = f"{expression.name('pk')} = {expression.value(pk)}"
        if prefix:
            condition += f" AND begins_with({expression.name('sk')}, {expression.value(prefix)})"
        return self._pages(KeyConditionExpression=condition, ConsistentRead=True, **expression.parameters())

    def due(self, shard: str, until: str, limit: int) -> list[Item]:
        expression = _Expression()
        shards, times = expression.name("dshard"), expression.name("due")
        condition = f"{shards} = {expression.value(shard)} AND {times} <= {expression.value(until)}"
        answer = self._call(
            "query", IndexName="due", KeyConditionExpression=condition, Limit=limit, **expression.parameters()
        )
        return [_read(raw) for raw in answer["Items"]]

    def put(self, write: Put) -> None:
        self._call("put_item", **self._parameters(write))

    def update(self, write: Update) -> Item:
        return _read(self._call("update_item", ReturnValues="ALL_NEW", **self._parameters(write))["Attributes"])

    def delete(self, key: Key) -> None:
        self._call("delete_item", Key=_write(key._asdict()))

    def transact(self, writes: Sequence[Write]) -> None:
        words = {Put: "Put", Update: "Update"}
        actions = [{words[type(write)]: self._parameters(write) | {"TableName": self._name}} for write in writes]
        # One token for all attempts: one that was believed lost may land between the others, and counts once.
        token = str(uuid.uuid4())
        for attempt in range(_TRIES):
            try:
                self._client.transact_write_items(TransactItems=actions, ClientRequestToken=token)
            except ClientError as error:
                reasons = error.response.get("CancellationReasons", [])
                for index, reason in enumerate(reasons):
                    if reason.get("Code") == "ConditionalCheckFailed":
                        raise ConditionFailed(index, _read(reason["Item"]) if reason.get("Item") else None) from None
                if any(reason.get("Code") == "ValidationError" for reason in reasons):
                    raise Invalid(_INVALID) from None
                if not reasons and error.response["Error"]["Code"] != CONFLICT:
                    _failed(error)
                self._pause(attempt)
            except BotoCoreError as error:
                _failed(error)
            else:
                return
        raise Unavailable(COLLIDING)

    def _parameters(self, write: Write) -> dict[str, Any]:
        expression = _Expression()
        out: dict[str, Any] = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if isinstance(write, Put):
            out["Item"] = _write({**write.item, **write.key._asdict()})
        else:
            out["Key"] = _write(write.key._asdict())
        if isinstance(write, Update):
            out["UpdateExpression"] = expression.update(write)
        if write.when is not None:
            out["ConditionExpression"] = expression.condition(write.when)
        return out | expression.parameters()

    def _pages(self, **parameters: Any) -> list[Item]:
        items: list[Item] = []
        while True:
            answer = self._call("query", **parameters)
            items += [_read(raw) for raw in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return items
            parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return self._called(getattr(self._client, operation), TableName=self._name, **parameters)

    def _called(self, operation: Callable[..., dict[str, Any]], **parameters: Any) -> dict[str, Any]:
        """A single write may collide with a transaction too, and boto3 does not try that again."""
        for attempt in range(_TRIES):
            try:
                answer = operation(**parameters)
            except self._client.exceptions.ConditionalCheckFailedException as error:
                old = error.response.get("Item")
                raise ConditionFailed(0, _read(old) if old else None) from None
            except ClientError as error:
                if error.response["Error"]["Code"] != CONFLICT:
                    _failed(error)
                self._pause(attempt)
            except BotoCoreError as error:
                _failed(error)
            else:
                return answer
        raise Unavailable(COLLIDING)

    def _pause(self, attempt: int) -> None:
        self._sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, not a secret


def _failed(error: Exception) -> NoReturn:
    """Without DynamoDB's text, which quotes values."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    if isinstance(error, ParamValidationError) or code in _OUR_FAULT:
        raise Invalid(f"{_INVALID}: {code}") from None
    msg = f"DynamoDB: {code}"
    raise Unavailable(msg) from error
