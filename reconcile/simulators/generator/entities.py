"""The real companies and people behind the practice records: what is true, before anybody typed it in."""

from __future__ import annotations

import random
import re
import unicodedata
from bisect import bisect
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Literal, TypeVar

from reconcile.simulators.generator.countries import COUNTRIES, City, Country
from reconcile.simulators.generator.vocabulary import (
    ADJECTIVES,
    FREE_MAIL,
    INDUSTRY_WORDS,
    NOUNS,
    SYLLABLES,
)

Kind = Literal["company", "person"]
Item = TypeVar("Item")
_LETTERS = "ABCEGHJKLMNPRSTVWXYZ"
_SHARES = list(accumulate(country.share for country in COUNTRIES))
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


@dataclass(frozen=True, slots=True)
class Entity:
    """One real company location or person.

    Attributes:
        core: the name without its legal form; for a person the full name.
        domain: web domain; empty for people.
        phone: national digits with area, without trunk prefix.
        given, family: the person, or the person at the company who pays.
        other_name: the name it also trades under ("dba"); empty for most.
    """

    kind: Kind
    core: str
    legal: str
    industry: str
    domain: str
    country: Country
    city: City
    postcode: str
    house: str
    street: str
    unit: str
    phone: str
    given: str
    family: str
    other_name: str = ""

    @property
    def name(self) -> str:
        """The full, proper name."""
        return f"{self.core} {self.legal}".strip()

    @property
    def street_line(self) -> str:
        """House number and street, in the order of the country."""
        return f"{self.house} {self.street}" if self.country.house_first else f"{self.street} {self.house}"


def pick(rng: random.Random, items: tuple[Item, ...]) -> Item:
    """One item, each as likely as the other."""
    return items[int(rng.random() * len(items))]


def to_ascii(text: str) -> str:
    """Latin letters without their marks, German ones spelled out."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKD", text.translate(_GERMAN)).encode("ascii", "ignore").decode()


def slug(text: str) -> str:
    """Lower-case ASCII letters and digits only."""
    plain = to_ascii(text).lower()
    return plain if plain.isalnum() else re.sub(r"[^a-z0-9]", "", plain)


def make_company(rng: random.Random, country: Country | None = None) -> Entity:
    """A company with all its details."""
    country = country or COUNTRIES[bisect(_SHARES, rng.random() * _SHARES[-1])]
    city = pick(rng, country.cities)
    noun, industry = pick(rng, INDUSTRY_WORDS)
    core = _company_core(rng, country, city, noun)
    return Entity(
        kind="company",
        core=core,
        legal=pick(rng, country.legal_forms),
        industry=industry,
        domain=_domain(rng, core, country),
        country=country,
        city=city,
        **_place(rng, country, city),
        given=pick(rng, country.given),
        family=pick(rng, country.family),
    )


def make_person(rng: random.Random) -> Entity:
    """A person who buys for themselves."""
    country = COUNTRIES[bisect(_SHARES, rng.random() * _SHARES[-1])]
    city = pick(rng, country.cities)
    given, family = pick(rng, country.given), pick(rng, country.family)
    return Entity(
        kind="person",
        core=f"{given} {family}",
        legal="",
        industry="",
        domain="",
        country=country,
        city=city,
        **_place(rng, country, city),
        given=given,
        family=family,
    )


def another_location(rng: random.Random, entity: Entity) -> Entity:
    """The same chain in another city: name, domain and legal form stay, everything else is its own."""
    others = tuple(city for city in entity.country.cities if city.name != entity.city.name)
    city = pick(rng, others)
    return replace(
        entity,
        city=city,
        **_place(rng, entity.country, city),
        given=pick(rng, entity.country.given),
        family=pick(rng, entity.country.family),
    )


def sibling_company(rng: random.Random, entity: Entity) -> Entity:
    """Another company of the same house: another name behind the same domain, mostly at the same address."""
    noun, industry = pick(rng, INDUSTRY_WORDS)
    core = f"{entity.core.split()[0]} {noun}"
    if core == entity.core:
        core = f"{core} Services"
    sibling = replace(entity, core=core, industry=industry, given=pick(rng, entity.country.given))
    if rng.random() < 0.6:
        return sibling
    return replace(sibling, **_place(rng, entity.country, entity.city))


def moved(rng: random.Random, entity: Entity) -> Entity:
    """The same company at a new address in the same country."""
    city = pick(rng, entity.country.cities)
    return replace(entity, city=city, **{**_place(rng, entity.country, city), "phone": entity.phone})


def mail_address(rng: random.Random, entity: Entity, mailbox: str | None = None) -> str:
    """An address at the entity's domain, or with a free-mail provider for people and one company in eight."""
    given, family = slug(entity.given), slug(entity.family)
    if entity.domain and (mailbox or rng.random() > 0.12):
        local = mailbox or pick(rng, (f"{given}.{family}", f"{given[0]}{family}", given))
        return f"{local}@{entity.domain}"
    local = pick(rng, (f"{given}.{family}", f"{given}{family}", f"{family}.{given}"))
    return f"{local}{int(rng.random() * 90) + 10}@{pick(rng, FREE_MAIL)}"


def _company_core(rng: random.Random, country: Country, city: City, noun: str) -> str:
    """The name without legal form, built one of five ways."""
    way = rng.random()
    if way < 0.3:
        return f"{_coined(rng)} {noun}"
    if way < 0.55:
        return f"{pick(rng, ADJECTIVES)} {pick(rng, NOUNS)} {noun}"
    if way < 0.75:
        return f"{pick(rng, country.family)} {noun}"
    if way < 0.9:
        joint = "&" if rng.random() < 0.7 else "and"
        return f"{pick(rng, country.family)} {joint} {pick(rng, country.family)} {noun}"
    return f"{city.name} {pick(rng, NOUNS)} {noun}"


def _coined(rng: random.Random) -> str:
    """An invented word of three syllables."""
    return "".join(pick(rng, SYLLABLES) for _ in range(3)).capitalize()


def _domain(rng: random.Random, core: str, country: Country) -> str:
    """A domain made of the name."""
    words = [slug(word) for word in core.split() if slug(word) not in {"", "and"}]
    way = rng.random()
    if way < 0.45:
        label = "".join(words)
    elif way < 0.7:
        label = "-".join(words)
    elif way < 0.9:
        label = "".join(words[:2])
    else:
        label = f"{words[0]}{words[-1][:4]}"
    return f"{label}.{pick(rng, country.tlds)}"


def _place(rng: random.Random, country: Country, city: City) -> dict[str, Any]:
    """Address and telephone number in a city."""
    house = str(1 + int(rng.random() ** 2 * (9899 if country.code in {"US", "CA"} else 249)))
    unit = f"Suite {100 + int(rng.random() * 900)}" if country.house_first and rng.random() < 0.2 else ""
    return {
        "postcode": _fill(rng, city.postcode),
        "house": house,
        "street": pick(rng, country.streets),
        "unit": unit,
        "phone": _phone(rng, country, city),
    }


def _fill(rng: random.Random, pattern: str) -> str:
    """A postcode pattern with its digits and letters drawn."""
    if "#" not in pattern and "@" not in pattern:
        return pattern
    return "".join(
        str(int(rng.random() * 10)) if char == "#" else pick(rng, tuple(_LETTERS)) if char == "@" else char
        for char in pattern
    )


def _phone(rng: random.Random, country: Country, city: City) -> str:
    """National digits of a number that could be assigned in that area."""
    rest = country.national_digits - len(city.area)
    first = str(2 + int(rng.random() * 8))
    second_third = f"{int(rng.random() * 10)}{2 + int(rng.random() * 8)}"
    return city.area + first + second_third + f"{int(rng.random() * 10 ** (rest - 3)):0{rest - 3}d}"
