"""Where everything lies in the one table. Every key carries region and seller; nothing personal is ever part of one.

| pk | sk | what |
|---|---|---|
| `T#<region>#<seller>#O#<order>` | `HEAD` | facts of one order |
| same | `FX#<kind>` | one effect of the order |
| same | `PKG#<shipment>#<package>` | one parcel, with its own effect |
| `T#<region>#<seller>#S#<sku>` | `STOCK` | what the ERP has of one SKU |
| `T#<region>#<seller>` | `Q#<operation>` | Amazon's quota of one operation |
| `APP#<region>` | `Q#<name>` | a quota that all sellers of a region share |
| `SELLERS` | `<seller>#<region>` | the seller: mode, marketplaces, subscriptions |
| same | `<seller>#<region>#CUR#<sweep>` | how far a sweep has come |
| same | `<seller>#<region>#CUR#backfill` | the orders of the past that an operator asked for |
| same | `<seller>#<region>#LINE#<operation>` | that work waits in line for that quota, and when it is served next |
| `T#<region>#<seller>#I#<digest>` | `ANSWER` | what the HTTP API answered under an idempotency key |
| `CIRCUIT` | `<connector>` | whether the ERP answers |
| `SEEN#<digest>` | `CALL` | a signed call that was taken |
| `PARKED` | `<digest>` | a message that nobody could act on |

Index `due` (`dshard`, `due`): `D#<kind>#<n>` work that should happen, `SHIPBY#<n>` orders near their deadline,
`PARKED` what waits for a human, `PAUSED#<region>#<seller>` work of a seller who is paused,
`L#<region>#<seller>#<operation>#<rank>` work that waits in line for Amazon's quota; there `due` is no time, but the
place in the line.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import chain

from bridge.domain.ids import OrderId, OrderKey, Region, Seller, SellerId, Sku
from bridge.domain.lifecycle import CONFIRM_SHIPMENT, KINDS
from bridge.domain.lines import Line
from bridge.domain.pacing import Place
from bridge.domain.work import Work
from bridge.stores.table import Key

SHARDS, DUE_SHARDS = 8, 4
PARKED = "PARKED"
SELLERS = "SELLERS"
HEAD = "HEAD"
CIRCUIT = "CIRCUIT"
STOCK = "STOCK"
ANSWER = "ANSWER"


def order_pk(key: OrderKey) -> str:
    return f"T#{key.region}#{key.seller_id}#O#{key.order_id}"


def head(key: OrderKey) -> Key:
    return Key(order_pk(key), HEAD)


def parcel(key: OrderKey, part: str) -> Key:
    return Key(order_pk(key), f"PKG#{part}")


def work(work: Work) -> Key:
    if work.kind == CONFIRM_SHIPMENT:
        return parcel(work.key, work.part)
    return Key(order_pk(work.key), f"FX#{work.kind}")


def order_of(pk: str) -> OrderKey:
    """The order of a partition key."""
    _, region, seller, _, order = pk.split("#", 4)
    return OrderKey(Region(region), SellerId(seller), OrderId(order))


def work_of(pk: str, sk: str) -> Work:
    """The work that an effect or parcel item stands for."""
    kind, _, rest = sk.partition("#")
    return Work(CONFIRM_SHIPMENT, order_of(pk), rest) if kind == "PKG" else Work(rest, order_of(pk))


def seller(seller: Seller) -> Key:
    return Key(SELLERS, regions_of(seller.seller_id) + seller.region)


def regions_of(seller_id: str) -> str:
    """How the sort keys of one selling partner id begin, in all regions."""
    return f"{seller_id}#"


def seller_of(sk: str) -> Seller:
    seller_id, _, region = sk.partition("#")
    return Seller(Region(region), SellerId(seller_id))


def cursor(seller: Seller, sweep: str) -> Key:
    return Key(SELLERS, f"{regions_of(seller.seller_id)}{seller.region}#CUR#{sweep}")


def backfill(seller: Seller) -> Key:
    return cursor(seller, "backfill")


def quota(place: Place) -> Key:
    return Key(f"T#{place.region}#{place.seller_id}" if place.seller_id else f"APP#{place.region}", f"Q#{place.name}")


def line(line: Line) -> Key:
    """The note that work waits there."""
    return Key(SELLERS, f"{regions_of(line.seller.seller_id)}{line.seller.region}#LINE#{line.operation}")


def line_of(sk: str) -> Line | None:
    """The line whose note has this sort key; None when it is something else."""
    seller_id, region, what, *rest = (*sk.split("#", 3), "", "")[:4]
    return Line(Seller(Region(region), SellerId(seller_id)), rest[0]) if what == "LINE" else None


def waiting(line: Line, rank: int) -> str:
    return f"L#{line.seller.region}#{line.seller.seller_id}#{line.operation}#{rank}"


def stock(seller: Seller, sku: Sku) -> Key:
    """A partition per SKU: a whole warehouse may be counted at once."""
    return Key(f"T#{seller.region}#{seller.seller_id}#S#{sku}", STOCK)


def answer(seller: Seller, digest: str) -> Key:
    return Key(f"T#{seller.region}#{seller.seller_id}#I#{digest}", ANSWER)


def circuit(erp: str) -> Key:
    return Key(CIRCUIT, erp)


def seen(digest: str) -> Key:
    return Key(f"SEEN#{digest}", "CALL")


def _shard(key: OrderKey) -> int:
    return zlib.crc32(order_pk(key).encode()) % SHARDS


def due_shard(work: Work) -> str:
    return f"D#{work.kind}#{_shard(work.key) % DUE_SHARDS}"


_DUE = {kind: tuple(f"D#{kind}#{shard}" for shard in range(DUE_SHARDS)) for kind in KINDS}
_ALL_DUE = tuple(chain.from_iterable(_DUE.values()))


def due_shards(kind: str = "") -> Sequence[str]:
    """Every partition of the index that holds due work, of one kind or of all."""
    return _DUE[kind] if kind else _ALL_DUE


def ship_by_shard(key: OrderKey) -> str:
    return f"SHIPBY#{_shard(key)}"


def paused(seller: Seller) -> str:
    return f"PAUSED#{seller.region}#{seller.seller_id}"
