"""An ERP whose silence is noted on its circuit. Whether it may be asked at all, effects ask before they read Amazon."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeVar

from bridge.domain.documents import CancelAnswer, Document, ErpOrder, Recipient, Shipment
from bridge.domain.errors import BridgeError, Unavailable
from bridge.domain.ids import OrderKey, Seller
from bridge.ports import Circuit, Erp, Signals

T = TypeVar("T")


class Watched:
    """The connector behind it, unchanged in what it does."""

    def __init__(self, erp: Erp, circuit: Circuit, signals: Signals) -> None:
        self._erp = erp
        self._circuit = circuit
        self._signals = signals

    @property
    def lookup_lag(self) -> timedelta:
        return self._erp.lookup_lag

    def find(self, key: OrderKey) -> ErpOrder | None:
        """A look that finds nothing is followed by a write, which tells more: many an ERP reads well and writes ill."""
        try:
            found = self._erp.find(key)
        except Unavailable:
            self._failed()
            raise
        if found and found.ready:
            self._answered()
        return found

    def create(self, document: Document, recipient: Recipient) -> ErpOrder:
        return self._asked(lambda: self._erp.create(document, recipient))

    def cancel(self, key: OrderKey) -> CancelAnswer:
        return self._asked(lambda: self._erp.cancel(key))

    def hold(self, key: OrderKey, reason: str) -> None:
        self._asked(lambda: self._erp.hold(key, reason))

    def list_shipments(self, seller: Seller, since: datetime) -> Iterable[Shipment]:
        """Not watched: a look a minute neither hurts an ERP nor proves that it takes orders."""
        return self._erp.list_shipments(seller, since)

    def _asked(self, ask: Callable[[], T]) -> T:
        try:
            answer = ask()
        except Unavailable:
            self._failed()
            raise
        except BridgeError:  # a refusal, or a plea for patience, is an answer
            self._answered()
            raise
        self._answered()
        return answer

    def _answered(self) -> None:
        with suppress(BridgeError):  # a table that does not answer must not make a doubt of what the ERP has done
            self._circuit.answered()

    def _failed(self) -> None:
        opened = False
        with suppress(BridgeError):
            opened = self._circuit.failed()
        if opened:
            self._signals.count("ErpCircuitOpen")
            self._signals.note("the ERP does not answer, and is left in peace")
