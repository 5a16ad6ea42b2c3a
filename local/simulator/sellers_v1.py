"""Sellers API v1: where the seller sells."""

from __future__ import annotations

from typing import Any

from local.simulator.exchange import Response
from local.simulator.operation import Call, Operation, payload
from local.simulator.places import PLACES, Place


def get_marketplace_participations(call: Call) -> Response:
    return payload([_participation(PLACES[marketplace]) for marketplace in call.seller.marketplace_ids])


def _participation(place: Place) -> dict[str, Any]:
    return {
        "marketplace": {
            "id": place.marketplace_id,
            "name": place.name,
            "countryCode": place.country,
            "defaultCurrencyCode": place.currency,
            "defaultLanguageCode": place.language,
            "domainName": place.domain,
        },
        "participation": {"isParticipating": True, "hasSuspendedListings": False},
        "storeName": "Simulated store",
    }


OPERATIONS = (
    Operation(
        "getMarketplaceParticipations", "GET", "/sellers/v1/marketplaceParticipations", get_marketplace_participations
    ),
)
