"""A sample of all pairs, the same one for any order of the rows: what agreement by chance looks like.

Most of what tells records apart agrees by chance far too seldom to be seen in random pairs: of a million million pairs
a few million share a postcode. So the sample has strata: of the pairs that share a value of a column, those between
records drawn from both sides; of those that share none, random ones. Each pair stands for as many pairs as its chance
to be drawn says (Horvitz and Thompson, 1952), and the sum is the number of all pairs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from reconcile.matching.join import Groups, common_groups, distinct_pairs
from reconcile.matching.pairs import Rows
from reconcile.matching.side import Side, hashes

RECORDS = 20_000  # of either side that take part in random pairs, each with up to SHIFTS others
SHIFTS = 4
FIRST_LOOK = 40_000  # records of either side among which the pairs of a stratum are first counted
STRATUM_PAIRS = 12_000
PREFIX = math.ceil(FIRST_LOOK * math.sqrt(STRATUM_PAIRS)) + 1  # more of either side's records never take part
# Columns whose equality alone makes no candidate: of the others, the candidates hold every pair that shares a value.
STRATA = (
    "postcode", "postcode_area", "city", "street", "given", "given_root", "family", "family_sound", "birth",
    "birth_year",
)  # fmt: skip
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DrawnPairs:
    """Pairs of rows in an order that rows do not change, and how many pairs each stands for.

    Attributes:
        weight: in units of what a random pair stands for.
    """

    left: Rows
    right: Rows
    weight: Floats


@dataclass(frozen=True, slots=True)
class Shuffled:
    """The records of one side in the order of a hash of their ids.

    Attributes:
        rows: their row numbers; the first PREFIX are enough.
        codes: per stratum the values of the records, as numbers that are equal where the values are, 0 for none.
        records: how many records the side has.
    """

    rows: Places
    codes: list[npt.NDArray[np.int32]]
    records: int


def draw_pairs(left: Side, right: Side, seed: int, *, is_self: bool) -> DrawnPairs:
    """Draw the sample.

    Args:
        left: one side.
        right: the other; the same for a table matched with itself.
        seed: draws others.
        is_self: whether the sides are one.
    """
    return draw_from(_shuffled(left, seed), _shuffled(right, seed if is_self else seed + 1), is_self=is_self)


def draw_from(left: Shuffled, right: Shuffled, *, is_self: bool) -> DrawnPairs:
    """Draw the sample from shuffled records."""
    orders, codes = (left.rows, right.rows), (left.codes, right.codes)
    records = left.records, right.records
    shares = [_share(a, b, records) for a, b in zip(*codes, strict=True)]
    first, second = _random(*records, is_self=is_self)
    apart = np.logical_and.reduce([(a[first] != b[second]) | (a[first] == 0) for a, b in zip(*codes, strict=True)])
    all_pairs = records[0] * (records[0] - 1) / 2 if is_self else float(records[0]) * records[1]
    unit = max(all_pairs / max(len(first), 1), 1.0)
    found = [
        _groups(a, b, share, records).pairs(0, is_self=is_self) for a, b, share in zip(*codes, shares, strict=True)
    ]
    l, r, _ = distinct_pairs(np.concatenate([np.zeros(0, dtype=np.uint64), *found]))  # noqa: E741 - left and right
    likely = np.zeros(len(l))
    for a, b, share in zip(*codes, shares, strict=True):
        likely = np.maximum(likely, np.where((a[l] == b[r]) & (a[l] != 0), share**2, 0.0))
    kept = np.flatnonzero(apart) if codes[0] else np.arange(len(first))
    return DrawnPairs(
        orders[0][np.concatenate([first[kept], l])].astype(np.int32),
        orders[1][np.concatenate([second[kept], r])].astype(np.int32),
        np.concatenate([np.ones(len(kept)), 1.0 / (np.maximum(likely, 1e-12) * unit)]),
    )


def shuffle_keys(ids: pl.Series, seed: int) -> npt.NDArray[np.uint64]:
    """A hash of each record's id and the seed, by which records are shuffled."""
    mixed = (hashes(ids) ^ np.uint64(seed)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    return mixed


def _shuffled(side: Side, seed: int) -> Shuffled:
    order = np.argsort(shuffle_keys(side.text("record_id"), seed))
    codes = [side.codes[column][order] for column in STRATA if column in side.codes]
    words = [] if side.words is None else [side.words.ids[:, 0][order]]
    return Shuffled(order, [*codes, *words], len(order))


def _random(lefts: int, rights: int, *, is_self: bool) -> tuple[Places, Places]:
    """Places of random pairs among the shuffled records, each pair once."""
    drawn = min(RECORDS, lefts), min(RECORDS, rights)
    if 0 in drawn:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    places = np.arange(max(drawn))
    first = np.tile(places % drawn[0], SHIFTS)
    second = np.concatenate([(places + 1 + step * 17) % drawn[1] for step in range(SHIFTS)])
    if is_self:
        first, second = np.minimum(first, second)[first != second], np.maximum(first, second)[first != second]
    codes = np.unique(first << 32 | second)
    return codes >> 32, codes & 0xFFFFFFFF


def _share(a: npt.NDArray[np.int32], b: npt.NDArray[np.int32], records: tuple[int, int]) -> float:
    """The share of both sides' records that take part in a stratum, so that it has about STRATUM_PAIRS pairs."""
    look = min(1.0, FIRST_LOOK / max(*records, 1))
    pairs = int(_groups(a, b, look, records).products.sum())
    return min(1.0, look * math.sqrt(STRATUM_PAIRS / max(pairs, 1)))


def _groups(a: npt.NDArray[np.int32], b: npt.NDArray[np.int32], share: float, records: tuple[int, int]) -> Groups:
    first, second = (_wide(each[: max(round(share * count), 1)]) for each, count in zip((a, b), records, strict=True))
    return common_groups(first, second)


def _wide(codes: npt.NDArray[np.int32]) -> npt.NDArray[np.uint64]:
    return codes.view(np.uint32).astype(np.uint64) << np.uint64(32)
