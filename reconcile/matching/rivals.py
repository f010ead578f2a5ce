"""Competition: how a candidate stands against the other candidates of its two records.

A record has one true partner on the other side, so a candidate that is beaten clearly is seldom right, and one without
a plausible rival often is, even where its own evidence is thin. Ties are left alone: as often as not they are
duplicates.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import numpy.typing as npt

from reconcile.matching.comparison import Comparison
from reconcile.matching.pairs import Levels, Pairs, Rows

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
CHUNK = 131_072  # pairs looked at together: what is known of them stays in the processor's cache
NO_RIVAL_BITS = -4.0  # a rival below these odds is no rival
CLEAR_BITS = 3.0
FAR_BITS = 8.0


def _not_by_values(pairs: Pairs) -> Levels:
    """The competition is not seen in a pair's values: `Rivals` ranks it once the weights are known."""
    return np.zeros(len(pairs), dtype=np.int8)


COMPETITION = Comparison(
    role="competition",
    needs=frozenset(),
    level=_not_by_values,
    labels=(
        "not considered",
        "a far better candidate exists",
        "a better candidate exists",
        "another candidate is as good",
        "better than all others",
        "no other plausible candidate",
    ),
)
RIVAL_LEVELS = len(COMPETITION.labels)


class Rivals:
    """The candidates as pairs of rows, with the strongest other candidate of either row at hand."""

    def __init__(self, left: Rows, right: Rows, pattern: npt.NDArray[np.int32], threads: int = 0) -> None:
        """Group the pairs by their records.

        Args:
            left: left row numbers of the pairs.
            right: right row numbers.
            pattern: position of the pair's pattern among the distinct ones.
            threads: worker threads; 0 for all cores.
        """
        self.left, self.right = left, right
        self.pattern = pattern
        self._threads = threads or os.cpu_count() or 1
        self._rank: npt.NDArray[np.int8] | None = None
        with ThreadPoolExecutor(self._threads) as pool:
            first, second = pool.map(_Groups, (left, right))
        self._groups = (first, second)

    def index(self) -> npt.NDArray[np.int32]:
        """Position of each pair's (pattern, rank), or of its pattern while no rank is known."""
        if self._rank is None:
            return self.pattern
        return self.pattern * np.int32(RIVAL_LEVELS) + self._rank

    def counts(self, size: int) -> Floats:
        """How many pairs have each `index`, which is below `size`."""
        return np.bincount(self.index(), minlength=size).astype(np.float64)

    def records(self, size: int) -> Floats:
        """How many records of the side with fewer have pairs of each pattern, which is below `size`."""
        found = [
            np.bincount(np.unique(self.pattern.astype(np.int64) << 32 | rows) >> 32, minlength=size)
            for rows in (self.left, self.right)
        ]
        return np.minimum(*found).astype(np.float64)

    def forget(self) -> None:
        """Know no rank."""
        self._rank = None

    def rank(self, weights: Floats) -> None:
        """Rank the pairs by the weights of their patterns, in the order of `index`, and keep the ranks for it."""
        weight = weights[self.index()]
        rival = self.strongest_rival(weight)
        self._rank = np.empty(len(weight), dtype=np.int8)

        def compare(begin: int) -> None:
            part = slice(begin, begin + CHUNK)
            ahead = weight[part] - rival[part]
            rank = np.int8(1) + (ahead >= -FAR_BITS) + (ahead >= -CLEAR_BITS) + (ahead >= CLEAR_BITS)
            ranks[part] = np.where(rival[part] < NO_RIVAL_BITS, np.int8(RIVAL_LEVELS - 1), rank)

        ranks = self._rank
        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(compare, range(0, len(weight), CHUNK)))

    def strongest_other(self, weight: Floats) -> tuple[Floats, Floats]:
        """Weight of the strongest other candidate of the left and of the right record; -inf where there is none."""
        found = np.empty_like(weight), np.empty_like(weight)
        with ThreadPoolExecutor(self._threads) as pool:
            for groups, target in zip(self._groups, found, strict=True):
                list(pool.map(partial(groups.strongest_other, weight, target), groups.chunks))
        return found

    def strongest_rival(self, weight: Floats) -> Floats:
        """Weight of the strongest other candidate of either record; -inf where there is none."""
        first, second = self.strongest_other(weight)
        return np.maximum(first, second, out=first)


class _Groups:
    """Pairs grouped by one of their records, in chunks of whole groups."""

    def __init__(self, key: Rows) -> None:
        is_sorted = bool((key[1:] >= key[:-1]).all())
        self.order: Places | None = None if is_sorted else np.argsort(key)
        ordered = key if self.order is None else key[self.order]
        is_first = np.ones(len(key), dtype=bool)
        is_first[1:] = ordered[1:] != ordered[:-1]
        self._bounds = np.append(np.flatnonzero(is_first), len(key))
        cuts = np.searchsorted(self._bounds, np.arange(0, len(key) + CHUNK, CHUNK))
        cuts = np.unique(np.minimum(cuts, len(self._bounds) - 1))
        self.chunks = list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))

    def strongest_other(self, weight: Floats, target: Floats, chunk: tuple[int, int]) -> None:
        """Write to `target` the weight of each pair's strongest other candidate, for the groups of one chunk."""
        bounds = self._bounds[chunk[0] : chunk[1] + 1]
        span = slice(bounds[0], bounds[-1])
        places = span if self.order is None else self.order[span]
        ordered = weight[places]
        starts, sizes = bounds[:-1] - bounds[0], np.diff(bounds)
        best = np.maximum.reduceat(ordered, starts)
        is_best = ordered == np.repeat(best, sizes)
        alone = np.add.reduceat(is_best, starts, dtype=np.int32) == 1
        second = np.maximum.reduceat(np.where(is_best, -np.inf, ordered), starts)
        target[places] = np.where(is_best, np.repeat(np.where(alone, second, best), sizes), np.repeat(best, sizes))
