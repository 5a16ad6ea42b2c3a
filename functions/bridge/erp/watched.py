"""An ERP whose silence is noted on its circuit, and that it turns everything away. Whether it may be asked at all,
effects ask before they read Amazon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar

from bridge.domain.documents import CancelAnswer, Document, ErpOrder, Recipient, Shipment
from bridge.domain.errors import BridgeError, Misconfigured, Unavailable
from bridge.domain.ids import OrderKey, Seller
from bridge.ports import Circuit, Erp, Signals

P = ParamSpec("P")
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
        find = self._erp.find  # not watched: our own secret is read here
        try:
            found = find(key)
        except (Unavailable, Misconfigured) as error:
            self._noted(error)
            raise
        if found and found.ready:
            self._answered()
        return found

    def create(self, document: Document, recipient: Recipient) -> ErpOrder:
        return self._asked(self._erp.create, document, recipient)

    def cancel(self, key: OrderKey) -> CancelAnswer:
        return self._asked(self._erp.cancel, key)

    def hold(self, key: OrderKey, reason: str) -> None:
        self._asked(self._erp.hold, key, reason)

    def list_shipments(self, seller: Seller, since: datetime) -> Iterable[Shipment]:
        """Not watched: a look a minute neither hurts an ERP nor proves that it takes orders."""
        return self._erp.list_shipments(seller, since)

    def _asked(self, ask: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """What our own secret lacks was raised before, where the connector was asked for the method."""
        try:
            answer = ask(*args, **named)
        except BridgeError as error:
            self._noted(error)
            raise
        self._answered()
        return answer

    def _noted(self, error: BridgeError) -> None:
        match error:
            case Unavailable():
                self._failed()
            case Misconfigured():
                self._turned_away(str(error))
            case _:  # a refusal, or a plea for patience, is an answer
                self._answered()

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

    def _turned_away(self, reason: str) -> None:
        """The alarm is that of everything misconfigured, and rings where the error ends."""
        opened = False
        with suppress(BridgeError):
            opened = self._circuit.turned_away(reason)
        if opened:
            self._signals.note("the ERP turns everything away, and is left in peace", reason=reason)
