"""Secrets from Secrets Manager, kept in memory for at most five minutes."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from bridge.domain.errors import Misconfigured

MAX_AGE_S = 300


class Secrets:
    """`client` is a boto3 Secrets Manager client."""

    def __init__(self, client: Any) -> None:
        self._provider = SecretsProvider(boto3_client=client)

    def read(self, name: str, *, fresh: bool = False) -> dict[str, Any]:
        """The JSON object in a secret; Misconfigured names the secret, never its content."""
        try:
            raw = self._provider.get(name, max_age=MAX_AGE_S, force_fetch=fresh)
        except GetParameterError as error:
            msg = f"secret {name} cannot be read; does it exist, and may this function read it?"
            raise Misconfigured(msg) from error
        try:
            value = json.loads(str(raw))
        except ValueError:
            value = None
        if not isinstance(value, dict):
            msg = f"secret {name} is not a JSON object"
            raise Misconfigured(msg) from None
        return value
