"""Every notification that Amazon documents opens, in either casing, and nothing that arrives is a bug."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from bridge.domain.errors import Unreadable
from bridge.envelope import Message, open_envelope
from bridge.reactions import ROUTES
from tests.contract.amazon_models import ROOT

PAYLOADS = Path(os.environ.get("SP_API_PAYLOADS") or ROOT.parent / "shared" / "reference" / "payloads")
FILES = sorted(path for path in PAYLOADS.glob("*.json") if path.name != "INDEX.json")
_NAMES = st.text(max_size=6) | st.sampled_from(
    [
        "NotificationType",
        "notificationType",
        "NotificationMetadata",
        "NotificationId",
        "Payload",
        "detail",
        "detail-type",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=5),
    max_leaves=12,
)


@functools.cache
def bodies() -> list[dict[str, Any]]:
    """Missing notifications fail where everything has to be proven, and skip elsewhere."""
    if len(FILES) < 30:
        reason = f"Amazon's notifications are not at {PAYLOADS} (set SP_API_PAYLOADS)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return [json.loads(path.read_text(encoding="utf-8")) for path in FILES]


def cased(value: Any, case: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {case(name[:1]) + name[1:]: cased(part, case) for name, part in value.items()}
    return [cased(part, case) for part in value] if isinstance(value, list) else value


def test_every_notification_opens() -> None:
    for body, path in zip(bodies(), FILES, strict=True):
        message = open_envelope(json.dumps(body))
        assert message.kind == path.stem.split("__")[0]
        assert message.notification_id
        assert message.payload, path.name


def test_both_casings_say_the_same() -> None:
    for body in bodies():
        as_sent, pascal, camel = (
            open_envelope(json.dumps(b)) for b in (body, cased(body, str.upper), cased(body, str.lower))
        )
        assert as_sent == pascal == camel


def test_a_notification_on_eventbridge_says_the_same() -> None:
    for body in bodies():
        event = {"version": "0", "id": "x", "detail-type": "ANY", "source": "aws.partner/x", "detail": body}
        assert open_envelope(json.dumps(event)) == open_envelope(json.dumps(body))


def test_every_route_finds_its_seller() -> None:
    found = {message.kind: message for message in (open_envelope(json.dumps(body)) for body in bodies())}
    for kind, route in ROUTES.items():
        assert found[kind].named(route.seller_path) == "A3TH9S8BH6GOGM"


@given(st.data())
@examples(max_examples=300)
def test_a_notification_with_junk_in_one_place_opens_or_is_unreadable(data: st.DataObject) -> None:
    body = json.loads(json.dumps(data.draw(st.sampled_from(bodies()))))
    inside, name = body, data.draw(st.sampled_from(sorted(body)))
    while isinstance(inside[name], dict) and inside[name] and data.draw(st.booleans()):
        inside = inside[name]
        name = data.draw(st.sampled_from(sorted(inside)))
    inside[name] = data.draw(JSON)
    _harmless(json.dumps(body))


@given(JSON)
@examples(max_examples=200)
def test_any_json_opens_or_is_unreadable(body: Any) -> None:
    _harmless(json.dumps(body))


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
@examples(max_examples=200)
def test_any_text_opens_or_is_unreadable(body: str) -> None:
    _harmless(body)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        '"x"',
        "{",
        "[" * 100_000,
        "{" * 100_000,
        *('{"a":' * depth + "1" + "}" * depth for depth in (61, 480, 700, 900, 5000)),
        "9" * 5000,
        "\ud800",
    ],
    ids=lambda body: f"{body[:6]}{len(body)}",
)
def test_what_breaks_parsers_is_unreadable(body: str) -> None:
    with pytest.raises(Unreadable):
        open_envelope(body)


@pytest.mark.parametrize("value", ["", "x" * 201, "a\nb", "a\x00b", "\u202eabc"], ids=ascii)
@pytest.mark.parametrize("name", ["NotificationId", "NotificationType"])
def test_an_id_that_is_too_long_or_not_printable_is_unreadable(name: str, value: str) -> None:
    metadata = {"ApplicationId": "app", "SubscriptionId": "sub", "NotificationId": "n-1"}
    body: dict[str, Any] = {"NotificationType": "ORDER_CHANGE", "Payload": {}, "NotificationMetadata": metadata}
    open_envelope(json.dumps(body))
    (metadata if name in metadata else body)[name] = value
    with pytest.raises(Unreadable):
        open_envelope(json.dumps(body))


def test_a_megabyte_is_no_trouble() -> None:
    body = {**bodies()[0], "padding": "x" * 2**20}
    assert open_envelope(json.dumps(body)) == open_envelope(json.dumps(bodies()[0]))


def test_the_reason_never_repeats_the_body() -> None:
    for body in (
        '{"canary": "Anna"',
        '{"NotificationMetadata": {"NotificationId": ["canary"]}, "NotificationType": "x"}',
    ):
        with pytest.raises(Unreadable) as unreadable:
            open_envelope(body)
        assert "canary" not in str(unreadable.value)


def _harmless(body: str) -> None:
    try:
        message = open_envelope(body)
    except Unreadable:
        return
    assert isinstance(message, Message)
    assert message.kind
    assert message.notification_id
    assert len(message.notification_id) <= 200
    for route in ROUTES.values():
        message.named(route.seller_path)
