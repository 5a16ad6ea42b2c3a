"""Reads what the ERP reports, field by field; Unreadable names the field that is wrong, never what was in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.domain.errors import Unreadable
from bridge.domain.ids import ORDER_ID, OrderId, OrderKey, Region, Seller, SellerId
from bridge.domain.money import Money, read_money
from bridge.domain.times import read_time

LONGEST = 100
"""Characters of a text."""
MOST = 10**9
"""Units of one thing. DynamoDB keeps 38 digits."""


def read_object(raw: object, name: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        msg = f"the {name} must be a JSON object"
        raise Unreadable(msg)
    return raw


def read_list(raw: Mapping[str, Any], name: str, holds: str) -> list[Any]:
    """A list of at least one; `holds` says what of, for the complaint."""
    value = raw.get(name)
    if not isinstance(value, list) or not value:
        msg = f"`{name}` must be a list with at least one {holds}"
        raise Unreadable(msg)
    return value


def read_text(raw: Mapping[str, Any], name: str, *, hashes: bool = False) -> str:
    """`#` keeps the parts of a key apart: only what ends a key may have it."""
    value = raw.get(name)
    text = isinstance(value, str) and value.isprintable() and 0 < len(value) <= LONGEST
    if not text or (not hashes and "#" in str(value)):
        msg = f"`{name}` must be a printable text of 1 to {LONGEST} characters{'' if hashes else ', without #'}"
        raise Unreadable(msg)
    return str(value)


def read_count(raw: Mapping[str, Any], name: str, *, least: int) -> int:
    value = raw.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        msg = f"`{name}` must be a whole number of at least {least}"
        raise Unreadable(msg)
    if value > MOST:
        msg = f"`{name}` must be a whole number of at most {MOST}"
        raise Unreadable(msg)
    return value


def read_moment(raw: Mapping[str, Any], name: str) -> datetime:
    try:
        return read_time(raw.get(name))
    except Unreadable as error:
        msg = f"`{name}` must be ISO 8601 with a zone, like 2026-11-24T09:00:00Z"
        raise Unreadable(msg) from error


def read_amount(raw: Mapping[str, Any], name: str) -> Money | None:
    """`{"amount": "12.34", "currency": "EUR"}`, or nothing. Texts only: a JSON number may be a float on its way."""
    value = raw.get(name)
    if value is None:
        return None
    if isinstance(value, Mapping) and isinstance(value.get("amount"), str):
        try:
            return read_money({"amount": value["amount"], "currencyCode": value.get("currency")})
        except Unreadable:
            pass
    msg = f'`{name}` must be like {{"amount": "12.34", "currency": "EUR"}}, both texts'
    raise Unreadable(msg)


def read_seller(raw: Mapping[str, Any]) -> Seller:
    return Seller(Region(read_text(raw, "region")), SellerId(read_text(raw, "seller_id")))


def read_key(raw: Mapping[str, Any]) -> OrderKey:
    seller, order_id = read_seller(raw), read_text(raw, "order_id")
    if not ORDER_ID.fullmatch(order_id):
        msg = "`order_id` must be Amazon's order id, like 305-1234567-1234567"
        raise Unreadable(msg)
    return OrderKey(*seller, OrderId(order_id))
