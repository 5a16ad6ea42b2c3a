"""The connector `webhook` against a receiver on this machine that checks signatures and de-duplicates."""

from __future__ import annotations

import socket
import ssl
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bridge.domain.documents import CancelAnswer
from bridge.domain.errors import BridgeError, Misconfigured, NotNow, Refused, Unacknowledged, Unavailable
from bridge.domain.signatures import secret_key
from bridge.erp import connector
from bridge.erp.publish import Channel, Publisher
from bridge.erp.webhook import TIMEOUT, Webhook, connect
from bridge.erp.webhook.bounded import Bounded
from bridge.erp.webhook.config import read_config
from bridge.erp.webhook.signing import headers
from tests.contract.erp_kit.cases import CANARY, RECIPIENT, order
from tests.contract.publish_kit import PublishKit
from tests.contract.publish_kit.cases import BadDay, Interrupted, messages
from tests.fakes.receiver import HOST, OLD_SECRET, SECRET, Behaviour, Receiver, serving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving(Receiver()) as running:
        yield running


def settings(receiver: Receiver, **changes: Any) -> dict[str, object]:
    mine = {"url": f"{receiver.url}/amazon", "signing_secrets": [SECRET], "private_hosts": [HOST]}
    return {**mine, **changes}


def talks_to(receiver: Receiver, **changes: Any) -> Webhook:
    return Webhook(read_config(settings(receiver, **changes)))


class TestWebhook(PublishKit):
    @pytest.fixture
    def receiver(self) -> Iterator[Receiver]:
        with serving(Receiver()) as running:
            yield running

    @pytest.fixture
    def channel(self, receiver: Receiver) -> Iterator[Channel]:
        with closing(talks_to(receiver)) as webhook:
            yield webhook

    @pytest.fixture
    def interrupted(self, receiver: Receiver) -> Interrupted:
        @contextmanager
        def interrupt(step: int, *, after: bool) -> Iterator[Channel]:
            receiver.behaviour = Behaviour(drop=("after" if after else "before") if step == 1 else "")
            with closing(talks_to(receiver)) as webhook:
                yield webhook
            receiver.behaviour = Behaviour()

        return interrupt

    @pytest.fixture
    def bad_days(self, receiver: Receiver) -> Sequence[BadDay]:
        def answering(**behaviour: Any) -> Callable[[], AbstractContextManager[Channel]]:
            @contextmanager
            def begin() -> Iterator[Channel]:
                receiver.behaviour = Behaviour(**behaviour, body=f"<p>{CANARY}</p>".encode())
                with closing(talks_to(receiver)) as webhook:
                    yield webhook
                receiver.behaviour = Behaviour()

            return begin

        @contextmanager
        def nobody() -> Iterator[Channel]:
            with socket.socket() as bound:
                bound.bind((HOST, 0))
                url = f"http://{HOST}:{bound.getsockname()[1]}/"
                with closing(talks_to(receiver, url=url)) as webhook:
                    yield webhook

        classes: dict[type[BridgeError], Sequence[int]] = {
            Misconfigured: (301, 302, 303, 307, 308, 401, 403, 404, 405),
            Refused: (400, 402, 406, 409, 410, 411, 413, 415, 418, 422, 451),
            Unavailable: (408, 425, 500, 502, 503, 504, 599),
            NotNow: (429,),
        }
        days = [
            (f"HTTP {status}", answering(status=status, headers={"location": receiver.url}), expected)
            for expected, statuses in classes.items()
            for status in statuses
        ]
        lost = [(drop, answering(drop=drop), Unavailable) for drop in ("before", "after")]
        return [*days, *lost, ("nobody listens", nobody, Unavailable)]

    def test_every_delivery_is_signed_and_one_document_comes_of_all(self, channel: Channel, receiver: Receiver) -> None:
        document = order()
        for _ in range(5):
            with pytest.raises(Unacknowledged):
                Publisher(channel, {}).create(document, RECIPIENT)
        assert receiver.refused == 0
        ((name, kept),) = receiver.documents.items()
        assert receiver.times_of(name) == 5
        assert kept["order_id"] == document.key.order_id
        assert name == kept["id"]


class TestAnswers:
    """What the receiver says at once."""

    @pytest.mark.parametrize("total", ["", ', "total": {"amount": "17.50", "currency": "EUR"}'])
    def test_a_document_that_is_named_ends_the_hand_over(self, receiver: Receiver, total: str) -> None:
        receiver.behaviour = Behaviour(status=200, body=f'{{"number": "SO-1"{total}}}'.encode())
        document = order()
        made = connect(settings(receiver)).create(document, RECIPIENT)
        assert made.number == "SO-1"
        assert made.total == (document.total if total else None)

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (200, b""),
            (200, b"OK"),
            (200, b'"SO-1"'),
            (200, b"[]"),
            (200, b"{}"),
            (200, b'{"number": null}'),
            (200, b'{"number": 7}'),
            (200, b'{"number": ""}'),
            (200, b'{"number": "a\\nb"}'),
            (200, b'{"number": "SO-1", "total": "17.50"}'),
            (200, b'{"number": "SO-1", "total": {"amount": 17.5, "currency": "EUR"}}'),
            (200, b'{"number": "SO-1", "total": {"amount": "NaN", "currency": "EUR"}}'),
            (200, b'{"number": "SO-1", "total": {"amount": "17.50"}}'),
            (200, b'{"number": "SO-1"' + b" " * 70_000 + b"}"),
            (200, b"[" * 60_000),
            (200, b"\xff\xfe"),
            (204, b""),
            (299, b""),
        ],
    )
    def test_anything_else_is_taken_and_not_acknowledged(self, receiver: Receiver, status: int, body: bytes) -> None:
        receiver.behaviour = Behaviour(status=status, body=body)
        document = order()
        with pytest.raises(Unacknowledged):
            connect(settings(receiver)).create(document, RECIPIENT)
        assert len(messages(receiver, document.key.order_id)) == 1

    @pytest.mark.parametrize("answer", list(CancelAnswer))
    def test_a_cancellation_may_be_answered_at_once(self, receiver: Receiver, answer: CancelAnswer) -> None:
        receiver.behaviour = Behaviour(status=200, body=f'{{"answer": "{answer}"}}'.encode())
        assert connect(settings(receiver)).cancel(order().key) is answer

    @pytest.mark.parametrize("body", [b"{}", b'{"answer": "perhaps"}', b'{"answer": []}', b""])
    def test_or_not(self, receiver: Receiver, body: bytes) -> None:
        receiver.behaviour = Behaviour(status=200, body=body)
        with pytest.raises(Unacknowledged):
            connect(settings(receiver)).cancel(order().key)

    @pytest.mark.parametrize(
        ("told", "seconds"),
        [
            ("120", 120),
            ("0", 0),
            ("99999999", 3600),
            ("Tue, 24 Nov 2026 09:02:00 GMT", 120),
            ("soon", None),
            ("", None),
        ],
    )
    def test_patience_that_is_asked_for_is_had(self, receiver: Receiver, told: str, seconds: int | None) -> None:
        now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
        receiver.behaviour = Behaviour(status=429, headers={"retry-after": told})
        webhook = Webhook(read_config(settings(receiver)), now=lambda: now)
        with closing(webhook), pytest.raises(NotNow) as raised:
            Publisher(webhook, {}).hold(order().key, "x")
        assert raised.value.until == (None if seconds is None else now + timedelta(seconds=seconds))

    def test_a_redirect_is_not_followed(self, receiver: Receiver) -> None:
        with serving(Receiver()) as elsewhere:
            receiver.behaviour = Behaviour(status=307, headers={"location": elsewhere.url})
            with pytest.raises(Misconfigured, match="redirect"):
                connect(settings(receiver)).hold(order().key, "x")
            assert elsewhere.requests == []


class TestLookUp:
    """A receiver that can be asked spares itself repetitions."""

    def asked(self, receiver: Receiver, **changes: Any) -> Publisher:
        return connect(settings(receiver, lookup_url=f"{receiver.url}/orders/{{seller_id}}/{{order_id}}", **changes))

    def test_what_it_knows_is_found(self, receiver: Receiver) -> None:
        document = order()
        erp = self.asked(receiver)
        assert erp.find(document.key) is None
        receiver.orders[document.key.order_id] = {
            "number": "SO-7",
            "total": {"amount": "17.5", "currency": "EUR"},
        }
        found = erp.find(document.key)
        assert found is not None
        assert (found.number, found.total, found.ready) == ("SO-7", document.total, True)

    @pytest.mark.parametrize("told", [{"number": 7}, {"number": "SO-7", "total": "17.50"}])
    def test_what_it_cannot_tell_properly_is_no_answer(self, receiver: Receiver, told: dict[str, Any]) -> None:
        document = order()
        receiver.orders[document.key.order_id] = told
        with pytest.raises(Unavailable):
            self.asked(receiver).find(document.key)

    @pytest.mark.parametrize(("status", "expected"), [(500, Unavailable), (403, Misconfigured), (422, Refused)])
    def test_its_bad_days(self, receiver: Receiver, status: int, expected: type[BridgeError]) -> None:
        receiver.behaviour = Behaviour(status=status)
        with pytest.raises(expected):
            self.asked(receiver).find(order().key)

    def test_its_lag_is_declared(self, receiver: Receiver) -> None:
        assert self.asked(receiver, lookup_lag_s=30).lookup_lag == timedelta(seconds=30)


class TestSignatures:
    def test_both_secrets_sign_while_one_replaces_the_other(self) -> None:
        for secrets in ([SECRET, OLD_SECRET], [OLD_SECRET, SECRET]):
            with serving(Receiver(OLD_SECRET)) as receiver:
                connect(settings(receiver, signing_secrets=secrets)).hold(order().key, "x")
                assert receiver.refused == 0
                assert len(receiver.deliveries) == 1

    def test_another_secret_is_the_deployments_fault(self, receiver: Receiver) -> None:
        with pytest.raises(Misconfigured, match="signing_secrets"):
            connect(settings(receiver, signing_secrets=[OLD_SECRET])).hold(order().key, "x")

    def test_the_example_of_the_specification(self) -> None:
        # https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
        key = secret_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        assert key is not None
        moment = datetime.fromtimestamp(1614265330, UTC)
        made = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", moment, b'{"test": 2432232314}', [key])
        assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        assert made["webhook-timestamp"] == "1614265330"

    @pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", SECRET[6:], "whsec_" + "A" * 120, 7, None])
    def test_what_is_no_secret(self, secret: object) -> None:
        assert secret_key(secret) is None


GOOD = {"url": "https://erp.example.com/amazon", "signing_secrets": [SECRET]}


class TestSettings:
    def test_a_receiver_in_the_open_needs_two_values(self) -> None:
        assert read_config(GOOD).url == GOOD["url"]
        assert SECRET not in repr(read_config(GOOD))
        assert connector("webhook") is connect

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *(
                ("url", url)
                for url in (None, "", 7, "erp.example.com", "http://erp.example.com", "ftp://x/", "https://")
            ),
            ("url", "https://user:canary@erp.example.com/"),
            ("url", "http://127.0.0.1/"),
            ("url", "https://[::/"),
            *(("signing_secrets", secrets) for secrets in (None, [], SECRET, [SECRET] * 3, ["canary"], [SECRET, 7])),
            ("lookup_url", "https://erp.example.com/orders"),
            ("lookup_url", "http://erp.example.com/{order_id}"),
            ("lookup_lag_s", 60),
            ("lookup_lag_s", "5"),
            ("private_hosts", "127.0.0.1"),
            ("acknowledge_within_s", 59),
            ("acknowledge_within_s", "900"),
            ("acknowledge_within_s", True),
        ],
    )
    def test_what_is_wrong_is_named_and_never_shown(self, name: str, value: object) -> None:
        with pytest.raises(Misconfigured, match=f'"{name}"') as raised:
            connect({**GOOD, name: value})
        assert "canary" not in str(raised.value)

    def test_everything_that_is_missing_is_told_at_once(self) -> None:
        with pytest.raises(Misconfigured, match=r"url.*signing_secrets"):
            connect({})


PRIVATE = """127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 ::1 fe80::1 fc00::1
 ::ffff:10.0.0.1 64:ff9b::7f00:1 2002:7f00:1:: fd00:ec2::254 ff02::1""".split()


class TestDestinations:
    def at(self, *found: str, **changes: Any) -> Webhook:
        raw = {**GOOD, **changes}
        refuse = httpx.MockTransport(lambda _: pytest.fail("nothing may be sent"))
        return Webhook(read_config(raw), httpx.Client(transport=refuse), resolve=lambda _: found)

    @pytest.mark.parametrize("address", PRIVATE)
    def test_nothing_goes_inside(self, address: str) -> None:
        for found in ([address], ["93.184.216.34", address]):
            with pytest.raises(Misconfigured, match="private address"):
                Publisher(self.at(*found), {}).hold(order().key, "x")

    def test_an_address_in_the_url_is_looked_at_too(self) -> None:
        webhook = Webhook(read_config({**GOOD, "url": "https://169.254.169.254/latest"}))
        with closing(webhook), pytest.raises(Misconfigured, match="private address"):
            Publisher(webhook, {}).hold(order().key, "x")

    def test_a_name_without_an_address_is_waited_for(self) -> None:
        with pytest.raises(Unavailable, match=r"erp\.example\.com"):
            Publisher(self.at(), {}).hold(order().key, "x")

    def test_what_was_looked_at_is_what_is_called(self) -> None:
        """A name that answers otherwise a moment later (DNS rebinding) is asked once only."""
        answers, called = iter([["93.184.216.34"], ["127.0.0.1"]]), []

        def answer(request: httpx.Request) -> httpx.Response:
            called.append((request.url.host, request.headers["host"], request.extensions["sni_hostname"]))
            return httpx.Response(202, stream=httpx.ByteStream(b""))

        client = httpx.Client(transport=httpx.MockTransport(answer))
        webhook = Webhook(read_config(GOOD), client, resolve=lambda _: next(answers))
        Publisher(webhook, {}).hold(order().key, "x")
        assert called == [("93.184.216.34", "erp.example.com", "erp.example.com")]

    def test_another_address_is_tried_where_nothing_was_sent(self) -> None:
        called: list[str] = []

        def answer(request: httpx.Request) -> httpx.Response:
            called.append(request.url.host)
            if request.url.host == "93.184.216.34":
                raise httpx.ConnectTimeout("", request=request)
            return httpx.Response(202, stream=httpx.ByteStream(b""))

        client = httpx.Client(transport=httpx.MockTransport(answer))
        found = ["2606:2800:220:1::1", "93.184.216.34"]
        webhook = Webhook(read_config(GOOD), client, resolve=lambda _: found)
        Publisher(webhook, {}).hold(order().key, "x")
        assert called == ["93.184.216.34", "2606:2800:220:1::1"]

    def test_the_host_has_to_prove_its_name_at_the_address_that_was_looked_at(self, tmp_path: Path) -> None:
        server, trusting = certified("erp.test", tmp_path)
        with serving(Receiver(), tls=server) as receiver:
            port = receiver.url.rpartition(":")[2]
            for host, taken in (("erp.test", 1), ("other.test", 1)):
                raw = settings(receiver, url=f"https://{host}:{port}/amazon", private_hosts=[host])
                with httpx.Client(transport=Bounded(trusting), trust_env=False) as client:
                    webhook = Webhook(read_config(raw), client, resolve=lambda _: [HOST])
                    with suppress(Unavailable) if host == "other.test" else nullcontext():
                        Publisher(webhook, {}).hold(order().key, "x")
                assert len(receiver.deliveries) == taken, host
            assert receiver.requests[0][2]["host"] == f"erp.test:{port}"

    def test_time_outs_are_what_the_lease_counts_on(self) -> None:
        assert (TIMEOUT.connect, TIMEOUT.read, TIMEOUT.write) == (1.0, 10.0, 10.0)


def certified(host: str, where: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate of `host`, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, file = serialization.Encoding.PEM, where / "server.pem"
    plain = serialization.NoEncryption()
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(secret + made.public_bytes(pem))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=made.public_bytes(pem).decode())


def test_a_broken_answer_tells_nothing_of_the_message(receiver: Receiver) -> None:
    receiver.behaviour = Behaviour(status=200, headers={"content-length": "999"}, body=CANARY.encode())
    with pytest.raises(Unavailable) as raised:
        connect(settings(receiver)).create(order(), RECIPIENT)
    assert CANARY not in "".join(traceback.format_exception(raised.value))
