"""What is known before learning: which comparisons can teach at all, and what chance gives where only one can.

Two comparisons that agree together more often than apart show what a match looks like. One alone says how often it
agrees, but never why: whether a thousand pairs of one name are a thousand matches or namesakes, no iteration can tell.
Then chance is held to what is known of such comparisons from elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reconcile.matching.comparison import Comparison
from reconcile.matching.patterns import Floats, Integers
from reconcile.matching.rivals import Rivals

if TYPE_CHECKING:
    from reconcile.matching.learn import Evidence

TELLING_SHARE = 0.05  # of random pairs that agree as well as any: above it, agreement tells little
FEW_RECORDS = 50_000  # what `Comparison.by_chance` was seen in


def is_telling(evidence: Evidence, i: int) -> bool:
    """Whether a comparison seldom agrees by chance.

    Where it nearly always does, as the country may, a class of pairs that agree on it by chance only is the class of
    the matches over again, and takes them in.
    """
    levels = evidence.random_levels[:, i]
    best = int(evidence.levels[:, i].max(initial=0))
    said = evidence.random_counts[levels > 0].sum()
    return best > 1 and bool(evidence.random_counts[levels == best].sum() <= TELLING_SHARE * said)


@dataclass(frozen=True, slots=True)
class Beforehand:
    """What is known before learning, where one comparison is all there is to learn from.

    Attributes:
        random: per comparison the share of random pairs at each level, NaN where that is to be learned.
        namesakes: the same of pairs that agree although they cannot be matches, because a record has one partner on the
            other side; NaN for a comparison that tells nothing.
        namesake_pairs: how many there are of those.
    """

    random: tuple[Floats, ...]
    namesakes: tuple[Floats, ...]
    namesake_pairs: float


def know_beforehand(evidence: Evidence, rivals: Rivals | None) -> Beforehand | None:
    """What is known of these records; None where two comparisons at least can bear each other out."""
    if sum(is_telling(evidence, i) for i in range(len(evidence.comparisons))) > 1:
        return None
    beyond = np.zeros(len(evidence.levels)) if rivals is None else _beyond_one_each(evidence, rivals)
    others = evidence.all_pairs / max(min(evidence.left_records, evidence.right_records), 1)
    per_level = [_per_level(each, evidence.levels[:, i], beyond) for i, each in enumerate(evidence.comparisons)]
    return Beforehand(
        tuple(_by_chance(each, others) for each in evidence.comparisons),
        tuple(counts / counts.sum() if counts.any() else np.full(len(counts), np.nan) for counts in per_level),
        float(sum(counts.sum() for counts in per_level)),
    )


def _beyond_one_each(evidence: Evidence, rivals: Rivals) -> Floats:
    """Per pattern, the pairs that cannot be matches when a record has one partner on the other side."""
    beyond: Floats = np.maximum(evidence.counts - rivals.records(len(evidence.levels)), 0.0)
    return beyond


def _per_level(each: Comparison, levels: Integers, beyond: Floats) -> Floats:
    counts: Floats = np.bincount(levels, beyond, len(each.labels)).astype(np.float64)
    counts[[level for level in range(len(counts)) if level not in each.by_chance]] = 0.0
    return counts


def _by_chance(each: Comparison, others: float) -> Floats:
    known = np.full(len(each.labels), np.nan)
    known[list(each.by_chance)] = np.array(list(each.by_chance.values())) / max(others, FEW_RECORDS)
    return known
