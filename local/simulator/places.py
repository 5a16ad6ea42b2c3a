"""Amazon's marketplaces: where they are, what they charge in, and whether prices include tax."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

# https://developer-docs.amazon.com/sp-api/docs/marketplace-ids
_ROWS = """
ATVPDKIKX0DER  na US USD en_US Amazon.com     111
A2EUQ1WTGCTBG2 na CA CAD en_CA Amazon.ca      701
A1AM78C64UM0Y8 na MX MXN es_MX Amazon.com.mx  701
A2Q3Y263D00KWC na BR BRL pt_BR Amazon.com.br  701
A28R8C7NBKEWEA eu IE EUR en_IE Amazon.ie      026
A1RKKUPIHCS9HS eu ES EUR es_ES Amazon.es      404
A1F83G8C2ARO7P eu GB GBP en_GB Amazon.co.uk   202
A13V1IB3VIYZZH eu FR EUR fr_FR Amazon.fr      402
AMEN7PMS3EDWL  eu BE EUR fr_BE Amazon.com.be  405
A1805IZSGTT6HS eu NL EUR nl_NL Amazon.nl      406
A1PA6795UKMFR9 eu DE EUR de_DE Amazon.de      302
APJ6JRA9NG5V4  eu IT EUR it_IT Amazon.it      403
A2NODRKZP88ZB9 eu SE SEK sv_SE Amazon.se      407
AE08WJ6YKNBMC  eu ZA ZAR en_ZA Amazon.co.za   408
A1C3SOZRARQ6R3 eu PL PLN pl_PL Amazon.pl      409
ARBP9OOSHTCHU  eu EG EGP ar_EG Amazon.eg      410
A33AVAJ2PDY3EV eu TR TRY tr_TR Amazon.com.tr  411
A17E79C6D8DWNP eu SA SAR ar_SA Amazon.sa      412
A2VIGQ35RCS4UG eu AE AED ar_AE Amazon.ae      413
A21TJRUUN4KGV  eu IN INR en_IN Amazon.in      414
A19VAU5U5O7RUS fe SG SGD en_SG Amazon.sg      502
A39IBJ37TRP1C6 fe AU AUD en_AU Amazon.com.au  503
A1VC38T7YXB528 fe JP JPY ja_JP Amazon.co.jp   249
"""

# Added on top of the price and remitted by Amazon; elsewhere prices include the tax.
_TAX_ADDED = {"US": Decimal("0.08875"), "CA": Decimal("0.13")}
_WITHOUT_MINOR_UNIT = {"JPY"}
# Both forms are seen where prices include tax: no TAX breakdown at all, and one of zero.
_WRITES_ZERO_TAX = {"GB"}


@dataclass(frozen=True, slots=True)
class Place:
    """One marketplace."""

    marketplace_id: str
    region: str
    country: str
    currency: str
    language: str
    name: str
    order_prefix: str

    @property
    def domain(self) -> str:
        return f"www.{self.name.lower()}"

    @property
    def minor_unit(self) -> Decimal:
        return Decimal(1) if self.currency in _WITHOUT_MINOR_UNIT else Decimal("0.01")

    @property
    def tax_added(self) -> Decimal | None:
        """The rate that is added to prices; None where prices include the tax."""
        return _TAX_ADDED.get(self.country)

    @property
    def writes_zero_tax(self) -> bool:
        return self.country in _WRITES_ZERO_TAX


PLACES: dict[str, Place] = {row.split()[0]: Place(*row.split()) for row in _ROWS.strip().splitlines()}
REGIONS = frozenset(place.region for place in PLACES.values())
