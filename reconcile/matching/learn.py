"""Learning: Fellegi-Sunter weights by expectation-maximisation over agreement patterns.

Pairs with the same levels are indistinguishable, so the iteration runs over the few thousand distinct patterns and
their counts instead of over millions of pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reconcile.matching.score import Comparison

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
SMALLEST = 1e-7


@dataclass(frozen=True, slots=True)
class MatchModel:
    """What was learned.

    Attributes:
        prior: share of matches among the compared pairs.
        m, u: per comparison, probability of each level among matches and among non-matches; level 0 (missing) says
            nothing and has no probability.
    """

    comparisons: tuple[Comparison, ...]
    prior: float
    m: tuple[Floats, ...]
    u: tuple[Floats, ...]


def unpack(patterns: Integers, comparisons: Sequence[Comparison]) -> Integers:
    """Patterns back to levels: one row per pattern, one column per comparison."""
    levels = np.empty((len(patterns), len(comparisons)), dtype=np.int64)
    rest = patterns.copy()
    for i, each in enumerate(comparisons):
        levels[:, i] = rest % len(each.labels)
        rest //= len(each.labels)
    return levels


def level_shares(
    levels: Integers, weights: Floats, comparisons: Sequence[Comparison], prior: Sequence[Floats]
) -> tuple[Floats, ...]:
    """Share of each level among the weighted patterns that say something, with `prior` pseudo-counts."""
    shares = []
    for i, each in enumerate(comparisons):
        counts = np.bincount(levels[:, i], weights=weights, minlength=len(each.labels)) + prior[i]
        counts[0] = 0.0
        shares.append(np.maximum(counts / max(counts.sum(), SMALLEST), SMALLEST))
    return tuple(shares)


def starting_m(comparison: Comparison) -> Floats:
    """A first guess of a level's share among matches: the more agreement, the likelier."""
    size = len(comparison.labels)
    shares = np.zeros(size)
    shares[1:] = 2.0 ** np.arange(size - 1)
    return shares / shares.sum()


def log_ratio(levels: Integers, m: Sequence[Floats], u: Sequence[Floats]) -> Floats:
    """Sum over comparisons of log2(m/u) per pattern; a missing level adds nothing."""
    total = np.zeros(len(levels))
    for i in range(len(m)):
        weights = np.concatenate(([0.0], np.log2(m[i][1:] / u[i][1:])))
        total += weights[levels[:, i]]
    return total


def learn(
    comparisons: tuple[Comparison, ...],
    patterns: Integers,
    counts: Floats,
    random_patterns: Integers,
    random_counts: Floats,
    all_pairs: float,
    expected_matches: float,
) -> MatchModel:
    """Estimate m and the prior from the candidates; u is what random pairs show.

    The prior is the share of matches among all pairs of the two sides, compared or not, because u is the share of
    each level among those.
    """
    levels, random_levels = unpack(patterns, comparisons), unpack(random_patterns, comparisons)
    smoothing = [np.full(len(each.labels), 0.5) for each in comparisons]
    u = level_shares(random_levels, random_counts, comparisons, smoothing)
    m = tuple(starting_m(each) for each in comparisons)
    prior = expected_matches / all_pairs
    for _ in range(100):
        odds = log_ratio(levels, m, u) + np.log2(prior / (1 - prior))
        match = 1.0 / (1.0 + np.exp2(-np.clip(odds, -500, 500)))
        m = level_shares(levels, counts * match, comparisons, smoothing)
        matches = float((counts * match).sum())
        converged = abs(matches - prior * all_pairs) < 1e-4 * matches + 1e-3
        prior = float(np.clip(max(matches, 0.5) / all_pairs, 1e-15, 0.5))
        if converged:
            break
    return MatchModel(comparisons, prior, m, u)
