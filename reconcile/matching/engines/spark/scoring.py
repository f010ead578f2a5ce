"""Pairs of records scored on the workers by the same comparisons as on one machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from reconcile.matching.engines.spark.batches import spark_schema, to_batch, unsigned
from reconcile.matching.engines.spark.statistics import Statistics
from reconcile.matching.pairs import Pairs, TextSimilarity
from reconcile.matching.patterns import pack
from reconcile.matching.score import comparisons_for, score_levels
from reconcile.matching.side import COUNTED, HASHED, Side, hashes, short_hashes
from reconcile.matching.texts import TextsInMemory
from reconcile.matching.vocabulary import WIDTH, RareWords

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import DataFrame, SparkSession

COMPARED = ("name", *COUNTED, *HASHED)  # the cleaned columns that comparisons look at


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores batches of joined pairs on a worker.

    Attributes:
        statistics: broadcast.
        columns: cleaned columns that both sides have.
        schema: what is kept of the pairs, and `pattern`.
    """

    statistics: Broadcast[Statistics]
    columns: tuple[str, ...]
    schema: pa.Schema

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Score each batch."""
        vocabulary = self.statistics.value.vocabulary
        comparisons = comparisons_for(self.columns)
        similarity = TextSimilarity()
        for batch in batches:
            rows = np.arange(batch.num_rows, dtype=np.int32)
            left, right = self._side(batch, "a_"), self._side(batch, "b_")
            levels = score_levels(Pairs(left, right, rows, rows, vocabulary, similarity), comparisons)
            kept = {name: batch.column(name) for name in self.schema.names if name != "pattern"}
            yield to_batch(kept | {"pattern": pack(levels, comparisons)}, self.schema)

    def _side(self, batch: pa.RecordBatch, prefix: str) -> Side:
        """The records of one side of the pairs, one per pair."""
        texts = {c: pl.Series(c, batch.column(prefix + c), dtype=pl.String) for c in COMPARED if c in self.columns}
        codes: dict[str, Any] = {c: hashes(texts[c]) for c in COUNTED if c in texts}
        codes |= {c: short_hashes(texts[c]) for c in HASHED if c in texts}
        counts = {c: _numbers(batch, f"{prefix}often_{c}") for c in COUNTED if c in texts}
        frame = pl.DataFrame(texts)
        return Side(
            batch.num_rows, TextsInMemory([frame], tuple(frame.columns)), codes, counts, self._words(batch, prefix)
        )

    def _words(self, batch: pa.RecordBatch, prefix: str) -> RareWords | None:
        if self.statistics.value.vocabulary is None:
            return None
        ids = np.column_stack([_numbers(batch, f"{prefix}t{i + 1}") for i in range(WIDTH)])
        return RareWords(
            ids, _numbers(batch, f"{prefix}name_bits"), unsigned(_numbers(batch, f"{prefix}name_set").copy())
        )


def _numbers(batch: pa.RecordBatch, column: str) -> Any:
    return batch.column(column).to_numpy(zero_copy_only=False)


def score(
    session: SparkSession,
    pairs: DataFrame,
    sides: Sequence[DataFrame],
    statistics: Broadcast[Statistics],
    columns: tuple[str, ...],
) -> DataFrame:
    """The pairs with their `pattern`.

    Args:
        session: where they are scored.
        pairs: l and r (rows of the records), and whatever else is to be kept.
        sides: the records with their statistics.
        statistics: broadcast.
        columns: cleaned columns that both sides have.
    """
    from pyspark.sql.pandas.types import to_arrow_schema  # noqa: PLC0415 - an extra requirement

    known = [c for c in sides[0].columns if c not in {"row", "record_id"} and (c not in columns or c in COMPARED)]
    shown = ", ".join(f"{side}.{column} AS {side}_{column}" for side in ("a", "b") for column in known)
    joined = session.sql(
        f"SELECT p.*, {shown} FROM {{pairs}} p JOIN {{left}} a ON a.row = p.l JOIN {{right}} b ON b.row = p.r",
        pairs=pairs,
        left=sides[0],
        right=sides[-1],
    )
    schema = to_arrow_schema(pairs.schema).append(pa.field("pattern", pa.int64()))
    return joined.mapInArrow(Scorer(statistics, columns, schema), spark_schema(schema))
