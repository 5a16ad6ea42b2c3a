"""Parcels: what the warehouse packed, as Amazon wants to hear it."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.documents import Package, Shipment
from bridge.domain.ids import MarketplaceId, OrderItemId, OrderKey
from bridge.domain.times import to_text

_REFERENCES = 10**9

# Carrier codes of confirmShipment (Orders v0). Anything else goes as "Other" with the carrier's name.
# https://developer-docs.amazon.com/sp-api/changelog/carriercode-value-required-in-shipment-confirmations-for-br-mx-ca-sg-au-in-jp-marketplaces
CARRIER_CODES = (
    "4PX", "A-1", "ABF", "Amazon Shipping", "Aramex", "Arrow", "Asendia", "Australia Post", "B2C Europe", "BJS",
    "BRT", "Balnak", "Bartolini", "Blue Dart", "Bombax", "Canada Post", "CEVA", "China Post", "Chronopost", "Chukou1",
    "Colis Prive", "Colissimo", "Conway", "Correos", "CTTExpress", "Delhivery", "DHL", "DHL eCommerce", "DHL Express",
    "DHL Freight", "DHL Kargo", "DHL Parcel", "DHL-Paket", "DPD", "DTDC", "DX Freight", "Dascher", "Deutsche Post",
    "Emons", "Endopack", "Energo", "Estes", "FAST", "FERCAM", "FEDEX_JP", "FedEx", "FedEx SmartPost", "First Mile",
    "GEL Express", "GEODIS", "GLS", "GO!", "HS code", "Hellmann", "Hermes", "Hermes Logistik Gruppe",
    "Hotpoint Logistics", "Hunter Logistics", "IDS", "IDS Netzwerk", "India Post", "InPost", "Interlink", "Interno",
    "Intersoft", "Japan Post", "JP_EXPRESS", "Kuehne+Nagel", "La Poste", "Lasership", "Liefery", "MRW",
    "MZZ Briefdienst", "NITTSU", "Nacex", "Newgistics", "Old Dominion", "OnTrac", "OSM", "Otro", "Panther",
    "Parcel Monkey", "Parcelforce", "Parcelnet", "PostNL", "PostNord", "Professional", "Qxpress", "R+L",
    "Raben Group", "Rhenus", "Rieck", "Royal Mail", "SAGAWA", "SDA", "SFC", "Saia", "Seino", "Self Delivery", "SEUR",
    "SF Express", "Singapore Post", "Smartmail", "Speedex", "StarTrack", "Stahlmann", "StreamLite", "Swiss Post",
    "TNT", "TNT Kargo", "Target", "Transaher", "Trakpak", "Tuffnells", "UK Mail", "UPS", "UPS Freight",
    "UPS Mail Innovations", "UPSMI", "USPS", "United Delivery Services", "Urban Express", "VIR", "VNLIN", "WINIT",
    "Whistl", "XDP", "XPO", "YAMATO", "YANWEN", "Yellow Freight", "Yodel", "YunExpress",
)  # fmt: skip


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


_CODE_OF = {_plain(code): code for code in CARRIER_CODES}


def carrier_code(name: str) -> tuple[str, str | None]:
    """Amazon's carrier code for the warehouse's carrier, and the carrier's name when the code is `Other`."""
    code = _CODE_OF.get(_plain(name)) if _plain(name) else None
    return (code, None) if code else ("Other", name.strip() or "Other")


def part_of(shipment_id: str, package_id: str) -> str:
    """The parcel's name within its order."""
    return f"{shipment_id}#{package_id}"


def reference(key: OrderKey, part: str, taken: Container[int]) -> int:
    """The package reference: the same after a restore, 1 … 10⁹, one further on collision within the order."""
    digest = hashlib.sha256(f"{key.seller_id}\x1f{key.order_id}\x1f{part}".encode()).digest()
    number = 1 + int.from_bytes(digest[:8]) % _REFERENCES
    while number in taken:
        number = number % _REFERENCES + 1
    return number


@dataclass(frozen=True, slots=True)
class Parcel:
    """One package of one order as the ERP last reported it; `digest` changes when anything Amazon hears changes."""

    key: OrderKey
    part: str
    reference: int
    carrier: str
    tracking: str
    shipping_method: str
    shipped_at: datetime
    lines: tuple[tuple[OrderItemId, int], ...]
    told: bool = False
    """Amazon accepted this parcel before, as it is now or as it was."""
    surplus: str = ""
    """Why it holds more than was ordered; empty when it does not."""

    @property
    def digest(self) -> str:
        facts = [self.carrier, self.tracking, self.shipping_method, to_text(self.shipped_at), sorted(self.lines)]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def parcel(shipment: Shipment, package: Package, number: int) -> Parcel:
    """The ERP's package under the reference that it keeps."""
    return Parcel(
        key=shipment.key,
        part=part_of(shipment.shipment_id, package.package_id),
        reference=number,
        carrier=package.carrier,
        tracking=package.tracking,
        shipping_method=package.shipping_method,
        shipped_at=package.shipped_at,
        lines=package.lines,
    )


def units(*parcels: Parcel) -> dict[OrderItemId, int]:
    """Units per order item in these parcels."""
    count: Counter[OrderItemId] = Counter()
    for one in parcels:
        for item_id, quantity in one.lines:
            count[item_id] += quantity
    return dict(count)


def too_many(ordered: Mapping[OrderItemId, int], packed: Mapping[OrderItemId, int]) -> str | None:
    """Which order item has more units in parcels than were ordered, in words; None when none has."""
    for item_id, count in packed.items():
        if count > ordered.get(item_id, 0):
            return f"parcels hold {count} of order item {item_id}, ordered were {ordered.get(item_id, 0)}"
    return None


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What confirmShipment says of one parcel."""

    marketplace: MarketplaceId
    reference: int
    carrier_code: str
    carrier_name: str | None
    shipping_method: str
    tracking: str
    shipped_at: datetime
    lines: tuple[tuple[OrderItemId, int], ...]


def confirmation(parcel: Parcel, marketplace: MarketplaceId, *, ordered_at: datetime, now: datetime) -> Confirmation:
    """The parcel as Amazon accepts it: not shipped before it was bought, and not in the future.

    Warehouses often know only the day, which would be before the hour of a purchase on the same day.
    """
    code, name = carrier_code(parcel.carrier)
    return Confirmation(
        marketplace=marketplace,
        reference=parcel.reference,
        carrier_code=code,
        carrier_name=name,
        shipping_method=parcel.shipping_method,
        tracking=parcel.tracking,
        shipped_at=min(max(parcel.shipped_at, ordered_at), now),
        lines=parcel.lines,
    )
