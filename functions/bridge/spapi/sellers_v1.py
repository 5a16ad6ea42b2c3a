"""Sellers API v1: in which marketplaces a seller may sell. https://developer-docs.amazon.com/sp-api/docs/sellers-api"""

from __future__ import annotations

from bridge.domain.errors import Unavailable
from bridge.domain.ids import REGION_OF_MARKETPLACE, MarketplaceId, Seller
from bridge.spapi.client import Client
from bridge.spapi.operation import Operation

GET_PARTICIPATIONS = Operation(
    "getMarketplaceParticipations", "GET", "/sellers/v1/marketplaceParticipations", rate=0.016, burst=15
)


def marketplaces(client: Client, seller: Seller) -> tuple[MarketplaceId, ...]:
    """The marketplaces in which the seller participates."""
    answer, _ = client.call(GET_PARTICIPATIONS, seller)
    found = answer.get("payload")
    if not isinstance(found, list):
        msg = "Sellers API: an answer without participations"
        raise Unavailable(msg)
    # Participations also name marketplaces that SP-API does not serve ("Non-Amazon …").
    return tuple(
        MarketplaceId(entry["marketplace"]["id"])
        for entry in found
        if (entry.get("participation") or {}).get("isParticipating")
        and REGION_OF_MARKETPLACE.get(entry["marketplace"]["id"]) == seller.region
    )
