"""Finds the ids behind the names in the config and the codes in an order, and remembers them for the process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from bridge.domain.errors import Refused
from bridge.erp.tryton.rest import Domain, Rest


class Product(NamedTuple):
    """A product and the unit that its quantities are counted in."""

    product: int
    unit: int


class Names:
    """Only what was found is remembered: what a human adds after a refusal is seen at the next try."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._ids: dict[tuple[str, str, str], int] = {}
        self._products: dict[str, Product] = {}

    def find(self, model: str, field: str, name: str) -> int:
        """Refused when there is not exactly one record with that name."""
        key = (model, field, name)
        if key not in self._ids:
            rows = self._rest.search(model, [[field, "=", name]], ["id"], limit=2)
            if len(rows) != 1:
                msg = f"the ERP has {'several' if rows else 'no'} {model} with {field} {name!r}"
                raise Refused(msg)
            self._ids[key] = rows[0]["id"]
        return self._ids[key]

    def subdivision(self, country: int, code: str, region: str) -> int | None:
        """The state or province, by ISO 3166-2 code or by name; None when Tryton does not know it."""
        domain: Domain = [["country", "=", country], ["OR", ["code", "=", f"{code}-{region}"], ["name", "=", region]]]
        rows = self._rest.search("country.subdivision", domain, ["id"], limit=1)
        return rows[0]["id"] if rows else None

    def products(self, codes: Iterable[str]) -> dict[str, Product]:
        """Refused with every code that is not exactly one product on sale."""
        wanted = set(codes)
        missing = wanted - set(self._products)
        if missing:
            fields = ["code", "salable", "default_uom.id"]
            rows = self._rest.search_among("product.product", "code", sorted(missing), fields)
            found = [row["code"] for row in rows]
            for row in rows:
                if row["salable"] and found.count(row["code"]) == 1:
                    self._products[row["code"]] = Product(row["id"], row["default_uom"]["id"])
            missing -= set(self._products)
        if missing:
            msg = f"the ERP has no salable product, or several, with code {', '.join(sorted(missing))}"
            raise Refused(msg)
        return {code: self._products[code] for code in wanted}

    def forget(self) -> None:
        """After a refusal: an id we remember may be of a record that a human replaced."""
        self._ids.clear()
        self._products.clear()
