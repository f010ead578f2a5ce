"""Domain, e-mail, telephone and identifying numbers compared."""

from __future__ import annotations

from functools import partial

from reconcile.matching.comparison import Comparison
from reconcile.matching.pairs import Levels, Pairs, first_true


def domain_level(pairs: Pairs) -> Levels:
    """Level of each pair's domains."""
    same, often = pairs.same("domain"), pairs.often("domain")
    return first_true(
        len(pairs),
        (pairs.missing("domain"), 0),
        (same & (often <= 4), 5),
        (same & (often <= 20), 4),
        (same, 3),
        (pairs.same("domain_label"), 2),
        (True, 1),
    )


def exact_level(pairs: Pairs, column: str, near: float) -> Levels:
    """Level of two numbers or addresses: the same, nearly the same, or not."""
    same, missing = pairs.same(column), pairs.missing(column)
    return first_true(
        len(pairs),
        (missing, 0),
        (same & (pairs.often(column) <= 6), 4),
        (same, 3),
        (pairs.alike(column, ~missing, start=2) >= near, 2),
        (True, 1),
    )


def exact(role: str, *, near: float) -> Comparison:
    """The comparison of a role whose values are the same, nearly the same, or not."""
    labels = ("missing", "different", "nearly the same", "same, shared by many", "same")
    return Comparison(role, frozenset({role}), labels, partial(exact_level, column=role, near=near))


DOMAIN = Comparison(
    "domain",
    frozenset({"domain"}),
    ("missing", "different", "same but for its ending", "same, common", "same, not rare", "same, rare"),
    domain_level,
)
