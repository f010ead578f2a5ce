"""Columns between polars, Arrow and Spark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

Column: TypeAlias = "pa.Array[Any] | pl.Series | npt.NDArray[Any]"
Unsigned = npt.NDArray[np.uint64]
Signed = npt.NDArray[np.int64]


def signed(hashes: Unsigned) -> Signed:
    """The same 64 bits as Spark knows them: it has no unsigned numbers."""
    return hashes.view(np.int64)


def unsigned(hashes: Signed) -> Unsigned:
    """Back from Spark."""
    return hashes.view(np.uint64)


def spark_schema(schema: pa.Schema) -> StructType:
    """The columns as Spark declares them."""
    from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415 - an extra requirement

    return from_arrow_schema(schema)


def to_batch(columns: Mapping[str, Column], schema: pa.Schema) -> pa.RecordBatch:
    """Columns of one length in the types that Spark was told."""
    return pa.RecordBatch.from_arrays([_array(columns[field.name], field.type) for field in schema], schema=schema)


def _array(column: Column, kind: pa.DataType) -> pa.Array[Any]:
    if isinstance(column, pl.Series):
        found = column.to_arrow(compat_level=pl.CompatLevel.oldest())
        return found.cast(kind)
    return column if isinstance(column, pa.Array) else pa.array(column, kind)


def to_spark(session: SparkSession, columns: Mapping[str, Any]) -> DataFrame:
    """A small table of the driver as one of Spark's."""
    return session.createDataFrame(pa.table(dict(columns)))


def frame_to_spark(session: SparkSession, frame: pl.DataFrame) -> DataFrame:
    """The same of numbers in a frame."""
    return to_spark(session, {name: frame[name].to_numpy() for name in frame.columns})


def collect(frame: DataFrame) -> pl.DataFrame:
    """A table of Spark's on the driver."""
    return pl.DataFrame(frame.toArrow())
