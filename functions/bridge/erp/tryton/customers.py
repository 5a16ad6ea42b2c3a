"""The recipient as a party in Tryton with one address: the only place in the ERP that gets personal data."""

from __future__ import annotations

from typing import NamedTuple

from bridge.domain.documents import Recipient
from bridge.domain.errors import Refused
from bridge.domain.ids import OrderId
from bridge.erp.tryton.names import Names
from bridge.erp.tryton.rest import Rest

_FIELDS = ("addresses.id", "contact_mechanisms.id")


class Customer(NamedTuple):
    """Ids of the party and of its address."""

    party: int
    address: int


class Customers:
    """One party per order, its code made of the order id: Amazon's buyers are strangers, and stay apart."""

    def __init__(self, rest: Rest, names: Names) -> None:
        self._rest, self._names = rest, names

    def put(self, order: OrderId, recipient: Recipient) -> Customer:
        """Creates the party, or brings the one of an earlier try up to date."""
        code, address = f"AMZ-{order}", self._address(recipient)
        try:
            return self._create(code, recipient, address, typed=True)
        except Refused:
            found = self._rest.search("party.party", [["code", "=", code]], _FIELDS, 1)
        if not found:
            # Tryton may hold phone numbers and mail addresses to rules that Amazon's buyers do not know.
            return self._create(code, recipient, address, typed=False)
        party, addresses = found[0]["id"], found[0]["addresses"]
        change = ["write", [addresses[0]["id"]], address] if addresses else ["create", [address]]
        row = self._rest.write("party.party", party, {"name": recipient.name, "addresses": [change]}, _FIELDS)
        return Customer(party, row["addresses"][0]["id"])

    def _create(self, code: str, recipient: Recipient, address: dict[str, object], *, typed: bool) -> Customer:
        values: dict[str, object] = {"name": recipient.name, "code": code, "addresses": [["create", [address]]]}
        if contacts := _contacts(recipient, typed=typed):
            values["contact_mechanisms"] = [["create", contacts]]
        row = self._rest.create("party.party", values, _FIELDS)
        return Customer(row["id"], row["addresses"][0]["id"])

    def _address(self, recipient: Recipient) -> dict[str, object]:
        try:
            country = self._names.find("country.country", "code", recipient.country)
        except Refused:
            msg = "the ERP does not know the country of the recipient"
            raise Refused(msg) from None
        street, subdivision = list(recipient.street), None
        if recipient.region:
            subdivision = self._names.subdivision(country, recipient.country, recipient.region)
            if subdivision is None:
                street.append(recipient.region)
        return {
            "attn": recipient.name if recipient.company else None,
            "party_name": recipient.company or None,
            "street": "\n".join(street),
            "city": recipient.city,
            "postal_code": recipient.postal_code,
            "country": country,
            "subdivision": subdivision,
        }


def _contacts(recipient: Recipient, *, typed: bool) -> list[dict[str, object]]:
    contacts = [
        ("phone", "Phone", recipient.phone),
        ("email", "E-mail", recipient.email),
        ("other", "Delivery instructions", recipient.instructions),
    ]
    return [
        {"type": kind if typed else "other", "name": name, "value": value} for kind, name, value in contacts if value
    ]
