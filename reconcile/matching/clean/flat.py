"""A text column as the bytes of all its rows, one after another: what is done to every character is done in one pass.

A pattern looked for row by row costs as much for the row as for what stands in it. Here a row is no more than two
places among the bytes, and a pass over the bytes is an instruction or two for each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
BLANK = ord(" ")


@dataclass(frozen=True, slots=True)
class Flat:
    """The bytes of a text column.

    Attributes:
        data: UTF-8; those of row i are `data[offsets[i]:offsets[i + 1]]`.
        offsets: one more than there are rows.
        validity: Arrow's bitmap of the rows that are not null; None where none is.
    """

    data: Bytes
    offsets: Places
    validity: pa.Buffer | None

    @staticmethod
    def of(text: pl.Series) -> Flat:
        """The bytes of a column."""
        validity, *parts = text.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()
        offsets, data = (memoryview(part or b"") for part in parts)
        return Flat(np.frombuffer(data, dtype=np.uint8), np.frombuffer(offsets, dtype=np.int64), validity)

    def column(self) -> pl.Series:
        """The column again."""
        buffers = [self.validity, pa.py_buffer(self.offsets.data), pa.py_buffer(self.data.data)]
        return pl.Series(pa.Array.from_buffers(pa.large_string(), len(self.offsets) - 1, buffers))

    @property
    def begins(self) -> Places:
        """Where each row begins."""
        return self.offsets[:-1]

    @property
    def ends(self) -> Places:
        """Where each row ends."""
        return self.offsets[1:]

    def rows(self, flags: Flags) -> pl.Series:
        """Which rows have a flagged byte."""
        found = np.zeros(len(self.offsets) - 1, dtype=bool)
        found[np.searchsorted(self.offsets, np.flatnonzero(flags), "right") - 1] = True
        return pl.Series(found)

    def translated(self, table: bytes) -> Flat:
        """Every byte replaced by the one that `table` has at its place."""
        return replace(self, data=np.frombuffer(self.data.tobytes().translate(table), dtype=np.uint8))

    def spelled(self, character: bytes, text: bytes) -> Flat:
        """Some text instead of each of a character."""
        found = np.flatnonzero(self.data == ord(character))
        if len(found) == 0:
            return self
        data = np.frombuffer(self.data.tobytes().replace(character, text), dtype=np.uint8)
        longer = np.searchsorted(found, self.offsets) * (len(text) - 1)
        return replace(self, data=data, offsets=self.offsets + longer)

    def without(self, flags: Flags) -> Flat:
        """The flagged bytes left out."""
        gone = np.flatnonzero(flags)
        if len(gone) == 0:
            return self
        return replace(self, data=self.data[~flags], offsets=self.offsets - np.searchsorted(gone, self.offsets))

    def single_blanks(self) -> Flat:
        """Runs of blanks as one, none at the ends of a row."""
        blank = self.data == BLANK
        surplus = np.zeros_like(blank)
        np.logical_and(blank[:-1], blank[1:], out=surplus[:-1])
        filled = self.ends > self.begins
        begins, ends = self.begins[filled], self.ends[filled]
        surplus[ends - 1] = blank[ends - 1]
        while len(begins) > 0:
            leading = blank[begins]
            begins, ends = begins[leading], ends[leading]
            surplus[begins] = True
            begins, ends = begins[begins + 1 < ends] + 1, ends[begins + 1 < ends]
        return self.without(surplus)
