"""The eight countries that practice companies come from, each with its own names, streets, postcodes and telephones."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconcile.simulators.generator.vocabulary import words


@dataclass(frozen=True, slots=True)
class City:
    """A place: name, region as written in an address, postcode pattern (`#` a digit, `@` a letter), dialling area."""

    name: str
    region: str
    postcode: str
    area: str


@dataclass(frozen=True, slots=True)
class Country:
    """A country's habits: how its companies, addresses and telephone numbers look.

    Attributes:
        share: how often it occurs, in relation to the other countries.
        national_digits: of a telephone number with its area and without trunk prefix.
        trunk: what is dialled before the area inside the country.
        house_first: whether the house number stands before the street.
    """

    code: str
    name: str
    share: int
    dial: str
    national_digits: int
    trunk: str
    house_first: bool
    legal_forms: tuple[str, ...]
    tlds: tuple[str, ...]
    streets: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    cities: tuple[City, ...]


def _read_countries() -> tuple[Country, ...]:
    """The countries of `countries.toml`; `@name` stands for a list that several of them share."""
    tables = tomllib.loads(Path(__file__).with_name("countries.toml").read_text(encoding="utf-8"))

    def listed(text: str) -> tuple[str, ...]:
        return words(tables["shared"][text[1:]] if text.startswith("@") else text)

    def country(table: dict[str, Any]) -> Country:
        lists = {name: listed(table[name]) for name in ("legal_forms", "tlds", "streets", "given", "family")}
        cities = tuple(City(*city.split("/")) for city in listed(table["cities"]))
        return Country(**{**table, **lists, "cities": cities})

    return tuple(country(table) for table in tables["countries"])


COUNTRIES = _read_countries()
