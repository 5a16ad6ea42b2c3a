"""An operation of the Selling Partner API, and one call of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from local.simulator.exchange import Request, Response
from local.simulator.records import Application, Seller
from local.simulator.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """A request that passed authorisation and quota; `caller` is None for a grantless token."""

    world: World
    request: Request
    parameters: Mapping[str, str]
    application: Application
    caller: Seller | None

    @property
    def seller(self) -> Seller:
        """Who calls; only for operations that need a seller's token."""
        if self.caller is None:
            msg = "a grantless call has no seller"
            raise LookupError(msg)
        return self.caller


@dataclass(frozen=True, slots=True)
class Operation:
    """`name` is Amazon's; `scope` is set for grantless operations."""

    name: str
    method: str
    path: str
    handle: Callable[[Call], Response]
    scope: str = ""

    def matches(self, request: Request) -> dict[str, str] | None:
        """The path parameters, or None when the request is for another operation."""
        if request.method != self.method:
            return None
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        found = re.fullmatch(pattern, request.path)
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


def payload(content: Any, status: int = 200) -> Response:
    """As the older APIs answer."""
    return Response(status, {"payload": content})
