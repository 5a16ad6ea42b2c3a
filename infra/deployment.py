"""What the deployer chooses, in cdk.json or with `-c name=value`; everything has a value that suits Amazon."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from constructs import Node

CHOICES: Mapping[str, str] = {
    "application_id": "",
    "erp": "tryton",
    "erp_target": "",
    "spapi_endpoint": "",
    "lwa_endpoint": "",
}

# How often the sweeps look, by `-c scale=…`: what Amazon's quotas allow, or what a demonstration has patience for.
SCALES: Mapping[str, Mapping[str, str]] = {
    "amazon": {
        "orders_period_s": "300",
        "orders_idle_s": "180",
        "search_overlap_s": "180",
        "shipments_period_s": "60",
        "shipments_overlap_s": "90",
        "readback_s": "900",
    },
    "demo": {
        "orders_period_s": "30",
        "orders_idle_s": "30",
        "search_overlap_s": "15",
        "shipments_period_s": "10",
        "shipments_overlap_s": "30",
        "readback_s": "10",
    },
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """One stage. `settings` are the fields of bridge.settings.Settings that do not name a resource.

    `local` is for the emulator: see emulated.py. `erp_target_key` is the ARN of the seller's queue's key, if any.
    """

    stage: str
    local: bool
    erp_concurrency: int
    """Requests that the ERP gets at once."""
    api_hmac: bool
    """Callers outside AWS may sign with a secret."""
    erp_in: bool
    """There is a queue that the ERP sends to."""
    settings: Mapping[str, str]
    erp_target_key: str = ""

    @classmethod
    def chosen(cls, node: Node) -> Deployment:
        """Reads the context. ValueError names a scale or a setting that does not exist."""
        scale = node.try_get_context("scale") or "amazon"
        if scale not in SCALES:
            msg = f"-c scale={scale}: choose one of {', '.join(SCALES)}"
            raise ValueError(msg)
        settings = {**CHOICES, **SCALES[scale]}
        for name in settings:
            value = node.try_get_context(name)
            if value is not None:
                settings[name] = str(value)
        overrides: dict[str, object] = json.loads(node.try_get_context("settings") or "{}")
        unknown = sorted(overrides.keys() - settings.keys())
        if unknown:
            msg = f"-c settings: {', '.join(unknown)} cannot be chosen; these can: {', '.join(settings)}"
            raise ValueError(msg)
        stage = str(node.try_get_context("stage") or "dev")
        if not re.fullmatch("[a-z][a-z0-9-]{0,19}", stage):
            msg = f"-c stage={stage}: small letters, digits and hyphens only, a letter first, at most 20"
            raise ValueError(msg)
        settings |= {name: str(value) for name, value in overrides.items()}
        return cls(
            stage=stage,
            local=_is_chosen(node, "local"),
            erp_concurrency=_erp_concurrency(node),
            api_hmac=_is_chosen(node, "api_hmac"),
            erp_in=_is_chosen(node, "erp_in"),
            settings=settings,
            erp_target_key=str(node.try_get_context("erp_target_key") or ""),
        )


def _is_chosen(node: Node, name: str) -> bool:
    return str(node.try_get_context(name)) == "1"


def _erp_concurrency(node: Node) -> int:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html: 2 to 1000."""
    chosen = node.try_get_context("erp_concurrency")
    text = "2" if chosen is None else str(chosen)
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII) or not 2 <= int(text) <= 1000:
        msg = f"-c erp_concurrency={text}: a number from 2 to 1000"
        raise ValueError(msg)
    return int(text)
