"""The names things have at Amazon, as types, so that one is never passed for another."""

from __future__ import annotations

import re
from typing import NamedTuple, NewType

SellerId = NewType("SellerId", str)
OrderId = NewType("OrderId", str)
OrderItemId = NewType("OrderItemId", str)
MarketplaceId = NewType("MarketplaceId", str)
Sku = NewType("Sku", str)
Region = NewType("Region", str)

ORDER_ID = re.compile(r"[A-Za-z0-9-]{3,40}")
"""What may stand for an order id in a key or a path; Amazon's own are `305-1234567-1234567`."""
SELLER_ID = re.compile(r"[A-Za-z0-9]{3,30}")

NA, EU, FE = Region("na"), Region("eu"), Region("fe")

# https://developer-docs.amazon.com/sp-api/docs/marketplace-ids
REGION_OF_MARKETPLACE: dict[MarketplaceId, Region] = {
    MarketplaceId(marketplace): region
    for region, marketplaces in {
        NA: "ATVPDKIKX0DER A2EUQ1WTGCTBG2 A1AM78C64UM0Y8 A2Q3Y263D00KWC",
        EU: "A28R8C7NBKEWEA A1RKKUPIHCS9HS A1F83G8C2ARO7P A13V1IB3VIYZZH AMEN7PMS3EDWL A1805IZSGTT6HS "
        "A1PA6795UKMFR9 APJ6JRA9NG5V4 A2NODRKZP88ZB9 AE08WJ6YKNBMC A1C3SOZRARQ6R3 ARBP9OOSHTCHU "
        "A33AVAJ2PDY3EV A17E79C6D8DWNP A2VIGQ35RCS4UG A21TJRUUN4KGV",
        FE: "A19VAU5U5O7RUS A39IBJ37TRP1C6 A1VC38T7YXB528",
    }.items()
    for marketplace in marketplaces.split()
}


class Seller(NamedTuple):
    """One selling partner in one region: the unit of consent, quota and tenancy."""

    region: Region
    seller_id: SellerId

    def __str__(self) -> str:
        return f"{self.region}:{self.seller_id}"


class OrderKey(NamedTuple):
    """One order of one seller; unique over all sellers and regions."""

    region: Region
    seller_id: SellerId
    order_id: OrderId

    @property
    def seller(self) -> Seller:
        return Seller(self.region, self.seller_id)

    def __str__(self) -> str:
        return f"{self.region}:{self.seller_id}:{self.order_id}"
