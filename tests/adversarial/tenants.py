"""Two sellers in one table, one of them in two regions, and a table that knows for whom something is being done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bridge.domain.ids import EU, NA, OrderId, OrderKey, Region, Seller, SellerId
from bridge.domain.lifecycle import HAND_TO_ERP
from bridge.domain.lines import OPERATIONS, RANKS
from bridge.stores import keys
from bridge.stores.table import Item, Key, Put, Update, Write
from tests.fakes.table import MemoryTable

ONE = SellerId("A3TH9S8BH6GOGM")
TENANTS = (Seller(EU, ONE), Seller(NA, ONE), Seller(EU, SellerId("A1OTHER")))
ORDER = "305-0000001-0000001"
"""All three have an order of this id."""


CIRCUIT = {"rev", "n", "pause_s", "until", "probe"}


class Leak(AssertionError):
    """Something was read or written that belongs to another tenant than the one that is being served."""


class WatchedTable(MemoryTable):
    """`serving` is the only tenant whose space may be touched; None while a sweep looks after all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.serving: Seller | None = None
        self.seen: set[Seller] = set()

    @contextmanager
    def only(self, tenant: Seller) -> Iterator[None]:
        self.serving = tenant
        try:
            yield
        finally:
            self.serving = None

    def _check(self, key: Key) -> None:
        tenant = self.serving
        if tenant is None:
            return
        space = f"T#{tenant.region}#{tenant.seller_id}"
        if key.pk == space or key.pk.startswith((f"{space}#O#", f"{space}#S#", f"{space}#I#")):
            self.seen.add(tenant)
            return
        # A notification names no region: the rows of one selling partner id are looked up in all of them.
        looked_up = key == Key(keys.SELLERS, f"{tenant.seller_id}#")
        # One ERP serves all of them: whether it answers is nobody's own, and says nothing of anybody.
        if not (_own(key, tenant) or looked_up or key.pk in {keys.PARKED, keys.CIRCUIT}):
            msg = f"{key} while serving {tenant}"
            raise Leak(msg)

    def get(self, key: Key) -> Item | None:
        self._check(key)
        return super().get(key)

    def several(self, *keys: Key) -> list[Item | None]:
        for key in keys:
            self._check(key)
        return super().several(*keys)

    def query(self, pk: str, prefix: str = "") -> list[Item]:
        self._check(Key(pk, prefix))
        return super().query(pk, prefix)

    def due(self, shard: str, until: str, limit: int) -> list[Item]:
        tenant = self.serving
        # One lane carries what the ERP is given for all of them: how late it is with that is counted over everybody.
        if tenant and shard not in {_paused(tenant), *_lines(tenant), *keys.due_shards(HAND_TO_ERP)}:
            msg = f"index {shard} while serving {tenant}"
            raise Leak(msg)
        return super().due(shard, until, limit)

    def delete(self, key: Key) -> None:
        self._check(key)
        super().delete(key)

    def transact(self, writes: Sequence[Write]) -> None:
        for write in writes:
            self._check(write.key)
            self._check_mention(write)
            if write.key.pk == keys.SELLERS and self.serving and not _own(write.key, self.serving):
                msg = f"row {write.key.sk} written while serving {self.serving}"
                raise Leak(msg)
        super().transact(writes)

    def _check_mention(self, write: Write) -> None:
        """No item of one tenant names another one, and the index of paused work holds its own tenant's only."""
        item: Any = write.item if isinstance(write, Put) else write.set if isinstance(write, Update) else {}
        if write.key.pk == keys.CIRCUIT and not set(item) <= CIRCUIT:
            msg = f"more than times and counts in {write.key}"
            raise Leak(msg)
        shard = str(item.get("dshard", ""))
        own = {_paused(self.serving), *_lines(self.serving)} if self.serving else set()
        if self.serving and shard.startswith(("PAUSED#", "L#")) and shard not in own:
            msg = f"{shard} while serving {self.serving}"
            raise Leak(msg)
        others = {tenant.seller_id for tenant in TENANTS} - {self.serving.seller_id if self.serving else None}
        if self.serving and any(other in repr(item) for other in others):
            msg = f"another seller is named in {write.key}"
            raise Leak(msg)


def _own(key: Key, tenant: Seller) -> bool:
    """The seller's row, or how far a sweep has come for this seller."""
    row = f"{tenant.seller_id}#{tenant.region}"
    return key.pk == keys.SELLERS and (key.sk == row or key.sk.startswith((f"{row}#CUR#", f"{row}#LINE#")))


def _paused(tenant: Seller) -> str:
    return f"PAUSED#{tenant.region}#{tenant.seller_id}"


def _lines(tenant: Seller) -> list[str]:
    return [f"L#{tenant.region}#{tenant.seller_id}#{operation}#{rank}" for operation in OPERATIONS for rank in RANKS]


def order_of(tenant: Seller, order_id: str = ORDER) -> OrderKey:
    return OrderKey(Region(tenant.region), tenant.seller_id, OrderId(order_id))
