"""Sorting and joining of hashes."""

from __future__ import annotations

import numpy as np
import pytest

from reconcile.matching.join import common_groups, distinct_pairs, sort_hashes


@pytest.mark.parametrize("highest", [3, 2**20, 2**40, 2**64 - 1])
@pytest.mark.parametrize("size", [0, 1, 2, 5, 3000])
def test_hashes_are_sorted_with_their_places(size: int, highest: int) -> None:
    hashes = np.random.default_rng(size).integers(0, highest, size, dtype=np.uint64)
    order, ordered = sort_hashes(hashes)
    assert (ordered == np.sort(hashes)).all()
    assert (hashes[order] == ordered).all()
    assert (np.sort(order) == np.arange(size)).all()


def test_rows_with_the_same_hash_are_paired_once_and_zero_is_none() -> None:
    left, right = np.array([7, 0, 9, 7], dtype=np.uint64), np.array([9, 7, 0, 5], dtype=np.uint64)
    groups = common_groups(left, right)
    codes = np.concatenate([groups.pairs(0, is_self=False), groups.pairs(3, is_self=False)])
    found = distinct_pairs(codes)
    assert [part.tolist() for part in found] == [[0, 2, 3], [1, 0, 1], [0b1001] * 3]


def test_many_pairs_are_taken_apart_in_pieces() -> None:
    everything = common_groups(np.ones(6, dtype=np.uint64), np.ones(6, dtype=np.uint64))
    codes = np.concatenate([everything.pairs(key, is_self=True) for key in range(3)])
    left, right, keys = distinct_pairs(codes, piece=4)
    assert len(left) == 15
    assert (left < right).all()
    assert (keys == 0b111).all()
