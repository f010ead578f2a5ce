"""The join behind blocking: which rows of two sides have the same hash, without asking pair by pair."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Number = TypeVar("Number", bound=np.generic)
KEY_BITS = np.uint64(5)  # kinds of key: at most 32
ROW_BITS = np.uint64(29)  # rows of a side: at most 536 million
PIECE = 1 << 20
KEY_MASK = np.uint64(31)
ROW_MASK = np.uint64((1 << 29) - 1)


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows of both sides with the same hash: group i is `left[left_starts[i]:][:left_sizes[i]]`, and so the right."""

    left: Places
    right: Places
    left_starts: Places
    left_sizes: Places
    right_starts: Places
    right_sizes: Places

    @property
    def products(self) -> Places:
        """Number of pairs per group."""
        return self.left_sizes * self.right_sizes

    def chosen(self, which: npt.NDArray[np.bool_]) -> Groups:
        """Some of the groups."""
        sizes = self.left_starts[which], self.left_sizes[which], self.right_starts[which], self.right_sizes[which]
        return Groups(self.left, self.right, *sizes)

    def left_rows(self) -> tuple[Places, Places]:
        """Group and left row of every member."""
        return _members(self.left, self.left_starts, self.left_sizes)

    def right_rows(self) -> tuple[Places, Places]:
        """Group and right row of every member."""
        return _members(self.right, self.right_starts, self.right_sizes)

    def pairs(self, key: int, *, is_self: bool) -> Codes:
        """Every pair of every group as one number: left row, right row, kind of key; of one side each pair once."""
        group, left = self.left_rows()
        repeats = self.right_sizes[group]
        left = np.repeat(left, repeats)
        starts = np.repeat(self.right_starts[group] - np.concatenate(([0], np.cumsum(repeats)[:-1])), repeats)
        right = self.right[starts + np.arange(len(left))]
        if is_self:
            each_once = left < right
            left, right = left[each_once], right[each_once]
        shifted = left.astype(np.uint64) << ROW_BITS | right.astype(np.uint64)
        codes: Codes = shifted << KEY_BITS | np.uint64(key)
        return codes


def _members(rows: Places, starts: Places, sizes: Places) -> tuple[Places, Places]:
    group = np.repeat(np.arange(len(sizes)), sizes)
    places = np.arange(len(group)) + np.repeat(starts - np.concatenate(([0], np.cumsum(sizes)[:-1])), sizes)
    return group, rows[places]


def common_groups(
    left: Hashes, right: Hashes, left_rows: Places | None = None, right_rows: Places | None = None
) -> Groups:
    """The groups of rows that both sides have; a hash of 0 is none.

    Args:
        left: hash per row.
        right: the same of the other side.
        left_rows: the rows that the hashes belong to; None for 0, 1, 2 ...
        right_rows: the same of the other side.
    """
    lefts, left_values, left_starts = _runs(left)
    rights, right_values, right_starts = _runs(right)
    place = np.searchsorted(right_values, left_values)
    place[place == len(right_values)] = 0
    found = np.flatnonzero(right_values[place] == left_values) if len(right_values) else np.zeros(0, dtype=np.int64)
    there = place[found]
    return Groups(
        lefts if left_rows is None else left_rows[lefts],
        rights if right_rows is None else right_rows[rights],
        left_starts[:-1][found],
        np.diff(left_starts)[found],
        right_starts[:-1][there],
        np.diff(right_starts)[there],
    )


def sort_hashes(hashes: Hashes) -> tuple[Places, Hashes]:
    """The order that sorts hashes, and the sorted hashes.

    Sorting numbers is many times faster than finding the order that sorts them. So each hash gives its lowest bits to
    its own place, and the few different hashes that agree in all the others are put in order afterwards.
    """
    bits = np.uint64(max(len(hashes) - 1, 1).bit_length())
    mask = (np.uint64(1) << bits) - np.uint64(1)
    packed = hashes & ~mask
    packed |= np.arange(len(hashes), dtype=np.uint64)
    packed.sort()
    order = (packed & mask).astype(np.int64)
    ordered = hashes[order]
    packed >>= bits
    alike = np.flatnonzero((packed[1:] == packed[:-1]) & (ordered[1:] != ordered[:-1]))
    for value in np.unique(packed[alike]):
        span = slice(np.searchsorted(packed, value), np.searchsorted(packed, value, "right"))
        inner = np.argsort(ordered[span], kind="stable")
        order[span], ordered[span] = order[span][inner], ordered[span][inner]
    return order, ordered


def _runs(hashes: Hashes) -> tuple[Places, Hashes, Places]:
    """Rows in the order of their hashes, the distinct hashes, and where each begins, with the end; 0 is left out."""
    order, ordered = sort_hashes(hashes)
    none = int(np.searchsorted(ordered, np.uint64(1)))
    order, ordered = order[none:], ordered[none:]
    is_first = np.ones(len(ordered), dtype=bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(is_first)
    return order, ordered[starts], np.append(starts, len(ordered))


def distinct_pairs(
    codes: Codes, piece: int = PIECE
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Left row, right row and kinds of key (a bit each) of every distinct pair, in ascending order.

    `codes` is sorted in its place; the rest is done in pieces of about so many, so that it needs little room beside.
    """
    codes.sort()
    cuts = [0]
    for place in range(piece, len(codes), piece):
        last = codes[place - 1] | KEY_MASK
        cuts.append(int(np.searchsorted(codes, last, "right")))
    cuts.append(len(codes))
    pieces = [list(part) for part in zip(*(_distinct(codes[a:b]) for a, b in itertools.pairwise(cuts)), strict=True)]
    left, right, keys = (joined(part) for part in pieces)
    return left, right, keys


def joined(parts: list[npt.NDArray[Number]]) -> npt.NDArray[Number]:
    """Arrays one after the other; each is let go of as it is copied, so that both are hardly held at once."""
    whole = np.empty(sum(len(part) for part in parts), dtype=parts[0].dtype)
    end = len(whole)
    while parts:
        part = parts.pop()
        whole[end - len(part) : end] = part
        end -= len(part)
    return whole


def _distinct(ordered: Codes) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    pairs = ordered >> KEY_BITS
    is_first = np.ones(len(pairs), dtype=bool)
    is_first[1:] = pairs[1:] != pairs[:-1]
    starts = np.flatnonzero(is_first)
    bits = np.left_shift(np.int32(1), (ordered & KEY_MASK).astype(np.int32))
    keys = np.bitwise_or.reduceat(bits, starts) if len(starts) else bits
    pairs = pairs[starts]
    return (pairs >> ROW_BITS).astype(np.int32), (pairs & ROW_MASK).astype(np.int32), keys
