"""Clusters: strong pairs hold, a weak bridge between groups does not, and a cluster keeps its id."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.matching.cluster import STRONG_BITS, cluster, keep_cluster_ids


def groups(pairs: str, records: int = 8, largest: int = 50) -> list[str]:
    """The clusters that pairs written as "ab12 cd5" (letters, bits) make, as words; single records are left out."""
    parts = pairs.split()
    a, b = (np.array([ord(part[i]) - 97 for part in parts], dtype=np.int64) for i in (0, 1))
    weight = np.array([float(part[2:]) for part in parts])
    labels = cluster(a, b, weight, records, largest=largest)
    words = ["".join(chr(97 + i) for i in np.flatnonzero(labels == label)) for label in np.unique(labels)]
    return [word for word in words if len(word) > 1]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ("ab5", ["ab"]),
        ("ab5 bc5", ["abc"]),
        ("ab20 cd20 bc20", ["abcd"]),
        ("ab20 cd20 bc5", ["ab", "cd"]),
        ("ab20 cd20 bc5 ad5 ac5 bd5", ["abcd"]),
        ("ab20 bc20 cd20 de5", ["abcd"]),
        ("ab20 bc20 cd20 de7", ["abcde"]),
        ("ab20 bc20 ac20 cd4.5", ["abcd"]),
    ],
    ids=["a weak pair alone", "a weak chain", "strong bridge", "weak bridge", "weak, on all sides", "one to four, weak",
         "one to four, less weak", "one to three"],
)  # fmt: skip
def test_bridges(pairs: str, expected: list[str]) -> None:
    assert groups(pairs) == expected


def test_a_component_that_is_too_large_falls_apart_at_its_weakest_pairs() -> None:
    chain = "ab30 bc30 cd12 de30 ef30"
    assert groups(chain, largest=6) == ["abcdef"]
    assert groups(chain, largest=3) == ["abc", "def"]


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.floats(4, 40)), max_size=30), st.randoms())
def test_the_order_of_pairs_does_not_matter_and_strong_pairs_hold(
    pairs: list[tuple[int, int, float]], dice: object
) -> None:
    pairs = [(min(x, y), max(x, y), weight) for x, y, weight in pairs if x != y]
    shuffled = list(pairs)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    found = [
        cluster(
            np.array([pair[0] for pair in order], dtype=np.int64),
            np.array([pair[1] for pair in order], dtype=np.int64),
            np.array([pair[2] for pair in order], dtype=np.float64),
            12,
        )
        for order in (pairs, shuffled)
    ]
    assert found[0].tolist() == found[1].tolist()
    assert all(found[0][x] == found[0][y] for x, y, weight in pairs if weight >= STRONG_BITS)


def test_a_cluster_keeps_the_id_of_most_of_its_members() -> None:
    before = {"a": "a", "b": "a", "c": "a", "x": "x", "y": "x"}
    assert keep_cluster_ids(before, {"b": "b", "c": "b"}) == {"b": "a", "c": "a"}
    split = keep_cluster_ids(before, {"a": "a", "q": "a", "b": "b", "c": "b"})
    assert split == {"a": "a+", "q": "a+", "b": "a", "c": "a"}, "the larger part keeps the id"
    merged = keep_cluster_ids(before, {"b": "b", "c": "b", "x": "b"})
    assert set(merged.values()) == {"a"}
