"""The sample of all pairs: which records are looked at is decided on the workers, the pairs are drawn on the driver."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from reconcile.matching.engines.spark.batches import Column, collect, signed, spark_schema, to_batch, unsigned
from reconcile.matching.sample import PREFIX, STRATA, DrawnPairs, Shuffled, draw_from, shuffle_keys
from reconcile.matching.side import COUNTED, Codes, hashes, short_hashes

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FIRST_BIT = np.uint64(1 << 63)  # flipped, so that Spark's signed numbers have the order of the unsigned ones


@dataclass(frozen=True, slots=True)
class Shuffler:
    """Gives each record on a worker its place in the shuffled order, and its values in the strata as hashes.

    Attributes:
        seed: of the side.
        strata: their columns.
        schema: row, place, one column per stratum; t1 with names.
    """

    seed: int
    strata: tuple[str, ...]
    schema: pa.Schema

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Look at each batch."""
        for batch in batches:
            frame = pl.DataFrame(batch)
            columns: dict[str, Column] = {name: frame[name] for name in ("row", "t1") if name in frame.columns}
            columns["place"] = signed(shuffle_keys(frame["record_id"], self.seed) ^ FIRST_BIT)
            codes: dict[str, Column] = {column: _hashes(frame[column], column) for column in self.strata}
            yield to_batch(columns | codes, self.schema)


def _hashes(values: pl.Series, column: str) -> np.ndarray:
    """As the local engine tells values apart: exactly where they are counted, else by 32 bits of their hash."""
    return signed(hashes(values)) if column in COUNTED else short_hashes(values).astype(np.int64)


def draw(sides: Sequence[DataFrame], records: Sequence[int], seed: int, *, is_self: bool) -> DrawnPairs:
    """The sample that `reconcile.matching.sample.draw_pairs` draws from the same records."""
    found = [_first_records(side, seed + i) for i, side in enumerate(sides)]
    strata = [column for column in found[0].columns if column not in {"row", "place"}]
    codes = [_numbered([each[column] for each in found]) for column in strata]
    shuffled = [
        Shuffled(each["row"].to_numpy(), [numbers[i] for numbers in codes], records[i]) for i, each in enumerate(found)
    ]
    return draw_from(shuffled[0], shuffled[-1], is_self=is_self)


def _first_records(side: DataFrame, seed: int) -> pl.DataFrame:
    """The first records of a side in the shuffled order."""
    strata = tuple(column for column in STRATA if column in side.columns)
    words = [pa.field("t1", pa.int32())] if "t1" in side.columns else []
    fields = [pa.field("row", pa.int32()), pa.field("place", pa.int64())]
    schema = pa.schema([*fields, *(pa.field(column, pa.int64()) for column in strata), *words])
    looked_at = side.select("row", "record_id", *strata, *(field.name for field in words))
    placed = looked_at.mapInArrow(Shuffler(seed, strata, schema), spark_schema(schema))
    found = collect(placed.orderBy("place").limit(PREFIX))
    return found[np.argsort(unsigned(found["place"].to_numpy()) ^ FIRST_BIT)]


def _numbered(values: Sequence[pl.Series]) -> list[Codes]:
    """Both sides' hashes as 32-bit numbers, equal where those are; 0 stays 0."""
    distinct, places = np.unique(np.concatenate([[0], *(each.to_numpy() for each in values)]), return_inverse=True)
    codes = (places - np.flatnonzero(distinct == 0)[0]).astype(np.int32)[1:]
    bounds = np.cumsum([0, *(len(each) for each in values)])
    return [codes[a:b] for a, b in itertools.pairwise(bounds)]
