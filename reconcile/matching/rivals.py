"""Competition: how a candidate stands against the other candidates of its two records.

A record has one true partner on the other side, so a candidate that is beaten clearly is seldom right, and one without
a plausible rival often is, even where its own evidence is thin. Ties are left alone: as often as not they are
duplicates.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reconcile.matching.score import Comparison

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]
NO_RIVAL_BITS = -4.0  # a rival below these odds is no rival
CLEAR_BITS = 3.0
FAR_BITS = 8.0
COMPETITION = Comparison(
    role="competition",
    needs=frozenset(),
    parts={},
    level="0",
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

    def __init__(self, left: Rows, right: Rows, pattern: Integers) -> None:
        """Remember the pairs.

        Args:
            left: left row numbers of the pairs.
            right: right row numbers.
            pattern: position of the pair's pattern among the distinct ones.
        """
        self.left, self.right = left, right
        self.pattern = pattern.astype(np.int32)
        self._rank: npt.NDArray[np.int8] | None = None
        self._groups = (_Groups(left), _Groups(right))

    def index(self) -> Integers:
        """Position of each pair's (pattern, rank), or of its pattern while no rank is known."""
        if self._rank is None:
            return self.pattern.astype(np.int64)
        return self.pattern.astype(np.int64) * RIVAL_LEVELS + self._rank

    def remember(self, rank: npt.NDArray[np.int8]) -> None:
        """Keep the ranks for `index`."""
        self._rank = rank

    def strongest_other(self, weight: Floats) -> tuple[Floats, Floats]:
        """Weight of the strongest other candidate of the left and of the right record; -inf where there is none."""
        first, second = (groups.strongest_other(weight) for groups in self._groups)
        return first, second

    def levels(self, weight: Floats) -> npt.NDArray[np.int8]:
        """Level of the comparison "competition" per pair, given all pairs' weights."""
        rival = np.maximum(*self.strongest_other(weight))
        rank = 1 + (weight - rival >= -FAR_BITS) + (weight - rival >= -CLEAR_BITS) + (weight - rival >= CLEAR_BITS)
        result: npt.NDArray[np.int8] = np.where(rival < NO_RIVAL_BITS, RIVAL_LEVELS - 1, rank).astype(np.int8)
        return result


class _Groups:
    """Pairs grouped by one of their records."""

    def __init__(self, key: Rows) -> None:
        self.order = np.argsort(key, kind="stable")
        ordered = key[self.order]
        is_first = np.ones(len(key), dtype=bool)
        is_first[1:] = ordered[1:] != ordered[:-1]
        self.starts = np.flatnonzero(is_first)
        self.group = np.cumsum(is_first, dtype=np.int32) - 1

    def strongest_other(self, weight: Floats) -> Floats:
        if len(weight) == 0:
            return weight
        ordered = weight[self.order]
        best = np.maximum.reduceat(ordered, self.starts)[self.group]
        is_best = ordered == best
        places = np.flatnonzero(is_best)[::-1]
        first_best = np.empty(len(self.starts), dtype=np.int64)
        first_best[self.group[places]] = places  # backwards, so that the first of equals is written last and stays
        without = ordered.copy()
        without[first_best] = -np.inf
        second = np.maximum.reduceat(without, self.starts)[self.group]
        rival = best
        rival[first_best] = second[first_best]
        result = np.empty_like(rival)
        result[self.order] = rival
        return result
