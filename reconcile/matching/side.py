"""One side of a match, cleaned, in the form in which pairs are compared quickly.

Text is compared for equality by number: `codes` holds a 32-bit number per record and column, 0 where the record says
nothing. Columns whose frequency matters are numbered exactly, across both sides; the rest by 32 bits of a hash.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from reconcile.matching.join import sort_hashes
from reconcile.matching.texts import Texts
from reconcile.matching.vocabulary import RareWords

SEED = 7
MOST = 30_000  # frequencies above this are all the same
# Columns of which it counts how often a value occurs on both sides together.
COUNTED = (
    "name_key", "domain", "email", "phone", "postcode", "city", "given", "family", "tax_id", "identifier",
)  # fmt: skip
# Columns that are only asked whether they are equal.
HASHED = (
    "name_alias", "domain_label", "postcode_area", "region", "country", "house", "street", "given_root",
    "family_sound", "birth", "birth_year", "birth_days",
)  # fmt: skip
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Side:
    """The records of one side.

    Attributes:
        rows: number of records.
        texts: `record_id` and the cleaned columns.
        codes: per column a number per record; equal numbers are equal values, on both sides; 0 for null.
        counts: per counted column how many records of both sides have the record's value; 0 for null.
        words: the rarest words of the names; None without names.
    """

    rows: int
    texts: Texts
    codes: Mapping[str, Codes]
    counts: Mapping[str, npt.NDArray[np.int16]] = field(default_factory=dict)
    words: RareWords | None = None

    def text(self, column: str) -> pl.Series:
        """The values of a column."""
        return self.texts.column(column)


def hashes(values: pl.Series) -> npt.NDArray[np.uint64]:
    """A 64-bit hash per value, the same in every process; 0 for null."""
    return np.asarray(values.hash(seed=SEED).to_numpy() * values.is_not_null().to_numpy())


def short_hashes(values: pl.Series) -> Codes:
    """32 bits of the hash; 0 for null alone."""
    codes = (hashes(values) >> np.uint64(32)).astype(np.uint32).view(np.int32)
    codes[(codes == 0) & values.is_not_null().to_numpy()] = 1
    return codes


def number_values(values: Sequence[pl.Series]) -> tuple[list[Codes], list[npt.NDArray[np.int16]]]:
    """Number the distinct values of all sides from 1, and count them.

    Returns:
        Per side the number of each record's value and how many records of all sides have it; 0 and 0 for null.
    """
    joined = np.concatenate([hashes(each) for each in values])
    order, ordered = sort_hashes(joined)
    is_first = np.ones(len(ordered), dtype=bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    group = np.cumsum(is_first, dtype=np.int32)
    counts = np.bincount(group)
    if len(ordered) > 0 and ordered[0] == 0:
        group -= 1
        counts = counts[1:].copy()
        counts[0] = 0
    codes = np.empty(len(joined), dtype=np.int32)
    codes[order] = group
    often = np.minimum(counts, MOST).astype(np.int16)[codes]
    bounds = np.cumsum([0, *(len(each) for each in values)])
    spans = list(itertools.pairwise(bounds))
    return [codes[a:b] for a, b in spans], [often[a:b] for a, b in spans]
