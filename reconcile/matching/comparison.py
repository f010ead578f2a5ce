"""What a comparison is: one role, or a group of dependent ones, and the levels of agreement it knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reconcile.matching.pairs import Levels, Pairs


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one role (or a group of dependent ones) is compared.

    Attributes:
        role: the name it has in the tables: a role, or "place" for street, city, region, postcode and country.
        needs: cleaned columns without which it cannot be made.
        labels: of the levels 0, 1, 2 ...: 0 when either side says nothing, 1 for disagreement, higher for more.
        level: the level of each pair.
        apart_when: classes of non-matches that this comparison defines by disagreeing: "related" (same place or
            contact, another name) or "elsewhere" (same name, another place); see `reconcile.matching.learn`.
        related_top: the highest level that related records still show; None for what chance gives.
        expected: level -> its share among true matches as known beforehand, for levels that are easily mistaken.
        source: what it tells of, where several comparisons tell of one thing: a domain and the mail addresses under it.
        is_own: whether customers of one name do not share it: a telephone or tax number, but no domain.
        by_chance: level -> with how many others a record agrees so by chance, at most, for where nothing else is known.
    """

    role: str
    needs: frozenset[str]
    labels: tuple[str, ...]
    level: Callable[[Pairs], Levels]
    apart_when: frozenset[str] = frozenset()
    related_top: int | None = None
    expected: Mapping[int, float] = field(default_factory=dict)
    by_chance: Mapping[int, float] = field(default_factory=dict)
    source: str = ""
    is_own: bool = False
