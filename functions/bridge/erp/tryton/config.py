"""What a user writes into the ERP secret for Tryton, checked while wiring; names as shown in Tryton, never its ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.domain.documents import LineKind
from bridge.domain.errors import Misconfigured, Refused
from bridge.domain.ids import REGION_OF_MARKETPLACE, MarketplaceId, Seller, SellerId

SERVICES = tuple(kind.value for kind in LineKind if kind is not LineKind.ITEM)
_TEXTS = ("url", "database", "key", "carrier")
_HELP = {
    "url": "base URL of Tryton, like https://erp.example.com",
    "database": "name of the Tryton database",
    "key": "a validated key of a user application of kind REST",
    "carrier": "name of the carrier that new sales get",
    "shops": '{"<seller id>/<marketplace id>": "<name of a web shop>", …}',
    "services": f"the product code for each of {', '.join(SERVICES)}",
}


@dataclass(frozen=True, slots=True)
class Config:
    """`company` may stay empty when Tryton has only one, `payment_term` when sales shall have none."""

    url: str
    database: str
    key: str = field(repr=False)
    carrier: str
    shops: Mapping[tuple[SellerId, MarketplaceId], str]
    services: Mapping[LineKind, str]
    company: str = ""
    payment_term: str = ""

    def shop(self, seller: Seller, marketplace: MarketplaceId) -> str:
        """The web shop for the orders of one marketplace."""
        shop = self.shops.get((seller.seller_id, marketplace))
        if shop is None:
            msg = f'no web shop for {seller.seller_id}/{marketplace}: add it to "shops" in the ERP secret'
            raise Refused(msg)
        return shop

    def shops_of(self, seller: Seller) -> list[str]:
        """All web shops of a seller in a region; a marketplace that we do not know counts for each region."""
        return sorted(
            {
                shop
                for (seller_id, marketplace), shop in self.shops.items()
                if seller_id == seller.seller_id
                and REGION_OF_MARKETPLACE.get(marketplace, seller.region) == seller.region
            }
        )


def read_config(raw: Mapping[str, object]) -> Config:
    """Raises Misconfigured with everything that is missing and what belongs there."""
    services, shops = raw.get("services"), raw.get("shops")
    wrong = [name for name in _TEXTS if not isinstance(raw.get(name), str) or not raw[name]]
    if not isinstance(shops, dict) or not shops or not all("/" in key for key in shops):
        wrong.append("shops")
    if not isinstance(services, dict) or any(not services.get(kind) for kind in SERVICES):
        wrong.append("services")
    if wrong or not isinstance(shops, dict) or not isinstance(services, dict):
        msg = "the ERP secret lacks " + "; ".join(f'"{name}": {_HELP[name]}' for name in wrong)
        raise Misconfigured(msg)
    return Config(
        **{name: str(raw[name]) for name in _TEXTS},
        shops=_shops(shops),
        services={LineKind(kind): str(services[kind]) for kind in SERVICES},
        company=str(raw.get("company") or ""),
        payment_term=str(raw.get("payment_term") or ""),
    )


def _shops(raw: Mapping[str, object]) -> dict[tuple[SellerId, MarketplaceId], str]:
    """A shop belongs to one seller in one region: else its shipments would be told to another Amazon account too."""
    shops: dict[tuple[SellerId, MarketplaceId], str] = {}
    owner: dict[str, tuple[str, str]] = {}
    for key, name in raw.items():
        seller, _, marketplace = key.partition("/")
        shops[SellerId(seller), MarketplaceId(marketplace)] = str(name)
        account = (seller, REGION_OF_MARKETPLACE.get(MarketplaceId(marketplace), ""))
        if owner.setdefault(str(name), account) != account:
            msg = f'"shops" in the ERP secret gives the web shop {name!r} to two sellers or regions: each needs its own'
            raise Misconfigured(msg)
    return shops
