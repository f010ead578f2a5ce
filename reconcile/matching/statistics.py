"""What was counted over whole sides, kept apart from the records: how rare words and values are.

A match of changes uses the statistics of the match before it, so that records that did not change say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from reconcile.matching.clean.tokens import SEED, NameWords
from reconcile.matching.side import MOST, Side, hashes
from reconcile.matching.vocabulary import Vocabulary, vocabulary_of

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records of both sides have a value: its hash, in ascending order, and the number beside it."""

    hashes: Hashes
    records: npt.NDArray[np.int16]

    def of(self, values: pl.Series) -> npt.NDArray[np.int16]:
        """The count of each value; 1 for one never seen, 0 for null."""
        wanted = hashes(values)
        if len(self.hashes) == 0:
            return np.asarray(wanted != 0, dtype=np.int16)
        place = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        found = np.where(self.hashes[place] == wanted, self.records[place], np.int16(1))
        return np.asarray(np.where(wanted == 0, 0, found), dtype=np.int16)


@dataclass(frozen=True, slots=True)
class Statistics:
    """The counts of a match: by column of `side.COUNTED`, and the words of names (None without names)."""

    values: Mapping[str, Counts]
    vocabulary: Vocabulary | None

    def word_ids(self, sides: list[NameWords]) -> tuple[Vocabulary, list[npt.NDArray[np.int32]]]:
        """The ids of the flat words of each side, and the vocabulary with the words that are new in it.

        A word never seen is as rare as one that a single name has; new ones are numbered by their hashes.
        """
        known = self.vocabulary or vocabulary_of(pl.Series([None], dtype=pl.String), np.zeros(1, np.int16), 56)
        own = known.words.hash(seed=SEED).to_numpy()[1:]
        order = np.argsort(own)
        flat = [np.unique(side.hashes) for side in sides]
        unseen = np.setdiff1d(np.unique(np.concatenate(flat)), own)
        unseen = unseen[unseen != 0]
        every = np.concatenate([own[order], unseen])
        ids = np.concatenate([order + 1, len(own) + 1 + np.arange(len(unseen))]).astype(np.int32)
        by_hash = np.argsort(every)
        every, ids = every[by_hash], ids[by_hash]
        words = pl.concat([pl.DataFrame({"hash": side.hashes, "word": side.words}) for side in sides])
        fresh = words.filter(pl.col("hash").is_in(pl.Series(unseen).implode())).unique("hash").sort("hash")["word"]
        bits = np.concatenate([known.bits, np.full(len(fresh), known.bits.max(initial=1), dtype=np.int16)])
        vocabulary = vocabulary_of(pl.concat([known.words, fresh], rechunk=True), bits, known.rare_bits)
        return vocabulary, [_looked_up(side.hashes, every, ids) for side in sides]


def _looked_up(wanted: Hashes, every: Hashes, ids: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    if len(every) == 0:
        return np.zeros(len(wanted), dtype=np.int32)
    place = np.minimum(np.searchsorted(every, wanted), len(every) - 1)
    return np.where(wanted == 0, 0, ids[place]).astype(np.int32)


def gather_statistics(sides: tuple[Side, ...], vocabulary: Vocabulary | None) -> Statistics:
    """The statistics of prepared sides."""
    values = {}
    for column in sides[0].counts:
        found = np.concatenate([hashes(side.text(column)) for side in sides])
        distinct, counts = np.unique(found[found != 0], return_counts=True)
        values[column] = Counts(distinct, np.minimum(counts, MOST).astype(np.int16))
        for side in sides:
            side.texts.release()
    return Statistics(values, vocabulary)
