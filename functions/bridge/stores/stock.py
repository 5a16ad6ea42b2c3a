"""Stock: the ERP's newest count of every SKU, one item each."""

from __future__ import annotations

from bridge.domain.ids import Seller, Sku
from bridge.domain.stock import Count
from bridge.domain.times import from_text, to_text
from bridge.ports import Clock
from bridge.stores import keys
from bridge.stores.raising import time_to_live
from bridge.stores.table import Absent, Compare, ConditionFailed, Table, Update, both, either, equals


class Stock:
    """See ports.Stock."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def count(self, seller: Seller, count: Count) -> bool:
        at = to_text(count.at)
        # Of two counts of one moment the lower stands, whichever comes first: what is not there cannot be sold.
        lower = both(equals("at", at), Compare("quantity", ">", count.quantity))
        try:
            self._table.update(
                Update(
                    keys.stock(seller, count.sku),
                    set={"quantity": count.quantity, "at": at, "ttl": time_to_live(self._clock.now())},
                    when=either(Absent("at"), Compare("at", "<", at), lower),
                )
            )
        except ConditionFailed:
            return False
        return True

    def of(self, seller: Seller, sku: Sku) -> Count | None:
        item = self._table.get(keys.stock(seller, sku))
        return Count(sku, item["quantity"], from_text(item["at"])) if item else None
