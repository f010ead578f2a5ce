"""How rare the words of names are across both sides, and each record's rarest words.

Rarity is information: a word that a share f of all names contain tells -log2(f) bits when two names share it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from reconcile.matching.clean.tokens import ABBREVIATIONS, NameWords
from reconcile.matching.join import sort_hashes

WIDTH = 6  # words of a name that take part, the rarest ones
MOST_WORDS = 12  # of a name that are looked at
FEW_NAMES = 2000
GENERAL_SHARE = 0.02  # of names that have one of the general words, each
GENERAL_WORDS = (
    *dict.fromkeys(ABBREVIATIONS.values()), "global", "partner", "son", "united", "new", "world", "city", "capital",
    "property", "estate", "care", "health", "food", "trading", "supply", "design", "energy", "digital",
)  # fmt: skip
NUMBER = r"\d|^(?:x{0,2}(?:i{1,3}|iv|vi{0,3}|ix)|xx?)$"
BIT_SCALE = 8  # word weights are whole eighths of a bit, so that sums do not depend on their order


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every distinct word of both sides, most frequent first, then by hash; a word's id is its position.

    Attributes:
        words: text by id; id 0 is no word.
        bits: INT16, in eighths of a bit, by id.
        numbers: whether the word numbers things that are otherwise alike: it has a digit or is a Roman numeral.
        rare_bits: words of this many eighths and more are shared by chance by fewer than 16 pairs of names.
    """

    words: pl.Series
    bits: npt.NDArray[np.int16]
    numbers: npt.NDArray[np.bool_]
    rare_bits: int


@dataclass(frozen=True, slots=True)
class RareWords:
    """The words of each record, rarest first.

    Attributes:
        ids: INT32, one row per record, WIDTH columns, 0 where the name has fewer words.
        bits: INT16: the sum over all of the name's words, each counted once.
        sets: UINT64, equal for equal sets of words; 0 for no words.
    """

    ids: npt.NDArray[np.int32]
    bits: npt.NDArray[np.int16]
    sets: npt.NDArray[np.uint64]


def count_words(sides: Sequence[NameWords]) -> tuple[Vocabulary, tuple[npt.NDArray[np.int32], ...]]:
    """Count the words of all sides.

    Ids follow (frequency descending, hash ascending): they do not depend on the order of the rows.

    Returns:
        The vocabulary, and per side the id of each of its flat words (0 for one that says nothing).
    """
    hashes = np.concatenate([side.hashes for side in sides])
    order, ordered = sort_hashes(hashes)
    is_first = np.ones(len(ordered), dtype=bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(is_first)
    counts = np.diff(np.append(starts, len(ordered)))
    distinct = ordered[starts]
    counts[distinct == 0] = np.iinfo(np.int64).max
    by_rank = np.lexsort((distinct, -counts))
    has_none = len(distinct) > 0 and distinct[0] == 0
    ids = np.empty(len(distinct), dtype=np.int32)
    ids[by_rank] = np.arange(len(distinct)) + (0 if has_none else 1)
    flat = np.empty(len(hashes), dtype=np.int32)
    flat[order] = np.repeat(ids, np.diff(np.append(starts, len(ordered))))
    text = pl.concat([side.words for side in sides]).gather(order[starts[by_rank]])
    words, counts = (text[1:], counts[by_rank][1:]) if has_none else (text, counts[by_rank])
    records = max(1, sum(len(side.starts) - 1 for side in sides))
    vocabulary = make_vocabulary(words, counts, records)
    bounds = np.cumsum([0, *(len(side.hashes) for side in sides)])
    return vocabulary, tuple(flat[a:b] for a, b in itertools.pairwise(bounds))


def make_vocabulary(words: pl.Series, counts: npt.NDArray[np.int64], records: int) -> Vocabulary:
    """The vocabulary of distinct words in the order of their ids, of which `counts` names of `records` have each."""
    if records < FEW_NAMES:  # too few to tell rare words from general ones
        expected = np.where(words.is_in(GENERAL_WORDS).to_numpy(), FEW_NAMES * GENERAL_SHARE, 0.0)
        counts, records = np.maximum(counts, expected.astype(np.int64)), FEW_NAMES
    bits = np.maximum(np.rint(BIT_SCALE * np.log2(records / np.maximum(counts, 1))), 1)
    rare_bits = round(max(7.0, math.log2(max(records, 2)) - 4.0) * BIT_SCALE)
    none = pl.Series([None], dtype=pl.String)
    known = pl.concat([none, words], rechunk=True)
    return vocabulary_of(known, np.concatenate(([0], bits)).astype(np.int16), rare_bits)


def vocabulary_of(words: pl.Series, bits: npt.NDArray[np.int16], rare_bits: int) -> Vocabulary:
    """The vocabulary of words whose bits are known; the first is no word."""
    return Vocabulary(words, bits, words.str.contains(NUMBER).fill_null(value=False).to_numpy(), rare_bits)


def rarest_words(ids: npt.NDArray[np.int32], starts: npt.NDArray[np.int64], bits: npt.NDArray[np.int16]) -> RareWords:
    """Each record's rarest words, of those that `ids[starts[i]:starts[i + 1]]` name."""
    lengths = np.diff(starts)
    found = RareWords(
        np.zeros((len(lengths), WIDTH), dtype=np.int32),
        np.zeros(len(lengths), dtype=np.int16),
        np.zeros(len(lengths), dtype=np.uint64),
    )
    for rows, width in ((lengths <= WIDTH, WIDTH), (lengths > WIDTH, MOST_WORDS)):
        places = np.flatnonzero(rows)
        matrix = _sorted_words(ids, starts[places], lengths[places], width)
        found.ids[places] = matrix[:, :WIDTH]
        found.bits[places] = bits[matrix].sum(axis=1, dtype=np.int16)
        found.sets[places] = _sets(matrix)
    return found


def _sorted_words(
    ids: npt.NDArray[np.int32], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], width: int
) -> npt.NDArray[np.int32]:
    """The words of each record, rarest first and each once, as a matrix."""
    matrix = np.zeros((len(lengths), width), dtype=np.int32)
    for place in range(width):
        rows = np.flatnonzero(lengths > place)
        matrix[rows, place] = -ids[starts[rows] + place]
    matrix.sort(axis=1)
    repeated = (matrix[:, 1:] == matrix[:, :-1]) & (matrix[:, 1:] != 0)
    if repeated.any():
        matrix[:, 1:][repeated] = 0
        matrix.sort(axis=1)
    return np.negative(matrix, out=matrix)


def _sets(matrix: npt.NDArray[np.int32]) -> npt.NDArray[np.uint64]:
    mixed = np.zeros(len(matrix), dtype=np.uint64)
    for column in matrix.T[::-1]:  # the places that are empty come first, so that the width does not matter
        mixed = (mixed ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed
