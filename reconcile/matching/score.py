"""Scoring: how much the two records of a pair agree, role by role.

Each comparison gives a level: 0 when either side says nothing, 1 for disagreement, higher for more agreement. Equality
is asked of numbers, a similarity of texts once and only where it can matter. The levels of a pair packed into one
number are its *pattern*; weights are learned and looked up by pattern, not by pair.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import local

import numpy as np

from reconcile.matching.compare_contact import DOMAIN, exact
from reconcile.matching.compare_names import NAME
from reconcile.matching.compare_people import BIRTH_DATE, FAMILY_NAME, GIVEN_NAME
from reconcile.matching.compare_place import COLUMNS as PLACE_COLUMNS
from reconcile.matching.compare_place import PLACE
from reconcile.matching.comparison import Comparison
from reconcile.matching.pairs import Levels, Pairs, Rows, TextSimilarity
from reconcile.matching.patterns import Integers, radices
from reconcile.matching.side import Side
from reconcile.matching.vocabulary import Vocabulary

CHUNK = 131_072  # pairs compared at once: their columns stay in the processor's cache
SMALL_CHUNK = 8_192  # fewer are not worth a thread
# In the order in which evidence is told.
COMPARISONS = (
    NAME,
    GIVEN_NAME,
    FAMILY_NAME,
    BIRTH_DATE,
    DOMAIN,
    exact("email", near=0.95),
    exact("phone", near=0.94),
    exact("tax_id", near=0.95),
    exact("identifier", near=0.97),
    PLACE,
)


def comparisons_for(columns: Collection[str]) -> tuple[Comparison, ...]:
    """The comparisons that the cleaned columns of both sides allow, in the order in which evidence is told."""
    have = set(columns)
    return tuple(each for each in COMPARISONS if each.needs <= have and (each is not PLACE or have & PLACE_COLUMNS))


def score_levels(pairs: Pairs, comparisons: Sequence[Comparison]) -> tuple[Levels, ...]:
    """The level of every pair, per comparison."""
    return tuple(each.level(pairs) for each in comparisons)


def score_patterns(  # noqa: PLR0917 - one call, by position
    left: Side,
    right: Side,
    l: Rows,  # noqa: E741 - left and right, as in the tables
    r: Rows,
    vocabulary: Vocabulary | None,
    comparisons: Sequence[Comparison],
    threads: int = 0,
) -> Integers:
    """The pattern of every pair (l[i], r[i]).

    One comparison after the other, and for each chunk by chunk on all threads: so no more text is held than one
    comparison looks at.
    """
    own = local()
    workers = threads or os.cpu_count() or 1
    chunk = min(max(-(-len(l) // (2 * workers)), SMALL_CHUNK), CHUNK)
    patterns = np.zeros(len(l), dtype=np.int64)

    def score(each: Comparison, radix: int, begin: int) -> None:
        if not hasattr(own, "similarity"):
            own.similarity = TextSimilarity()
        span = slice(begin, begin + chunk)
        level = each.level(Pairs(left, right, l[span], r[span], vocabulary, own.similarity))
        patterns[span] += level.astype(np.int64) * radix

    with ThreadPoolExecutor(workers) as pool:
        for each, radix in zip(comparisons, radices(comparisons), strict=True):
            list(pool.map(partial(score, each, radix), range(0, len(l), chunk)))
            left.texts.release()
            right.texts.release()
    return patterns
