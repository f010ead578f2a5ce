"""Random pairs, the same ones for any order of the rows: what agreement by chance looks like."""

from __future__ import annotations

import numpy as np
import polars as pl

from reconcile.matching.pairs import Rows
from reconcile.matching.side import Side, hashes

RECORDS = 20_000
SHIFTS = 5


def random_pairs(left: Side, right: Side, seed: int, *, is_self: bool) -> tuple[Rows, Rows]:
    """Records drawn by a hash of ids and seed, each paired with up to 5 others; each pair once."""
    lefts, rights = _draw(left, seed), _draw(right, seed + 1)
    size = max(len(lefts), len(rights))
    first = np.tile(lefts[np.arange(size) % len(lefts)], SHIFTS)
    second = np.concatenate([rights[(np.arange(size) + 1 + step * 17) % len(rights)] for step in range(SHIFTS)])
    pairs = pl.DataFrame({"l": first, "r": second}).unique(maintain_order=True)
    if is_self:
        pairs = pairs.filter(pl.col("l") != pl.col("r"))
    return pairs["l"].to_numpy(), pairs["r"].to_numpy()


def _draw(side: Side, seed: int) -> Rows:
    """The records with the smallest mixed hashes; records with equal ones do not exist, ids are unique."""
    mixed = (hashes(side.text("record_id")) ^ np.uint64(seed)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    count = min(RECORDS, len(mixed))
    drawn = np.argpartition(mixed, count - 1)[:count] if count else np.zeros(0, dtype=np.int64)
    return drawn[np.argsort(mixed[drawn])].astype(np.int32)
