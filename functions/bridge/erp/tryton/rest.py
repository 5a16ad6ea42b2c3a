"""Tryton's REST interface (8.2): search, read, create, write, press a button; answers become values or our errors."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx

from bridge.domain.errors import Misconfigured, Refused, Unavailable

Row = dict[str, Any]
Domain = list[Any]

# Below the two seconds after which gunicorn closes an idle connection: a write never meets a closing one.
LIMITS = httpx.Limits(max_connections=8, keepalive_expiry=1.0)
TIMEOUT = httpx.Timeout(10.0, connect=1.0)
PAGE = 100
PORTION = 40
_LATER = {408, 423, 429}


class Rest:
    """One database of one Tryton server, as the user whose application key it is given."""

    def __init__(self, url: str, database: str, key: str, client: httpx.Client | None = None) -> None:
        self._client = client or httpx.Client(timeout=TIMEOUT, limits=LIMITS)
        self._root = f"{url.rstrip('/')}/{database}/rest/model"
        self._headers = {"Authorization": f"Bearer {key}", "Accept-Language": "en"}
        self.context: dict[str, object] = {}

    def close(self) -> None:
        self._client.close()

    def search(self, model: str, domain: Domain, fields: Sequence[str], limit: int | None = None) -> list[Row]:
        """The matching records by ascending id; without a `limit`, all of them."""
        if limit is None:
            return list(self._pages(model, domain, fields))
        return self._page(model, domain, fields, limit)

    def read(self, model: str, number: int, fields: Sequence[str]) -> Row:
        return self._row(self._call("GET", f"{model}/{number}", fields))

    def create(self, model: str, values: Mapping[str, object], fields: Sequence[str] = ("id",)) -> Row:
        return self._row(self._call("POST", model, fields, body=values))

    def write(self, model: str, number: int, values: Mapping[str, object], fields: Sequence[str] = ("id",)) -> Row:
        return self._row(self._call("PUT", f"{model}/{number}", fields, body=values))

    def press(self, model: str, number: int, button: str, fields: Sequence[str] = ("id",)) -> Row:
        return self._row(self._call("POST", f"{model}/{number}/{button}", fields, body={}))

    def delete(self, model: str, number: int) -> None:
        self._call("DELETE", f"{model}/{number}", ())

    def search_among(self, model: str, field: str, values: Iterable[object], fields: Sequence[str]) -> list[Row]:
        """The records whose `field` is one of `values`, asked in portions: a URL holds about 4,000 characters."""
        portions = list(values)
        rows: list[Row] = []
        for start in range(0, len(portions), PORTION):
            rows += self.search(model, [[field, "in", portions[start : start + PORTION]]], fields)
        return rows

    def _pages(self, model: str, domain: Domain, fields: Sequence[str]) -> Iterator[Row]:
        """Pages by id, not by offset: records that come or go meanwhile shift nothing."""
        last = 0
        while rows := self._page(model, [*domain, ["id", ">", last]], fields, PAGE):
            yield from rows
            if len(rows) < PAGE:
                return
            last = rows[-1]["id"]

    def _page(self, model: str, domain: Domain, fields: Sequence[str], limit: int) -> list[Row]:
        query = [("d", _base64(domain)), ("o", _base64([["id", "ASC"]])), ("s", str(limit))]
        answer = self._call("GET", model, fields, query=query)
        if not isinstance(answer, list):
            raise _unusable(model)
        return answer

    def _row(self, answer: object) -> Row:
        if not isinstance(answer, dict):
            raise _unusable("one record")
        return answer

    def _call(
        self,
        method: str,
        path: str,
        fields: Sequence[str],
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Mapping[str, object] | None = None,
    ) -> object:
        headers = self._headers | {"X-Tryton-Context": _base64(self.context)}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            response = self._client.request(
                method,
                f"{self._root}/{path}",
                params=[*query, *(("f", field) for field in fields)],
                content=None if body is None else _dumps(body).encode(),
                headers=headers,
            )
        except httpx.TransportError as error:
            msg = f"the ERP did not answer ({type(error).__name__})"
            raise Unavailable(msg) from None
        if response.status_code == httpx.codes.NOT_FOUND and method == "GET" and "/" not in path:
            msg = f'the ERP has no {path} to search: are "url" and "database" in its secret right?'
            raise Unavailable(msg)
        return _answer(response, f"{method} {path}")


def _answer(response: httpx.Response, asked: str) -> object:
    """By status alone: the texts are translated, and they quote names and addresses."""
    status = response.status_code
    if status == httpx.codes.UNAUTHORIZED:
        msg = 'the ERP does not accept the "key" in its secret'
        raise Misconfigured(msg)
    if status in _LATER or status >= httpx.codes.INTERNAL_SERVER_ERROR or response.is_redirect:
        msg = f"the ERP answered HTTP {status} to {asked}"
        raise Unavailable(msg)
    if not response.is_success:
        msg = f"the ERP refused {asked} (HTTP {status}); trying the same by hand in Tryton shows its reason"
        raise Refused(msg)
    if not response.content:
        return None
    try:
        return json.loads(response.content, object_hook=_decode)
    except (ValueError, KeyError, TypeError):
        raise _unusable(asked) from None


def _unusable(asked: str) -> Unavailable:
    return Unavailable(f"the ERP's answer to {asked} is not what Tryton 8.2 answers")


def _encode(value: object) -> object:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):
        value = value.astimezone(UTC)
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{part: getattr(value, part) for part in parts}}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    msg = f"{type(value).__name__} has no place in a request to Tryton"
    raise TypeError(msg)


def _decode(raw: dict[str, Any]) -> object:
    kind = raw.get("__class__")
    if kind == "Decimal":
        return Decimal(raw["decimal"])
    if kind == "datetime":
        clock = (raw["hour"], raw["minute"], raw["second"], raw["microsecond"])
        return datetime(raw["year"], raw["month"], raw["day"], *clock, tzinfo=UTC)
    if kind == "date":
        return date(raw["year"], raw["month"], raw["day"])
    return raw


def _dumps(value: object) -> str:
    return json.dumps(value, default=_encode, ensure_ascii=False, separators=(",", ":"))


def _base64(value: object) -> str:
    return base64.urlsafe_b64encode(_dumps(value).encode()).decode()
