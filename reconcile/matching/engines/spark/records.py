"""The records: handed to Spark, cleaned there by the same function as on one machine, numbered and counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from reconcile.errors import InputError
from reconcile.matching.clean.records import clean_batch, population, quoted, raw_batches
from reconcile.matching.engines.spark.batches import Column, spark_schema, to_batch
from reconcile.model import Role

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Connection = duckdb.DuckDBPyConnection
UPLOAD_ROWS = 1 << 18  # records handed to Spark at once: a task carries its share of them, and Spark limits its size


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Cleans batches of raw records on a worker.

    Attributes:
        roles: to clean.
        schema: row, record_id, the cleaned columns; words (a list per record, null for a word that says nothing).
    """

    roles: tuple[Role, ...]
    schema: pa.Schema

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Clean each batch."""
        for batch in batches:
            raw = pl.DataFrame(batch)
            cleaned = clean_batch(raw.drop("row"), self.roles)
            columns: dict[str, Column] = {"row": raw["row"], **cleaned.frame.to_dict()}
            if cleaned.words is not None:
                flat = cleaned.words.words.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.string())
                columns["words"] = pa.ListArray.from_arrays(pa.array(cleaned.words.starts, pa.int32()), flat)
            yield to_batch(columns, self.schema)


def cleaner(roles: tuple[Role, ...]) -> Cleaner:
    """The cleaner of these roles."""
    nothing = clean_batch(pl.DataFrame(schema=dict.fromkeys(("record_id", *roles), pl.String)), roles)
    fields: list[pa.Field[Any]] = [
        pa.field("row", pa.int32()),
        *(pa.field(column, pa.string()) for column in nothing.frame.columns),
    ]
    if nothing.words is not None:
        fields.append(pa.field("words", pa.list_(pa.string())))
    return Cleaner(roles, pa.schema(fields))


def clean_records(
    session: SparkSession, con: Connection, relation: str, roles: tuple[Role, ...], folder: str
) -> tuple[DataFrame, int]:
    """Hand the records of a relation to Spark, which cleans and stores them; `row` is their place in the relation.

    Returns:
        The cleaned records and how many they are.

    Raises:
        InputError: record ids that are missing or not unique.
    """
    clean = cleaner(roles)
    schema, rows = spark_schema(clean.schema), 0
    _check_ids(con, relation)
    for chunk in _chunks(raw_batches(con, relation, roles)):
        numbered = chunk.with_row_index("row", rows).cast({"row": pl.Int32})
        raw = session.createDataFrame(_plain(numbered))
        raw.mapInArrow(clean, schema).write.mode("append").parquet(folder)
        rows += chunk.height
    return session.read.schema(schema).parquet(folder), rows


def _chunks(batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    waiting: list[pl.DataFrame] = []
    for batch in batches:
        waiting.append(batch)
        if sum(each.height for each in waiting) >= UPLOAD_ROWS:
            yield pl.concat(waiting)
            waiting = []
    if waiting:
        yield pl.concat(waiting)


def _plain(frame: pl.DataFrame) -> pa.Table:
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    kinds = [pa.string() if pa.types.is_large_string(field.type) else field.type for field in table.schema]
    return table.cast(pa.schema([pa.field(name, kind) for name, kind in zip(table.column_names, kinds, strict=True)]))


def _check_ids(con: Connection, relation: str) -> None:
    columns = con.sql(f"SELECT * FROM {quoted(relation)} LIMIT 0").columns
    found = con.execute(f"SELECT count(*), count(DISTINCT record_id) FROM {population(columns, relation)}").fetchall()
    if found[0][0] != found[0][1]:
        raise InputError(
            f"{relation} has record ids that are missing or appear more than once.",
            remedy="Choose a column in which every record has its own value.",
        )


def common_columns(sides: Sequence[DataFrame]) -> tuple[str, ...]:
    """The cleaned columns that all sides have, as text, in the order of the first one."""
    common = set.intersection(*(set(side.columns) for side in sides)) - {"row", "record_id", "words"}
    return tuple(column for column in sides[0].columns if column in common)


def word_lists(column: Any) -> tuple[pl.Series, np.ndarray]:
    """The words of a batch in one series, and where each record's begin, with the end."""
    starts = column.offsets.to_numpy().astype(np.int64)
    return pl.Series(column.flatten(), dtype=pl.String), starts - starts[0]
