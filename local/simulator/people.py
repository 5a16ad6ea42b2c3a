"""Buyers and recipients that do not exist, with a canary in every personal value."""

from __future__ import annotations

import random
from dataclasses import dataclass

from local.simulator.places import Place

_FIRST = {
    "DE": "Anna Jürgen Katharina Lukas Miriam Jörg Sabine Tobias",
    "GB": "Alice George Harriet Oliver Priya Rhys Siobhan Thomas",
    "JP": "翔太 美咲 健太 さくら",
    "": "Maria James Chloé Diego Ewa Noah Zoë Liam",
}
_LAST = {
    "DE": "Müller Schäfer Weiß Krüger Öztürk Großmann Lange",
    "GB": "Brown Evans O'Neill Patel Smith-Jones Walker Wright",
    "JP": "佐藤 鈴木 高橋 田中",
    "": "Garcia Johnson Lefèvre Nowak Rossi Svensson Taylor",
}
_STREETS = {
    "DE": "Hauptstraße Lindenallee Goethestraße",
    "GB": "High-Street Mill-Lane Church-Road",
    "": "Main-Street Oak-Avenue 5th-Street",
}
_CITIES = {
    "US": (("Seattle", "WA"), ("Austin", "TX"), ("Columbus", "OH"), ("Ann Arbor", "MI")),
    "CA": (("Toronto", "ON"), ("Calgary", "AB")),
    "DE": (("Berlin", "Berlin"), ("München", "Bayern"), ("Köln", "Nordrhein-Westfalen")),
    "GB": (("Manchester", "Greater Manchester"), ("Leeds", "West Yorkshire"), ("Bristol", "")),
    "JP": (("千代田区", "東京都"), ("中央区", "大阪府")),
    "": (("Capital", ""), ("Harbour", "")),
}
_DIAL = {"US": "+1 206-555-", "CA": "+1 416-555-", "DE": "+49 30 2312", "GB": "+44 7700 90", "JP": "+81 3-5555-"}
_POSTAL_FORMS = {
    "US": "9####-####",
    "CA": "M#A #B#",
    "GB": "M## #BQ",
    "NL": "1### AB",
    "JP": "1##-####",
    "PL": "0#-###",
}


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """Who bought and where it goes. Every field from `buyer_name` to `gift_message` carries the canary."""

    buyer_name: str
    buyer_email: str
    name: str
    line1: str
    line2: str
    phone: str
    instruction: str
    gift_message: str
    city: str
    region: str
    postal_code: str
    country: str


CANARY_FIELDS = ("buyer_name", "buyer_email", "name", "line1", "line2", "phone", "instruction", "gift_message")


def _of(table: dict[str, str], country: str) -> list[str]:
    return [word.replace("-", " ") if table is _STREETS else word for word in table.get(country, table[""]).split()]


def postal_code(place: Place, number: int) -> str:
    """Looks valid in its country and is another one for every `number` (as far as the form has digits)."""
    form = _POSTAL_FORMS.get(place.country, "1####")
    width = form.count("#")
    # A step without common factor with 10 visits every number once before it repeats.
    digits = iter(f"{number * 6_173 % 10**width:0{width}d}")
    return "".join(next(digits) if sign == "#" else sign for sign in form)


def person(draw: random.Random, place: Place, *, number: int, canary: str, name: str | None = None) -> Person:
    """The `number`-th customer; `name` replaces the drawn recipient's name and gets the canary, too."""
    first, last = draw.choice(_of(_FIRST, place.country)), draw.choice(_of(_LAST, place.country))
    recipient = name or f"{first} {last}"
    city, region = draw.choice(_CITIES.get(place.country, _CITIES[""]))
    street, house = draw.choice(_of(_STREETS, place.country)), draw.randint(1, 199)
    return Person(
        buyer_name=f"{first} {last} {canary}",
        buyer_email=f"{canary.lower()}.{number}@marketplace.{place.name.lower()}",
        name=f"{recipient} {canary}",
        line1=f"{street} {house} {canary}" if place.country == "DE" else f"{house} {street} {canary}",
        line2=f"Unit {draw.randint(1, 40)} {canary}",
        phone=f"{_DIAL.get(place.country, '+99 555 ')}{draw.randint(1000, 9999)} ext. {canary}",
        instruction=f"Ring twice {canary}",
        gift_message=f"Happy birthday! {canary}",
        city=city,
        region=region,
        postal_code=postal_code(place, number),
        country=place.country,
    )
