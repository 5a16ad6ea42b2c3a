"""Secrets: read once, kept for minutes, and in no error."""

from __future__ import annotations

import json
import traceback
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bridge.domain.errors import Misconfigured
from bridge.stores.secrets import Secrets

CANARY = "canary-refresh-token"


class SecretsManager:
    """Secret values by name, and how often each was asked for."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.asked: list[str] = []

    def get_secret_value(self, SecretId: str, **_: Any) -> dict[str, str]:  # noqa: N803 - AWS names it so
        self.asked.append(SecretId)
        if SecretId not in self.values:
            error = {"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}
            raise ClientError(error, "GetSecretValue")  # type: ignore[arg-type]
        return {"SecretString": self.values[SecretId]}


def test_a_secret_is_a_json_object() -> None:
    assert Secrets(SecretsManager(lwa='{"client_id": "x"}')).read("lwa") == {"client_id": "x"}


def test_a_secret_is_kept_until_a_fresh_one_is_asked_for() -> None:
    manager = SecretsManager(lwa='{"n": 1}')
    secrets = Secrets(manager)
    secrets.read("lwa")
    manager.values["lwa"] = '{"n": 2}'
    assert secrets.read("lwa") == {"n": 1}
    assert secrets.read("lwa", fresh=True) == {"n": 2}
    assert secrets.read("lwa") == {"n": 2}
    assert manager.asked == ["lwa"] * 2


def test_two_readers_of_two_accounts_share_nothing() -> None:
    assert Secrets(SecretsManager(lwa='{"n": 1}')).read("lwa") != Secrets(SecretsManager(lwa='{"n": 2}')).read("lwa")


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(Misconfigured, match="secret bridge/dev/seller/eu/A3 cannot be read"):
        Secrets(SecretsManager()).read("bridge/dev/seller/eu/A3")


@pytest.mark.parametrize(
    "value", [CANARY, f'"{CANARY}"', f'["{CANARY}"]', f'{{"refresh_token": "{CANARY}"', "", "null"]
)
def test_a_secret_of_another_form_is_named_and_not_shown(value: str) -> None:
    with pytest.raises(Misconfigured, match="secret lwa is not a JSON object") as wrong:
        Secrets(SecretsManager(lwa=value)).read("lwa")
    assert CANARY not in "".join(traceback.format_exception(wrong.value))


def test_what_was_put_in_is_what_comes_out() -> None:
    value = {"client_secret": 'ü"\\\u0000'}
    assert Secrets(SecretsManager(lwa=json.dumps(value))).read("lwa") == value
