"""A request as it came in, an answer as it goes out, and Amazon's way of saying no."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` have lower-case names; `query` keeps repeated parameters."""

    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def one(self, name: str) -> str | None:
        """The value of a parameter that is not a list; an empty one counts as absent."""
        return (self.query.get(name) or [""])[-1] or None

    def many(self, name: str) -> list[str]:
        """The values of a list parameter, repeated or with commas: Amazon reads both."""
        return [part for value in self.query.get(name, []) for part in value.split(",") if part]

    def json(self) -> dict[str, Any]:
        """The body as an object; ApiError 400 when it is none."""
        try:
            content = json.loads(self.body or b"null")
        except ValueError as error:
            raise invalid("Could not parse the request body as JSON.") from error
        if not isinstance(content, dict):
            raise invalid("The request body is not a JSON object.")
        return content


@dataclass(frozen=True, slots=True)
class Response:
    """`body` None: an empty body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """An answer in Amazon's error envelope."""

    def __init__(self, status: int, code: str, message: str, details: str = "") -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code, self.message, self.details = status, code, message, details

    def response(self) -> Response:
        error = {"code": self.code, "message": self.message, "details": self.details}
        return Response(self.status, {"errors": [error]})


def invalid(message: str, details: str = "", *, code: str = "InvalidInput") -> ApiError:
    return ApiError(400, code, message, details)


def not_found(message: str) -> ApiError:
    return ApiError(404, "NotFound", message)


def unauthorized(details: str) -> ApiError:
    return ApiError(403, "Unauthorized", "Access to requested resource is denied.", details)


def quota_exceeded() -> ApiError:
    return ApiError(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
