"""The connector `webhook`: every message is a signed POST to one URL of the seller's, and maybe answered at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote

import httpx

from bridge.domain.errors import Unavailable
from bridge.domain.ids import OrderKey
from bridge.erp.publish import Publisher
from bridge.erp.publish.answers import LARGEST, Answer, read_answer
from bridge.erp.publish.envelope import Envelope
from bridge.erp.webhook.bounded import ENDS, Bounded
from bridge.erp.webhook.config import Config, read_config
from bridge.erp.webhook.destination import Resolve, addresses, at, resolve
from bridge.erp.webhook.signing import headers
from bridge.erp.webhook.statuses import said_no

MAX_BYTES = 1024 * 1024
TIMEOUT = httpx.Timeout(10.0, connect=1.0)
WHOLE_S = 10.0
"""For a message and its answer, whatever the receiver does: the lease counts on an end."""


class Webhook:
    """A `Channel`. Signed in the manner of Standard Webhooks (https://www.standardwebhooks.com)."""

    def __init__(
        self,
        config: Config,
        client: httpx.Client | None = None,
        *,
        whole_s: float = WHOLE_S,
        resolve: Resolve = resolve,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._config = config
        # A connection proves one host name only, and an address may have several: none is used twice.
        self._client = client or httpx.Client(transport=Bounded(), timeout=TIMEOUT, trust_env=False)
        self._whole_s = whole_s
        self._resolve = resolve
        self._now = now

    def close(self) -> None:
        self._client.close()

    def deliver(self, envelope: Envelope) -> Answer | None:
        body = envelope.within(MAX_BYTES, "the webhook").encode()
        status, content = self._send("POST", self._config.url, envelope.id, body)
        return read_answer(content) if status != httpx.codes.NO_CONTENT else None

    def look_up(self, key: OrderKey) -> Answer | None:
        """What the receiver tells of an order; None when it knows none (404)."""
        url = str(self._config.lookup_url)
        for name, value in key._asdict().items():
            url = url.replace(f"{{{name}}}", quote(str(value), safe=""))
        status, content = self._send("GET", url, f"lookup_{key.order_id}", b"", absent=httpx.codes.NOT_FOUND)
        if status == httpx.codes.NOT_FOUND:
            return None
        answer = read_answer(content)
        if answer is None:
            msg = "the receiver's answer to a look-up is no JSON object"
            raise Unavailable(msg)
        return answer

    def _send(self, method: str, url: str, name: str, body: bytes, *, absent: int = 0) -> tuple[int, bytes]:
        """Status and content of a 2xx (or of `absent`). What stands in any other answer is never read."""
        where, ends = httpx.URL(url), time.monotonic() + self._whole_s
        signed = headers(name, self._now(), body, self._config.secrets)
        signed |= {"content-type": "application/json", "accept-encoding": "identity", "user-agent": "spapi-bridge"}
        failed = ""
        for address in addresses(where, self._resolve, self._config.private_hosts):
            request = self._client.build_request(method, at(where, address), content=body, headers=signed)
            request.headers["host"] = where.netloc.decode()
            request.extensions |= {"sni_hostname": where.host, ENDS: ends}
            try:
                return self._answered(request, absent)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = type(error).__name__  # nothing was sent: another address of the same host may listen
            except httpx.TransportError as error:
                failed = type(error).__name__
                break
        late = f"not within {self._whole_s:g} s; " if time.monotonic() >= ends else ""
        msg = f"the webhook's receiver did not answer ({late}{failed})"
        raise Unavailable(msg)

    def _answered(self, request: httpx.Request, absent: int) -> tuple[int, bytes]:
        response = self._client.send(request, stream=True)
        try:
            status = response.status_code
            if status == absent:
                return status, b""
            if not response.is_success:
                raise said_no(status, response.headers.get("retry-after", ""), self._now())
            return status, _bounded(response)
        finally:
            response.close()


def _bounded(response: httpx.Response) -> bytes:
    """The content, or nothing when it is larger than any answer has reason to be: the message is taken all the same."""
    content = b""
    for piece in response.iter_raw():
        content += piece
        if len(content) > LARGEST:
            return b""
    return content


def connect(config: Mapping[str, object]) -> Publisher:
    """Raises Misconfigured with what the ERP secret lacks; does not call the receiver yet."""
    read = read_config(config)
    channel = Webhook(read)
    look_up = channel.look_up if read.lookup_url else None
    return Publisher(channel, config, look_up=look_up, lookup_lag=read.lookup_lag)
