"""The competition between candidates in Spark SQL: `Rivals` for pairs that the driver never sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from reconcile.matching.engines.spark.batches import collect, frame_to_spark, to_spark
from reconcile.matching.pairs import Rows
from reconcile.matching.patterns import Floats, Integers
from reconcile.matching.rivals import CLEAR_BITS, FAR_BITS, NO_RIVAL_BITS, RIVAL_LEVELS, Places, Rivals

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DRIVER_PAIRS = 5_000_000
# The strongest other candidate of a record: for its strongest candidate the next one, for all others the strongest.
_OTHERS = """
    SELECT l, r, keys, pattern, rank, w,
        if(row_number() OVER a = 1, lead(w) OVER a, first(w) OVER a) AS left_other,
        if(row_number() OVER b = 1, lead(w) OVER b, first(w) OVER b) AS right_other
    FROM {weighed} WINDOW a AS (PARTITION BY l ORDER BY w DESC), b AS (PARTITION BY r ORDER BY w DESC)"""
_RIVAL = "coalesce(greatest(left_other, right_other), double('-infinity'))"
_RANK = f"""
    SELECT l, r, keys, pattern, CASE WHEN {_RIVAL} < {NO_RIVAL_BITS} THEN {RIVAL_LEVELS - 1} ELSE 1
        + int(w - {_RIVAL} >= {-FAR_BITS}) + int(w - {_RIVAL} >= {-CLEAR_BITS}) + int(w - {_RIVAL} >= {CLEAR_BITS})
        END AS rank
    FROM ({_OTHERS})"""


class SparkRivals(Rivals):
    """The candidates with their ranks, as a table of Spark's.

    Few enough of them compete on the driver, where a round takes less than Spark needs to begin one.

    Attributes:
        table: l, r, keys, pattern, rank (0 while none is known).
    """

    def __init__(
        self, session: SparkSession, scored: DataFrame, patterns: Integers, count: int, driver_pairs: int = DRIVER_PAIRS
    ) -> None:
        """Begin without ranks.

        Args:
            session: where they compete.
            scored: the pairs: l, r, keys, pattern.
            patterns: the distinct patterns in ascending order.
            count: how many pairs there are.
            driver_pairs: up to so many compete on the driver.
        """
        self._session, self._scored, self._patterns = session, scored, patterns
        self._is_ranked = False
        self._here: pl.DataFrame | None = None
        self.table = self._unranked()
        if count <= driver_pairs:
            self._here = collect(scored).sort("l", "r")
            super().__init__(self._here["l"].to_numpy(), self._here["r"].to_numpy(), self.places(self._here))

    def _unranked(self) -> DataFrame:
        return self._session.sql("SELECT *, 0 AS rank FROM {scored}", scored=self._scored)

    def forget(self) -> None:
        """See `Rivals`."""
        self.release()
        self._is_ranked = False
        self.table = self._unranked()
        super().forget()

    def release(self) -> None:
        """Give back the memory of the ranks."""
        if self._is_ranked:
            self.table.unpersist()

    def rank(self, weights: Floats) -> None:
        """See `Rivals`."""
        before, is_stored = self.table, self._is_ranked
        if self._here is None:
            self.table = self._session.sql(_RANK, weighed=self.weighed({"w": weights})).persist()
            self.table.count()
        else:
            super().rank(weights)
        self._is_ranked = True
        if is_stored:
            before.unpersist()

    @property
    def here(self) -> pl.DataFrame | None:
        """The pairs with their ranks, where they compete on the driver: l, r, keys, pattern, rank; None elsewhere."""
        if self._here is None:
            return None
        ranks = self.index() % RIVAL_LEVELS if self._is_ranked else np.zeros(self._here.height)
        return self._here.select("l", "r", "keys", "pattern", rank=pl.Series(ranks, dtype=pl.Int32))

    def settle(self) -> None:
        """Let Spark know the ranks that were found on the driver."""
        if self.here is not None and self._is_ranked:
            self.table = frame_to_spark(self._session, self.here)

    def counts(self, size: int) -> Floats:
        """See `Rivals`."""
        if self._here is not None:
            return super().counts(size)
        found = collect(
            self._session.sql(
                "SELECT pattern, rank, count(*) AS n FROM {table} GROUP BY pattern, rank", table=self.table
            )
        )
        counts = np.zeros(size)
        counts[self.places(found)] = found["n"].to_numpy()
        return counts

    def records(self, size: int) -> Floats:
        """See `Rivals`."""
        if self._here is not None:
            return super().records(size)
        found = collect(
            self._session.sql(
                "SELECT pattern, least(count(DISTINCT l), count(DISTINCT r)) AS n FROM {scored} GROUP BY pattern",
                scored=self._scored,
            )
        )
        records = np.zeros(size)
        records[np.searchsorted(self._patterns, found["pattern"].to_numpy())] = found["n"].to_numpy()
        return records

    def places(self, found: pl.DataFrame) -> Rows:
        """Position of each row's (pattern, rank), or of its pattern while no rank is known: what `index` gives."""
        places = np.searchsorted(self._patterns, found["pattern"].to_numpy()).astype(np.int32)
        return places * np.int32(RIVAL_LEVELS) + found["rank"].to_numpy() if self._is_ranked else places

    def weighed(self, columns: Mapping[str, Floats]) -> DataFrame:
        """The pairs with columns given in the order of `index`."""
        ranks = RIVAL_LEVELS if self._is_ranked else 1
        table: dict[str, Any] = {
            "pattern": np.repeat(self._patterns, ranks),
            "rank": np.tile(np.arange(ranks, dtype=np.int32), len(self._patterns)),
        }
        return self._session.sql(
            f"SELECT /*+ BROADCAST(k) */ p.*, {', '.join(f'k.{name}' for name in columns)} "
            "FROM {pairs} p JOIN {known} k ON k.pattern = p.pattern AND k.rank = p.rank",
            pairs=self.table,
            known=to_spark(self._session, table | dict(columns)),
        )

    def with_others(self, columns: Mapping[str, Floats]) -> DataFrame:
        """The pairs with their weight `w` and other columns, left_other and right_other: null where there is none."""
        return self._session.sql(_OTHERS.replace(" w,", f" {', '.join(columns)},", 1), weighed=self.weighed(columns))


class KnownRivals(Rivals):
    """The strongest other candidates of some pairs, found where all pairs are."""

    def __init__(self, left_other: Floats, right_other: Floats) -> None:
        """Keep them, pair by pair; -inf where there is none."""
        self._others = left_other, right_other

    def strongest_other(self, weight: Floats, places: Places | None = None) -> tuple[Floats, Floats]:
        """See `Rivals`."""
        if len(weight) != len(self._others[0]):
            raise ValueError("These are not the pairs whose rivals are known.")
        return self._others if places is None else (self._others[0][places], self._others[1][places])
