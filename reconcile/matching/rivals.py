"""Competition: how a candidate stands against the other candidates of its two records.

A record has one true partner on the other side, so a candidate that is beaten clearly is seldom right, and one without
a plausible rival often is, even where its own evidence is thin. Ties are left alone: as often as not they are
duplicates.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

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
AS_GOOD = 3  # the level of a candidate with a rival that is as good


class Rivals:
    """The candidates as pairs of rows, with the strongest other candidate of either row at hand."""

    def __init__(self, left: Rows, right: Rows, pattern: npt.NDArray[np.int32], threads: int = 0) -> None:
        """Know the pairs.

        Args:
            left: left row numbers of the pairs.
            right: right row numbers.
            pattern: position of the pair's pattern among the distinct ones.
            threads: worker threads; 0 for all cores.
        """
        self.left, self.right = left, right
        self.pattern = pattern
        self._threads = threads or os.cpu_count() or 1
        self._records = int(left.max(initial=-1)) + 1, int(right.max(initial=-1)) + 1
        self._rank: npt.NDArray[np.int8] | None = None

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
        index = self.index()
        plausible = np.flatnonzero((weights >= NO_RIVAL_BITS)[index])
        first, second = self._strongest(plausible, weights[index[plausible]])
        ranks = np.empty(len(index), dtype=np.int8)

        def compare(part: slice) -> None:
            weight = weights[index[part]]
            rival = np.maximum(first.other(self.left[part], weight), second.other(self.right[part], weight))
            ahead = weight - rival
            rank = np.int8(1) + (ahead >= -FAR_BITS) + (ahead >= -CLEAR_BITS) + (ahead >= CLEAR_BITS)
            ranks[part] = np.where(rival < NO_RIVAL_BITS, np.int8(RIVAL_LEVELS - 1), rank)

        self._in_parts(compare, len(index))
        self._rank = ranks

    def strongest_other(self, weight: Floats, places: Places | None = None) -> tuple[Floats, Floats]:
        """Weight of the strongest other candidate of the left and of the right record; -inf where there is none.

        Args:
            weight: of every pair.
            places: the pairs that are asked for; None for all.
        """
        places = np.arange(len(weight)) if places is None else places
        floor = weight[places].min(initial=np.inf)
        strong = np.flatnonzero(weight >= floor)
        left, right = self._strongest(strong, weight[strong])
        for begin in range(0, len(weight), CHUNK):
            weaker = begin + np.flatnonzero(weight[begin : begin + CHUNK] < floor)
            left.add_weaker(self.left[weaker], weight[weaker])
            right.add_weaker(self.right[weaker], weight[weaker])
        first, second = np.empty(len(places)), np.empty(len(places))

        def look(part: slice) -> None:
            asked = places[part]
            first[part] = left.other(self.left[asked], weight[asked])
            second[part] = right.other(self.right[asked], weight[asked])

        self._in_parts(look, len(places))
        return first, second

    def _strongest(self, places: Places, weight: Floats) -> tuple[_Strongest, _Strongest]:
        """The strongest candidates per record, of some pairs and their weights."""
        left, right = self._records
        return _Strongest(self.left[places], weight, left), _Strongest(self.right[places], weight, right)

    def _in_parts(self, work: Callable[[slice], None], count: int) -> None:
        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(lambda begin: work(slice(begin, begin + CHUNK)), range(0, count, CHUNK)))


class _Strongest:
    """Per record of one side the weights of its strongest candidate and of the next one."""

    def __init__(self, rows: Rows, weight: Floats, records: int) -> None:
        """Find them among pairs with these rows and weights."""
        self._best = np.full(records, -np.inf)
        np.maximum.at(self._best, rows, weight)
        is_best = weight == self._best[rows]
        self._next = np.where(np.bincount(rows[is_best], minlength=records) > 1, self._best, -np.inf)
        beaten = np.flatnonzero(~is_best)
        np.maximum.at(self._next, rows[beaten], weight[beaten])

    def add_weaker(self, rows: Rows, weight: Floats) -> None:
        """Add pairs that are weaker than every one so far; `other` is asked for those so far only."""
        np.maximum.at(self._next, rows, weight)

    def other(self, rows: Rows, weight: Floats) -> Floats:
        """The strongest other candidate of each pair, one of those or weaker than they are, by its row and weight."""
        found = self._best[rows]
        own = np.flatnonzero(weight >= found)
        found[own] = self._next[rows[own]]
        return found
