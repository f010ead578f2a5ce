"""Pairs of records and what their values have in common, column by column."""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from reconcile.matching.side import Side
from reconcile.matching.vocabulary import Vocabulary

Flags = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.int8]
Rows = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class TextSimilarity:
    """Similarity functions of DuckDB, one connection for one thread."""

    def __init__(self) -> None:
        """Open a database in memory that holds nothing."""
        self._con = duckdb.connect(config={"threads": 1})

    def ask(self, sql: str, a: pl.Series, b: pl.Series) -> np.ndarray:
        """The value of a SQL expression over `a` and `b` for each pair of texts, in their order."""
        if len(a) == 0:
            return np.zeros(0)
        pairs = pl.DataFrame([a.alias("a"), b.alias("b")]).to_arrow(compat_level=pl.CompatLevel.newest())
        self._con.register("pairs", pairs)
        found: np.ndarray = np.asarray(self._con.execute(f"SELECT {sql} AS found FROM pairs").fetchnumpy()["found"])
        return found

    def jaro_winkler(self, a: pl.Series, b: pl.Series) -> Floats:
        """Jaro-Winkler similarity of each pair of texts, none of them null."""
        return self.ask("jaro_winkler_similarity(a, b)", a, b)


@dataclass(slots=True)
class Pairs:
    """Some pairs of records of two cleaned sides.

    Attributes:
        l, r: row of each pair's record on its side.
        vocabulary: the words behind the sides' word ids; None without names.
        similarity: of the thread that compares them.
    """

    left: Side
    right: Side
    l: Rows  # noqa: E741 - left and right, as in the tables
    r: Rows
    vocabulary: Vocabulary | None
    similarity: TextSimilarity
    _kept: dict[str, tuple[Flags, Flags]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.l)

    def has(self, column: str) -> bool:
        """Whether both sides have the column."""
        return column in self.left.codes and column in self.right.codes

    def same(self, column: str) -> Flags:
        """Whether both say the same; not where one says nothing."""
        return self._compared(column)[0]

    def missing(self, column: str) -> Flags:
        """Whether one of both says nothing."""
        return self._compared(column)[1]

    def _compared(self, column: str) -> tuple[Flags, Flags]:
        if column not in self._kept:
            if not self.has(column):
                self._kept[column] = np.zeros(len(self), dtype=bool), np.ones(len(self), dtype=bool)
            else:
                a, b = self.left.codes[column][self.l], self.right.codes[column][self.r]
                missing = (a == 0) | (b == 0)
                self._kept[column] = (a == b) & ~missing, missing
        return self._kept[column]

    def often(self, column: str) -> npt.NDArray[np.int16]:
        """How many records of both sides have the left record's value."""
        if column not in self.left.counts:
            return np.zeros(len(self), dtype=np.int16)
        return self.left.counts[column][self.l]

    def texts(self, column: str, places: Places) -> tuple[pl.Series, pl.Series]:
        """Both values of some of the pairs."""
        return self.left.text(column).gather(self.l[places]), self.right.text(column).gather(self.r[places])

    def alike(self, column: str, where: Flags, *, start: int = 0) -> Floats:
        """Jaro-Winkler similarity of both values: 1 where they are the same, 0 where it is not asked for.

        Args:
            column: text of both sides.
            where: the pairs to look at.
            start: of values whose first letters differ, this many, nothing is expected and the call is saved.
        """
        same, missing = self._compared(column)
        found = same.astype(np.float64)
        places = np.flatnonzero(where & ~same & ~missing)
        a, b = self.texts(column, places)
        if start and len(places):
            like = (a.str.slice(0, start) == b.str.slice(0, start)).to_numpy()
            places, a, b = places[like], a.filter(like), b.filter(like)
        found[places] = self.similarity.jaro_winkler(a, b)
        return found


def first_true(count: int, *rules: tuple[Flags | bool, int | npt.NDArray[np.integer]]) -> Levels:
    """The level of the first rule that holds, as CASE gives it in SQL; 0 where none does."""
    levels = np.zeros(count, dtype=np.int8)
    for holds, level in reversed(rules):
        np.copyto(levels, np.asarray(level, dtype=np.int8), where=holds)
    return levels
