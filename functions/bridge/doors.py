"""Puts together the functions that are there where they are chosen: the ERP's other ways in. See wiring.py."""

from __future__ import annotations

import boto3

from bridge import erp_in, signed_api
from bridge.domain.signatures import read_keys
from bridge.settings import Settings
from bridge.signals import Signals
from bridge.stores.secrets import Secrets
from bridge.stores.seen import Seen
from bridge.wiring import AWS, Handler, ports, table, wired


def signed_api_handler() -> Handler:
    def build(settings: Settings, signals: Signals) -> Handler:
        secrets = Secrets(boto3.client("secretsmanager", config=AWS))
        outside = ports(settings, signals, with_amazon=False, with_erp=False)
        first = Seen(table(settings), outside.clock).first

        def keys() -> tuple[bytes, ...]:
            return read_keys(secrets.read(settings.api_secret))

        keys()  # Misconfigured now rather than at the first call
        return signed_api.consumer(outside, keys, first)

    return wired("signed api", build)


def erp_in_handler() -> Handler:
    def build(settings: Settings, signals: Signals) -> Handler:
        return erp_in.consumer(ports(settings, signals, with_amazon=False, with_erp=False))

    return wired("erp in", build)
