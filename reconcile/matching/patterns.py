"""Patterns: the levels of a pair packed into one number.

Pairs with the same levels are indistinguishable, so weights are learned and looked up by pattern, not by pair.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from reconcile.matching.comparison import Comparison
from reconcile.matching.pairs import Levels, Rows

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
TABLE = 1 << 24  # up to so many possible patterns are looked up in a table


def pack(levels: Sequence[Levels], comparisons: Sequence[Comparison]) -> Integers:
    """The levels of each pair as one number, mixed radix in the comparisons' order."""
    patterns = np.zeros(len(levels[0]), dtype=np.int64)
    for level, radix in zip(levels, radices(comparisons), strict=True):
        patterns += level.astype(np.int64) * radix
    return patterns


def radices(comparisons: Sequence[Comparison]) -> list[int]:
    """What a level of each comparison counts for in a pattern."""
    sizes = [len(each.labels) for each in comparisons]
    return [math.prod(sizes[:i]) for i in range(len(sizes))]


def unpack(patterns: Integers, comparisons: Sequence[Comparison]) -> Integers:
    """Patterns back to levels: one row per pattern, one column per comparison."""
    levels = np.empty((len(patterns), len(comparisons)), dtype=np.int64)
    rest = patterns.copy()
    for i, each in enumerate(comparisons):
        levels[:, i] = rest % len(each.labels)
        rest //= len(each.labels)
    return levels


def count_patterns(patterns: Integers, weight: Floats) -> tuple[Integers, Floats, Floats]:
    """The distinct patterns in ascending order, the sum of their pairs' weights, and how many pairs have each."""
    distinct, place, counts = np.unique(patterns, return_inverse=True, return_counts=True)
    summed: Floats = np.bincount(place, weight, len(distinct)).astype(np.float64)
    return distinct, summed, counts.astype(np.float64)


def number_patterns(patterns: Integers, comparisons: Sequence[Comparison]) -> tuple[Integers, Floats, Rows]:
    """The distinct patterns in ascending order, how many pairs have each, and each pair's place among them."""
    possible = math.prod(len(each.labels) for each in comparisons)
    if possible > TABLE:
        distinct, place, counts = np.unique(patterns, return_inverse=True, return_counts=True)
        return distinct, counts.astype(np.float64), place.astype(np.int32)
    every = np.bincount(patterns, minlength=possible)
    distinct = np.flatnonzero(every)
    places = np.zeros(possible, dtype=np.int32)
    places[distinct] = np.arange(len(distinct), dtype=np.int32)
    return distinct, every[distinct].astype(np.float64), places[patterns]
