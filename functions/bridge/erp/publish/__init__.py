"""The shape `publish`: every message at least once under a stable id; the receiver de-duplicates and acknowledges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from bridge.domain.documents import CancelAnswer, Document, ErpOrder, Recipient, Shipment
from bridge.domain.errors import Misconfigured, Unacknowledged, Unavailable, Unreadable
from bridge.domain.ids import OrderKey, Seller
from bridge.erp.publish.answers import Answer, cancel_answer, named_document
from bridge.erp.publish.envelope import Envelope, cancellation, hold, order

T = TypeVar("T")
ACKNOWLEDGE_WITHIN = timedelta(minutes=15)
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=1)


class Channel(Protocol):
    """One way of getting a message to the receiver."""

    def deliver(self, envelope: Envelope) -> Answer | None:
        """Returns once the message is in the receiver's hands, with its answer if it gives one at once.

        Raises Unavailable when that is not known (it may be), NotNow when it asks for patience, Refused when this
        message will never be taken, Misconfigured when no message is.
        """
        ...


class Publisher:
    """An `Erp` of the shape publish. What the receiver does not answer at once comes through the HTTP API."""

    def __init__(
        self,
        channel: Channel,
        config: Mapping[str, object],
        *,
        look_up: Callable[[OrderKey], Answer | None] | None = None,
        lookup_lag: timedelta = timedelta(0),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Raises Misconfigured for an `acknowledge_within_s` outside a minute to a day."""
        self.lookup_lag = lookup_lag
        self._channel = channel
        self._look_up = look_up
        self._patience = _patience(config)
        self._now = now

    def find(self, key: OrderKey) -> ErpOrder | None:
        """What the receiver can tell; without a look-up nothing, which is safe: a repetition has the same id."""
        answer = self._look_up(key) if self._look_up else None
        try:
            return named_document(answer) if answer else None
        except Unreadable as error:
            msg = f"the answer to the look-up cannot be used: {error}"
            raise Unavailable(msg) from None

    def create(self, document: Document, recipient: Recipient) -> ErpOrder:
        """Raises Unacknowledged until the receiver names its document, here or through the API.

        Whether its total is the order's is for the hand-over to judge, which knows what a human has accepted.
        """
        silence = "delivered to the ERP's side, not acknowledged yet: no document number came back"
        return self._answered(order(document, recipient), named_document, silence)

    def cancel(self, key: OrderKey) -> CancelAnswer:
        """Raises Unacknowledged until the receiver says what became of it, here or through the API."""
        silence = "the cancellation was delivered to the ERP's side and is not answered yet"
        return self._answered(cancellation(key), cancel_answer, silence)

    def hold(self, key: OrderKey, reason: str) -> None:
        """Delivered is enough."""
        self._channel.deliver(hold(key, reason))

    def list_shipments(self, seller: Seller, since: datetime) -> tuple[Shipment, ...]:  # noqa: ARG002 - as every Erp
        """None, ever: shipments come through the API."""
        return ()

    def _answered(self, envelope: Envelope, read: Callable[[Answer], T | None], silence: str) -> T:
        """What the receiver says at once; Unacknowledged, with `silence` as the reason, when that is nothing."""
        answer = self._channel.deliver(envelope)
        try:
            found = read(answer) if answer else None
        except Unreadable as error:
            raise self._unacknowledged(f"delivered, but the receiver's answer cannot be used: {error}") from None
        if found is None:
            raise self._unacknowledged(silence)
        return found

    def _unacknowledged(self, reason: str) -> Unacknowledged:
        return Unacknowledged(reason, self._now() + self._patience)


def _patience(config: Mapping[str, object]) -> timedelta:
    raw = config.get("acknowledge_within_s", ACKNOWLEDGE_WITHIN.total_seconds())
    if not isinstance(raw, bool) and isinstance(raw, int | float) and _SHORTEST <= timedelta(seconds=raw) <= _LONGEST:
        return timedelta(seconds=raw)
    msg = f'"acknowledge_within_s" in the ERP secret must be a number of seconds from 60 to 86400, not {raw!r}'
    raise Misconfigured(msg)
