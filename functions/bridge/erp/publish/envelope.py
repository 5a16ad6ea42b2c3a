"""What is published: one JSON object per message, the same on every channel (docs/connectors/README.md).

The same news has the same id and the same bytes, however often and by whomever it is told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bridge.domain.documents import Document, Recipient
from bridge.domain.errors import Refused
from bridge.domain.ids import OrderKey
from bridge.domain.money import Money, minor_unit
from bridge.domain.times import to_text

ORDER, CANCELLATION, HOLD = "order", "cancellation", "hold"
TYPES = (ORDER, CANCELLATION, HOLD)
"""Each has a schema of its name in docs/schemas."""


@dataclass(frozen=True, slots=True, repr=False)
class Envelope:
    """`version` is Amazon's version of the order, which sorts as text; empty where one order has one such message."""

    id: str
    type: str
    version: str
    key: OrderKey
    data: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"Envelope({self.id})"

    def text(self) -> str:
        """ASCII, so that no transport can change a name on its way."""
        body = {
            "id": self.id,
            "type": self.type,
            "version": self.version,
            "region": self.key.region,
            "seller_id": self.key.seller_id,
            "order_id": self.key.order_id,
            "data": self.data,
        }
        return json.dumps(body, separators=(",", ":"))

    def within(self, limit: int, channel: str) -> str:
        """The text, if it is at most `limit` bytes; Refused otherwise."""
        text = self.text()
        if len(text) > limit:
            msg = f"the {self.type} is {len(text)} bytes long, {channel} takes {limit}: enter it in the ERP by hand"
            raise Refused(msg)
        return text


def order(document: Document, recipient: Recipient) -> Envelope:
    """A sales order. The recipient has no part in the id: nothing personal may be guessed from it."""
    data = {
        "marketplace": document.marketplace,
        "ordered_at": to_text(document.ordered_at),
        "ship_by": _time(document.ship_by),
        "service_level": document.service_level,
        "total": _money(document.total),
        "lines": [
            {
                "kind": str(line.kind),
                "order_item_id": line.order_item_id,
                "sku": line.sku,
                "quantity": line.quantity,
                "unit_price": _amount(line.unit_price, document.total.currency),
                "amount": _amount(line.amount, document.total.currency),
                "description": line.description,
            }
            for line in document.lines
        ],
    }
    name = _id(ORDER, document.key, document.version, json.dumps(data))
    return Envelope(name, ORDER, document.version, document.key, {**data, "recipient": _recipient(recipient)})


def cancellation(key: OrderKey) -> Envelope:
    """Amazon cancelled the order. It never comes back, so there is one such message per order."""
    return Envelope(_id(CANCELLATION, key), CANCELLATION, "", key, {"reason": "Amazon cancelled the order"})


def hold(key: OrderKey, reason: str) -> Envelope:
    """Keep the order from shipping; told again for the same reason it is the same message."""
    return Envelope(_id(HOLD, key, reason), HOLD, "", key, {"reason": reason})


def _id(kind: str, key: OrderKey, *parts: str) -> str:
    text = json.dumps([kind, *key, *parts])
    return f"{kind}_{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _recipient(recipient: Recipient) -> dict[str, object]:
    return {
        "name": recipient.name,
        "company": recipient.company,
        "street": list(recipient.street),
        "city": recipient.city,
        "postal_code": recipient.postal_code,
        "region": recipient.region,
        "country": recipient.country,
        "phone": recipient.phone,
        "email": recipient.email,
        "instructions": recipient.instructions,
    }


def _money(money: Money) -> dict[str, str]:
    return {"amount": _amount(money.amount, money.currency), "currency": money.currency}


def _amount(amount: Decimal, currency: str) -> str:
    """With all digits of the currency's minor unit (20 → 20.00), and more if there are more."""
    unit = minor_unit(currency)
    exact = amount.quantize(unit)
    return f"{exact if exact == amount else amount:f}"


def _time(moment: datetime | None) -> str | None:
    return to_text(moment) if moment else None
