"""What DynamoDB refuses to write or to compare: a stand-in that takes it would hide a mistake until production."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from bridge.stores.table import All, Compare, Condition, Either, Invalid, Item, Key, Write

LARGEST, MOST_WRITES, MOST_DIGITS = 400 * 1024, 100, 38
LONGEST_PK, LONGEST_SK = 2048, 1024
ORDERED = (str, int)


def refuse(why: str) -> NoReturn:
    msg = f"DynamoDB: ValidationException: {why}"
    raise Invalid(msg)


def check_writes(writes: Sequence[Write]) -> None:
    if not 1 <= len(writes) <= MOST_WRITES:
        refuse("a transaction has 1 to 100 writes")
    if len({write.key for write in writes}) != len(writes):
        refuse("two writes of one item")
    for write in writes:
        check_key(write.key)
        check_condition(write.when)


def check_key(key: Key) -> None:
    if not 1 <= len(key.pk.encode()) <= LONGEST_PK or not 1 <= len(key.sk.encode()) <= LONGEST_SK:
        refuse("a key of no or too many bytes")


def check_condition(condition: Condition | None) -> None:
    match condition:
        case All(parts) | Either(parts):
            if not parts:
                refuse("a condition of nothing")
            for part in parts:
                check_condition(part)
        case Compare(_, "<" | "<=" | ">" | ">=", value):
            if type(value) not in ORDERED:
                refuse("an operand without order")


def check_item(item: Item) -> None:
    for name in ("dshard", "due"):
        if name in item and (not isinstance(item[name], str) or not item[name]):
            refuse(f"{name} is a key of the index")
    if sum(len(name.encode()) + size(value) for name, value in item.items()) > LARGEST:
        refuse("an item of more than 400 KB")


def size(value: Any) -> int:
    """Bytes, about; raises what boto3 raises for what it cannot write down."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, dict):
        return 3 + sum(len(name.encode()) + size(part) + 1 for name, part in value.items())
    if isinstance(value, list | tuple):
        return 3 + sum(size(part) + 1 for part in value)
    if value is None or isinstance(value, bool):
        return 1
    if not isinstance(value, int):
        msg = f"{type(value).__name__} is no type of a table"
        raise TypeError(msg)
    if len(str(abs(value)).rstrip("0")) > MOST_DIGITS:
        msg = "a number of more than 38 digits"
        raise ArithmeticError(msg)
    return len(str(value)) // 2 + 2


def same(one: Any, other: Any) -> bool:
    """Equal as DynamoDB means it: 1 is not true, inside lists and objects neither."""
    if type(one) is not type(other) and not (isinstance(one, str) and isinstance(other, str)):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(part, other[name]) for name, part in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return bool(one == other)
