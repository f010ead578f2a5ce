"""The join of key values on a worker, by the same function as on one machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reconcile.matching.engines.spark.batches import signed, to_batch, unsigned
from reconcile.matching.join import Groups, common_groups

# Either a pair with its kind of key, as `Groups.pairs` writes it (code), or, where a key value would bring too many
# pairs, one of the rows that have it (side, row, k, h; code is null).
JOINED = pa.schema(
    [
        pa.field("code", pa.int64()),
        pa.field("side", pa.int8()),
        pa.field("row", pa.int32()),
        pa.field("k", pa.int32()),
        pa.field("h", pa.int64()),
    ]
)
Numbers = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Joiner:
    """Joins a part of the rows: all that have the same kind and value of key are in it.

    Attributes:
        limit: pairs per key value.
        is_self: whether one side is matched with itself: each pair comes once.
    """

    limit: int
    is_self: bool

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Join a part: k, h, row, side."""
        parts = list(batches)
        if not parts:
            return
        table = pa.Table.from_batches(parts)
        k, h, row, side = (table.column(name).to_numpy() for name in ("k", "h", "row", "side"))
        for kind in np.unique(k):
            left, right = (np.flatnonzero((k == kind) & (side == i)) for i in (0, 0 if self.is_self else 1))
            groups = common_groups(unsigned(h[left]), unsigned(h[right]), left, right)
            is_oversized = groups.products > self.limit
            rows = replace(groups, left=row[groups.left], right=row[groups.right])
            codes = rows.chosen(~is_oversized).pairs(int(kind) % 32, is_self=self.is_self)
            yield _batch(code=signed(codes))
            yield from self._members(groups.chosen(is_oversized), row, h, int(kind))

    def _members(self, oversized: Groups, row: Numbers, h: Numbers, kind: int) -> Iterator[pa.RecordBatch]:
        both = (oversized.left_rows(), oversized.right_rows())
        for side, (_, places) in enumerate(both[:1] if self.is_self else both):
            constant = np.ones(len(places), dtype=np.int32)
            yield _batch(side=constant * side, row=row[places], k=constant * kind, h=h[places])


def _batch(**columns: Numbers) -> pa.RecordBatch:
    """Rows of `JOINED`; columns that are not given are null."""
    rows = len(next(iter(columns.values())))
    filled = {field.name: columns.get(field.name, pa.nulls(rows, field.type)) for field in JOINED}
    return to_batch(filled, JOINED)
