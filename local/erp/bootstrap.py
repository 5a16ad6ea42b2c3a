"""Fills a freshly initialised Tryton 8.2 database with one small company that sells on Amazon.

Licence: this script imports proteus (LGPL-3.0-or-later) and, through it, trytond (GPL-3.0-or-later). It is a program
of its own that runs in the ERP's own virtual environment; nothing of the bridge imports it, and it imports nothing of
the bridge.

    TRYTOND_CONFIG=trytond.conf python bootstrap.py erp > seed.json

Every proteus call commits, so a run that failed leaves half a company: throw the database away and start again.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from decimal import Decimal
from importlib import resources
from typing import Any

from proteus import Model, Wizard
from proteus import config as proteus_config

SKUS = 20
IN_STOCK = 1000
CARRIERS = ("UPS", "USPS", "FedEx", "DHL", "DPD", "Royal Mail", "Nachbar Kurier")
SERVICES = {
    "SVC-SHIP": "Shipping",
    "SVC-WRAP": "Gift wrap",
    "SVC-PROMO": "Promotion discount",
    "SVC-TAX": "Tax collected",
    "SVC-OTHER": "Other charge",
}
SHOPS = {"Amazon DE": "EUR", "Amazon UK": "GBP", "Amazon US": "USD"}
CURRENCIES = {"EUR": ("Euro", "€", "1"), "USD": ("US Dollar", "$", "1.1"), "GBP": ("Pound Sterling", "£", "0.85")}
STATES = (
    "AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,DE Delaware,"
    "DC District of Columbia,FL Florida,GA Georgia,HI Hawaii,ID Idaho,IL Illinois,IN Indiana,IA Iowa,KS Kansas,"
    "KY Kentucky,LA Louisiana,ME Maine,MD Maryland,MA Massachusetts,MI Michigan,MN Minnesota,MS Mississippi,"
    "MO Missouri,MT Montana,NE Nebraska,NV Nevada,NH New Hampshire,NJ New Jersey,NM New Mexico,NY New York,"
    "NC North Carolina,ND North Dakota,OH Ohio,OK Oklahoma,OR Oregon,PA Pennsylvania,RI Rhode Island,"
    "SC South Carolina,SD South Dakota,TN Tennessee,TX Texas,UT Utah,VT Vermont,VA Virginia,WA Washington,"
    "WV West Virginia,WI Wisconsin,WY Wyoming"
)
GROUPS = ("sale.group_sale", "stock.group_stock", "account.group_account", "party.group_party_admin")

Record = Any
M = Model.get
config: Any = None


def find(model: str, *clause: object) -> Record:
    return M(model).find([clause] if clause else [], limit=1)[0]


def create(model: str, values: list[dict[str, object]]) -> None:
    """All in one call; proteus has no public way to do so."""
    M(model)._proxy.create(values, config.context)  # noqa: SLF001


def by_xml(xml_id: str) -> int:
    return int(M("ir.model.data").get_id(xml_id, config.context))


def countries() -> None:
    """All of ISO 3166-1, from the list that the tzdata package carries."""
    text = resources.files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    have = {country.code for country in M("country.country").find()}
    create("country.country", [{"code": code, "name": name} for code, name in rows if code not in have])
    usa = find("country.country", "code", "=", "US").id
    states = [state.split(" ", 1) for state in STATES.split(",")]
    create(
        "country.subdivision",
        [{"code": f"US-{code}", "name": name, "type": "state", "country": usa} for code, name in states],
    )


def currencies() -> dict[str, Record]:
    found = {}
    for code, (name, symbol, rate) in CURRENCIES.items():
        currency = M("currency.currency")(name=name, symbol=symbol, code=code, rounding=Decimal("0.01"))
        currency.save()
        M("currency.currency.rate")(date=dt.date(2000, 1, 1), rate=Decimal(rate), currency=currency).save()
        found[code] = currency
    return found


def company(currency: Record) -> Record:
    party = M("party.party")(name="Example Seller GmbH")
    address = party.addresses[0] if party.addresses else party.addresses.new()
    address.street, address.city, address.postal_code = "Lagerstrasse 1", "Berlin", "10115"
    address.country = find("country.country", "code", "=", "DE")
    party.save()
    wizard = Wizard("company.company.config")
    wizard.execute("company")
    wizard.form.party, wizard.form.currency = party, currency
    if hasattr(wizard.form, "timezone"):
        wizard.form.timezone = "UTC"
    wizard.execute("add")
    config._context = M("res.user").get_preferences(True, {})  # noqa: FBT003, SLF001  (proteus's documented way)
    return M("company.company").find()[0]


def chart_of_accounts(comp: Record) -> dict[str, Record]:
    wizard = Wizard("account.create_chart")
    wizard.execute("account")
    wizard.form.account_template = M("account.account.template")(by_xml("account.account_template_root_en"))
    wizard.form.company = comp
    wizard.execute("create_account")
    accounts = {
        kind: M("account.account").find(
            [(f"type.{kind}", "=", True), ("company", "=", comp.id), ("closed", "!=", True)], limit=1
        )[0]
        for kind in ("receivable", "payable", "revenue", "expense")
    }
    if accounts["receivable"].party_required:
        wizard.form.account_receivable = accounts["receivable"]
    if accounts["payable"].party_required:
        wizard.form.account_payable = accounts["payable"]
    wizard.form.category_account_expense = accounts["expense"]
    wizard.form.category_account_revenue = accounts["revenue"]
    wizard.execute("create_properties")
    return accounts


def fiscal_year(comp: Record, year: int) -> None:
    def sequence(name: str, kind: str, **more: object) -> Record:
        record = M("ir.sequence.strict")(
            name=name, sequence_type=find("ir.sequence.type", "name", "=", kind), company=comp, **more
        )
        record.save()
        return record

    record = M("account.fiscalyear")(name=str(year), company=comp)
    record.start_date, record.end_date = dt.date(year, 1, 1), dt.date(year, 12, 31)
    record.move_sequence = sequence(f"Move {year}", "Account Move")
    invoices = sequence(f"Invoice {year}", "Invoice", prefix=f"INV-{year}-", padding=6)
    kinds = record.invoice_sequences[0]
    kinds.out_invoice_sequence = kinds.in_invoice_sequence = invoices
    kinds.out_credit_note_sequence = kinds.in_credit_note_sequence = invoices
    record.save()
    record.click("create_period")


def products(accounts: dict[str, Record]) -> tuple[list[Record], Record]:
    """The goods, and the product that carriers charge."""
    unit = find("product.uom", "name", "=", "Unit")
    category = M("product.category")(name="Sold on Amazon", accounting=True)
    category.account_expense, category.account_revenue = accounts["expense"], accounts["revenue"]
    category.save()

    def product(code: str, name: str, kind: str, cost: str) -> Record:
        template = M("product.template")(
            name=name, default_uom=unit, type=kind, salable=True, list_price=Decimal("9.99"), account_category=category
        )
        template.products[0].suffix_code, template.products[0].cost_price = code, Decimal(cost)
        template.save()
        return template.products[0]

    goods = [product(f"SKU-{n:04d}", f"Example product {n:02d}", "goods", "4.00") for n in range(1, SKUS + 1)]
    services = {code: product(code, name, "service", "0") for code, name in SERVICES.items()}
    return goods, services["SVC-SHIP"]


def stock(goods: list[Record]) -> None:
    storage = find("stock.location", "code", "=", "STO")
    inventory = M("stock.inventory")(location=storage, date=dt.date.today(), empty_quantity="keep")  # noqa: DTZ011
    for product in goods:
        line = inventory.lines.new()
        line.product, line.quantity = product, float(IN_STOCK)
    inventory.save()
    inventory.click("confirm")


def logistics(charge: Record) -> None:
    M("stock.package.type")(name="Box").save()
    for name in CARRIERS:
        party = M("party.party")(name=name)
        party.save()
        carrier = M("carrier")(party=party, carrier_product=charge)
        carrier.save()
        M("carrier.selection")(carrier=M("carrier")(carrier.id)).save()


def shops(comp: Record, money: dict[str, Record]) -> None:
    warehouse = find("stock.location", "code", "=", "WH").id
    for name, currency in SHOPS.items():
        shop = M("web.shop")(name=name, company=comp, currency=money[currency])
        shop.warehouses.append(M("stock.location")(warehouse))
        shop.save()


def user(comp: Record, login: str, name: str) -> str:
    """A user who may sell and ship, and nothing else; the answer is its REST key."""
    record = M("res.user")(name=name, login=login)
    for xml_id in GROUPS:
        record.groups.append(M("res.group")(by_xml(xml_id)))
    record.companies.append(M("company.company")(comp.id))
    record.company = M("company.company")(comp.id)
    record.save()
    application = M("res.user.application")(user=record, application="rest")
    application.save()
    if application.state != "validated":
        application.click("validate_")
    return str(application.key)


def main(database: str) -> dict[str, object]:
    global config  # noqa: PLW0603  (proteus itself keeps one connection for the whole process)
    config = proteus_config.set_trytond(database, config_file=os.environ["TRYTOND_CONFIG"])
    countries()
    money = currencies()
    comp = company(money["EUR"])
    accounts = chart_of_accounts(comp)
    this_year = dt.datetime.now(dt.UTC).year
    for year in (this_year - 1, this_year, this_year + 1):
        fiscal_year(comp, year)
    term = M("account.invoice.payment_term")(name="Paid by marketplace")
    term.lines.new(type="remainder")
    term.save()
    goods, charge = products(accounts)
    stock(goods)
    logistics(charge)
    shops(comp, money)
    return {
        "company": comp.party.name,
        "key": user(comp, "spapi-bridge", "Amazon bridge"),
        "warehouse_key": user(comp, "warehouse", "Warehouse"),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
