"""Domain, e-mail, telephone and identifying numbers compared."""

from __future__ import annotations

from functools import partial

from reconcile.matching.comparison import Comparison
from reconcile.matching.pairs import Levels, Pairs, first_true

# With how many others a record shares these by chance, seen in lists of some ten thousand companies.
SHARED_NUMBERS = {2: 0.05, 3: 1.0, 4: 0.05}
SHARED_DOMAINS = {2: 0.1, 3: 5.0, 4: 1.0, 5: 0.05}


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
    level = partial(exact_level, column=role, near=near)
    is_mail = role == "email"
    source = "web" if is_mail else role
    needs = frozenset({role})
    return Comparison(role, needs, labels, level, by_chance=SHARED_NUMBERS, source=source, is_own=not is_mail)


DOMAIN = Comparison(
    "domain",
    frozenset({"domain"}),
    ("missing", "different", "same but for its ending", "same, common", "same, not rare", "same, rare"),
    domain_level,
    by_chance=SHARED_DOMAINS,
    source="web",
)
