"""What is known only of whole tables: how frequent words and values are, and each record with that knowledge beside it.

Counting is Spark SQL. What came out is broadcast, so that no record is moved to learn how rare its values are: the
vocabulary, and of the other columns the values that more than RARE records have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from reconcile.matching.clean import tokens
from reconcile.matching.engines.spark.batches import Column, collect, signed, spark_schema, to_batch
from reconcile.matching.engines.spark.records import word_lists
from reconcile.matching.side import COUNTED, MOST, hashes
from reconcile.matching.vocabulary import WIDTH, RareWords, Vocabulary, make_vocabulary, rarest_words

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import DataFrame, SparkSession

RARE = 2  # a value of one record on each side: no comparison takes one of those for less rare than the other
Hashes = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int16]
Number = TypeVar("Number", np.int16, np.int32)


@dataclass(frozen=True, slots=True)
class Statistics:
    """What workers look up.

    Attributes:
        vocabulary: the words of all names; None without names.
        word_hashes: in ascending order, with the id of each one's word beside it.
        frequent: per counted column the hashes, in ascending order, of its frequent values and how many have each.
    """

    vocabulary: Vocabulary | None
    word_hashes: Hashes
    word_ids: npt.NDArray[np.int32]
    frequent: Mapping[str, tuple[Hashes, Counts]]

    def counts(self, column: str, values: pl.Series) -> Counts:
        """How many records of both sides have each value; 1 for rare ones, 0 for null."""
        known, often = self.frequent[column]
        found = _look_up(hashes(values), known, often)
        return np.where(values.is_null().to_numpy(), 0, np.maximum(found, 1)).astype(np.int16)

    def rare_words(self, words: pl.Series, starts: npt.NDArray[np.int64]) -> RareWords:
        """The rarest words of the names `words[starts[i]:starts[i + 1]]`."""
        if self.vocabulary is None:
            raise ValueError("There are no names whose words could be looked up.")
        wanted = words.hash(seed=tokens.SEED).to_numpy() * words.is_not_null().to_numpy()
        return rarest_words(_look_up(wanted, self.word_hashes, self.word_ids), starts, self.vocabulary.bits)


def _look_up(wanted: Hashes, known: Hashes, values: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """The value of each hash; 0 for one that is not known."""
    if len(known) == 0:
        return np.zeros(len(wanted), dtype=values.dtype)
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[place] == wanted, values[place], np.zeros(1, dtype=values.dtype))


def count_values(session: SparkSession, sides: Sequence[DataFrame], columns: Sequence[str], records: int) -> Statistics:
    """Count the words and the values of both sides together.

    Args:
        session: where they are counted.
        sides: the cleaned records, of one or two sides.
        columns: the cleaned columns that all sides have.
        records: how many records there are.
    """
    frequent = _frequent_values(session, sides, [column for column in COUNTED if column in columns])
    if not all("words" in side.columns for side in sides):
        return Statistics(None, np.zeros(0, np.uint64), np.zeros(0, np.int32), frequent)
    found = _counted_words(session, sides)
    word_hashes = found["word"].hash(seed=tokens.SEED).to_numpy()
    counts = found["records"].to_numpy()
    by_rank = np.lexsort((word_hashes, -counts))
    vocabulary = make_vocabulary(found["word"].gather(by_rank), counts[by_rank], max(1, records))
    ids = np.empty(len(by_rank), dtype=np.int32)
    ids[by_rank] = np.arange(1, len(by_rank) + 1)
    order = np.argsort(word_hashes)
    return Statistics(vocabulary, word_hashes[order], ids[order], frequent)


def _counted_words(session: SparkSession, sides: Sequence[DataFrame]) -> pl.DataFrame:
    words = " UNION ALL ".join(f"SELECT explode(words) AS word FROM {{side{i}}}" for i in range(len(sides)))
    return collect(
        session.sql(
            f"SELECT word, count(*) AS records FROM ({words}) WHERE word IS NOT NULL GROUP BY word", **_named(sides)
        )
    )


def _frequent_values(
    session: SparkSession, sides: Sequence[DataFrame], columns: Sequence[str]
) -> dict[str, tuple[Hashes, Counts]]:
    """Per column the values that more than RARE records of both sides have."""
    if not columns:
        return {}
    pairs = ", ".join(f"'{column}', {column}" for column in columns)
    values = " UNION ALL ".join(
        f"SELECT stack({len(columns)}, {pairs}) AS (name, value) FROM {{side{i}}}" for i in range(len(sides))
    )
    found = collect(
        session.sql(
            f"""SELECT name, value, least(count(*), {MOST}) AS records FROM ({values})
            WHERE value IS NOT NULL GROUP BY name, value HAVING count(*) > {RARE}""",
            **_named(sides),
        )
    )
    return {column: _by_hash(found.filter(pl.col("name") == column)) for column in columns}


def _by_hash(found: pl.DataFrame) -> tuple[Hashes, Counts]:
    known = hashes(found["value"])
    order = np.argsort(known)
    return known[order], found["records"].to_numpy()[order].astype(np.int16)


def _named(sides: Sequence[DataFrame]) -> dict[str, Any]:
    return {f"side{i}": side for i, side in enumerate(sides)}


@dataclass(frozen=True, slots=True)
class Counter:
    """Puts beside each record on a worker what the statistics say of it.

    Attributes:
        statistics: broadcast.
        columns: the cleaned columns to keep.
        schema: row, record_id and those; often_<column> per counted one; with names t1, t2 ... (ids of the rarest
            words, 0 for none), name_bits and name_set.
    """

    statistics: Broadcast[Statistics]
    columns: tuple[str, ...]
    schema: pa.Schema = field(init=False)

    def __post_init__(self) -> None:
        fields: list[pa.Field[Any]] = [pa.field("row", pa.int32()), pa.field("record_id", pa.string())]
        fields += [pa.field(column, pa.string()) for column in self.columns]
        fields += [pa.field(f"often_{column}", pa.int16()) for column in COUNTED if column in self.columns]
        if self.statistics.value.vocabulary is not None:
            fields += [pa.field(f"t{i + 1}", pa.int32()) for i in range(WIDTH)]
            fields += [pa.field("name_bits", pa.int16()), pa.field("name_set", pa.int64())]
        object.__setattr__(self, "schema", pa.schema(fields))

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Look up each batch."""
        known = self.statistics.value
        for batch in batches:
            columns: dict[str, Column] = {name: batch.column(name) for name in ("row", "record_id", *self.columns)}
            for column in known.frequent:
                columns[f"often_{column}"] = known.counts(column, pl.Series(batch.column(column), dtype=pl.String))
            if known.vocabulary is not None:
                rare = known.rare_words(*word_lists(batch.column("words")))
                columns |= {f"t{i + 1}": rare.ids[:, i] for i in range(WIDTH)}
                columns |= {"name_bits": rare.bits, "name_set": signed(rare.sets)}
            yield to_batch(columns, self.schema)


def with_statistics(
    session: SparkSession, records: DataFrame, statistics: Broadcast[Statistics], columns: tuple[str, ...], folder: str
) -> DataFrame:
    """The records with what the statistics say of them, stored."""
    counter = Counter(statistics, columns)
    schema = spark_schema(counter.schema)
    records.mapInArrow(counter, schema).write.parquet(folder)
    return session.read.schema(schema).parquet(folder)
