"""Places compared: house, street, postcode, city, region and country depend on each other, so they are one evidence."""

from __future__ import annotations

import numpy as np

from reconcile.matching.comparison import Comparison
from reconcile.matching.pairs import Levels, Pairs, first_true

COLUMNS = frozenset({"street", "city", "region", "postcode", "country"})
SAID = ("postcode", "postcode_area", "city", "region", "country", "street")

# With how many others a record shares these, seen in lists of some ten thousand companies.
NEIGHBOURS = {8: 1.0, 9: 0.5, 10: 0.1, 11: 0.05}


def place_level(pairs: Pairs) -> Levels:
    """Level of each pair's places."""
    nothing = np.logical_and.reduce([pairs.missing(column) for column in SAID])
    house, postcode, city = pairs.same("house"), pairs.same("postcode"), pairs.same("city")
    no_house, no_city = pairs.missing("house"), pairs.missing("city")
    near = house | no_house | postcode | city
    street = pairs.alike("street", near, start=1) >= 0.9 if pairs.has("street") else np.zeros(len(pairs), dtype=bool)
    alike = pairs.alike("city", ~no_city, start=1) if pairs.has("city") else np.zeros(len(pairs))
    nearer = [pairs.missing(column) for column in ("postcode", "postcode_area", "city", "region", "street")]
    country = pairs.same("country") & np.logical_and.reduce(nearer)
    there = postcode & (city | no_city)
    return first_true(
        len(pairs),
        (nothing, 0),
        (street & house & (postcode | no_city | (alike >= 0.88)), 11),
        (postcode & house, 10),
        (street & near, 9),
        (there & (pairs.often("postcode") <= 12), 8),
        (there, 7),
        (postcode, 6),
        (city & (pairs.often("city") <= 40), 5),
        (city, 4),
        ((alike >= 0.9) | pairs.same("postcode_area"), 3),
        (pairs.same("region") | country, 2),
        (True, 1),
    )


PLACE = Comparison(
    "place",
    frozenset(),
    (
        "missing",
        "elsewhere",
        "same region, or country where no more is said",
        "same area",
        "same city",
        "same small city",
        "same postcode, other city",
        "same postcode",
        "same rare postcode",
        "same street",
        "same postcode and house number",
        "same address",
    ),
    place_level,
    apart_when=frozenset({"elsewhere"}),
    by_chance=NEIGHBOURS,
)
