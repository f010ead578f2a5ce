"""Persons compared: given name, family name, date of birth."""

from __future__ import annotations

import numpy as np

from reconcile.matching.comparison import Comparison
from reconcile.matching.pairs import Flags, Levels, Pairs, first_true


def _swapped(pairs: Pairs) -> Flags:
    """Whether given and family name changed places."""
    places = np.flatnonzero(~pairs.same("given") & ~pairs.same("family"))
    found = np.zeros(len(pairs), dtype=bool)
    crossed = [
        (pairs.left.text(a).gather(pairs.l[places]) == pairs.right.text(b).gather(pairs.r[places]))
        .fill_null(value=False)
        .to_numpy()
        for a, b in (("given", "family"), ("family", "given"))
    ]
    found[places] = crossed[0] & crossed[1]
    return found


def _initial_agrees(pairs: Pairs) -> Flags:
    """Whether one given name is a letter and the other begins with it."""
    places = np.flatnonzero(~pairs.same("given") & ~pairs.missing("given"))
    a, b = pairs.texts("given", places)
    agrees = ((a.str.len_bytes() == 1) | (b.str.len_bytes() == 1)) & (a.str.slice(0, 1) == b.str.slice(0, 1))
    found = np.zeros(len(pairs), dtype=bool)
    found[places] = agrees.to_numpy()
    return found


def given_level(pairs: Pairs) -> Levels:
    """Level of each pair's given names."""
    same, missing = pairs.same("given"), pairs.missing("given")
    alike = pairs.alike("given", ~missing)
    often = pairs.often("given")
    return first_true(
        len(pairs),
        (missing, 0),
        (same & (often <= 20), 7),
        (same, 6),
        (_swapped(pairs) | pairs.same("given_root"), 5),
        (alike >= 0.92, 4),
        (_initial_agrees(pairs), 3),
        (alike >= 0.8, 2),
        (True, 1),
    )


def family_level(pairs: Pairs) -> Levels:
    """Level of each pair's family names."""
    same, missing = pairs.same("family"), pairs.missing("family")
    alike = pairs.alike("family", ~missing)
    often = pairs.often("family")
    return first_true(
        len(pairs),
        (missing, 0),
        (same & (often <= 20), 6),
        (same | _swapped(pairs), 5),
        (alike >= 0.92, 4),
        (pairs.same("family_sound"), 3),
        (alike >= 0.8, 2),
        (True, 1),
    )


def birth_level(pairs: Pairs) -> Levels:
    """Level of each pair's dates of birth."""
    same, missing = pairs.same("birth"), pairs.missing("birth")
    places = np.flatnonzero(~same & ~missing)
    edits = np.full(len(pairs), 99)
    edits[places] = pairs.similarity.ask("levenshtein(a, b)", *pairs.texts("birth", places))
    year = pairs.same("birth_year")
    return first_true(
        len(pairs),
        (missing, 0),
        (same, 5),
        ((pairs.same("birth_days") & year) | (edits <= 1), 4),
        (edits == 2, 3),
        (year, 2),
        (True, 1),
    )


GIVEN_NAME = Comparison(
    "given_name",
    frozenset({"given", "family"}),
    (
        "missing",
        "different",
        "somewhat alike",
        "initial agrees",
        "nearly the same",
        "short form or swapped",
        "same",
        "same, rare",
    ),
    given_level,
    apart_when=frozenset({"related"}),
)
FAMILY_NAME = Comparison(
    "family_name",
    frozenset({"given", "family"}),
    ("missing", "different", "somewhat alike", "sounds the same", "nearly the same", "same or swapped", "same, rare"),
    family_level,
)
BIRTH_DATE = Comparison(
    "birth_date",
    frozenset({"birth"}),
    (
        "missing",
        "different",
        "same year",
        "two digits differ",
        "one digit differs or day and month swapped",
        "same",
    ),
    birth_level,
    apart_when=frozenset({"related", "elsewhere"}),
)
