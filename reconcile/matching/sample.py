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

from reconcile.matching.join import Groups, common_groups, distinct_pairs
from reconcile.matching.pairs import Rows
from reconcile.matching.side import Side, hashes

RECORDS = 20_000  # of either side that take part in random pairs, each with up to SHIFTS others
SHIFTS = 4
FIRST_LOOK = 40_000  # records of either side among which the pairs of a stratum are first counted
STRATUM_PAIRS = 12_000
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


def draw_pairs(left: Side, right: Side, seed: int, *, is_self: bool) -> DrawnPairs:
    """Draw the sample.

    Args:
        left: one side.
        right: the other; the same for a table matched with itself.
        seed: draws others.
        is_self: whether the sides are one.
    """
    orders = _shuffled(left, seed), _shuffled(right, seed if is_self else seed + 1)
    codes = [_codes(side, order) for side, order in zip((left, right), orders, strict=True)]
    shares = [_share(a, b) for a, b in zip(*codes, strict=True)]
    first, second = _random(len(orders[0]), len(orders[1]), is_self=is_self)
    apart = np.logical_and.reduce([(a[first] != b[second]) | (a[first] == 0) for a, b in zip(*codes, strict=True)])
    all_pairs = len(orders[0]) * (len(orders[0]) - 1) / 2 if is_self else float(len(orders[0])) * len(orders[1])
    unit = max(all_pairs / max(len(first), 1), 1.0)
    found = [_stratum(a, b, share, is_self=is_self) for a, b, share in zip(*codes, shares, strict=True)]
    l, r, _ = distinct_pairs(np.concatenate([np.zeros(0, dtype=np.uint64), *found]))  # noqa: E741 - left and right
    likely = np.zeros(len(l))
    for a, b, share in zip(*codes, shares, strict=True):
        likely = np.maximum(likely, np.where((a[l] == b[r]) & (a[l] != 0), share**2, 0.0))
    kept = np.flatnonzero(apart) if len(codes[0]) else np.arange(len(first))
    return DrawnPairs(
        orders[0][np.concatenate([first[kept], l])].astype(np.int32),
        orders[1][np.concatenate([second[kept], r])].astype(np.int32),
        np.concatenate([np.ones(len(kept)), 1.0 / (np.maximum(likely, 1e-12) * unit)]),
    )


def _shuffled(side: Side, seed: int) -> Places:
    """The rows in the order of a hash of their ids and the seed."""
    mixed = (hashes(side.text("record_id")) ^ np.uint64(seed)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    return np.argsort(mixed)


def _codes(side: Side, order: Places) -> list[npt.NDArray[np.int32]]:
    """Per stratum the values of the records, shuffled; the rarest word of a name is one too."""
    codes = [side.codes[column][order] for column in STRATA if column in side.codes]
    return codes if side.words is None else [*codes, side.words.ids[:, 0][order]]


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


def _share(a: npt.NDArray[np.int32], b: npt.NDArray[np.int32]) -> float:
    """The share of both sides' records that take part in a stratum, so that it has about STRATUM_PAIRS pairs."""
    look = min(1.0, FIRST_LOOK / max(len(a), len(b), 1))
    pairs = int(_groups(a, b, look).products.sum())
    return min(1.0, look * math.sqrt(STRATUM_PAIRS / max(pairs, 1)))


def _groups(a: npt.NDArray[np.int32], b: npt.NDArray[np.int32], share: float) -> Groups:
    first, second = (_wide(each[: max(round(share * len(each)), 1)]) for each in (a, b))
    return common_groups(first, second)


def _wide(codes: npt.NDArray[np.int32]) -> npt.NDArray[np.uint64]:
    return codes.view(np.uint32).astype(np.uint64)


def _stratum(
    a: npt.NDArray[np.int32], b: npt.NDArray[np.int32], share: float, *, is_self: bool
) -> npt.NDArray[np.uint64]:
    return _groups(a, b, share).pairs(0, is_self=is_self)
