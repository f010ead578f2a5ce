"""Clusters of duplicates: connected records, with a guard against chains of weak bridges."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
LARGEST = 50


def cluster(a: Integers, b: Integers, weight: Floats, records: int, *, largest: int = LARGEST) -> Integers:
    """Cluster number per record.

    Args:
        a: record numbers (0 .. records - 1) of the accepted pairs.
        b: their partners.
        weight: of the pairs, in bits.
        records: how many records there are.
        largest: a component above this size is split by dropping its weakest pairs, four bits at a time.

    Returns:
        For each record the smallest record number of its cluster; a record without a pair is its own.
    """
    labels = _components(a, b, records)
    floor = float(weight.min()) if len(weight) else 0.0
    ceiling = float(weight.max()) if len(weight) else 0.0
    while floor < ceiling:
        sizes = np.bincount(labels, minlength=records)
        large = sizes[labels[a]] > largest
        if not large.any():
            break
        floor += 4.0
        keep = ~large | (weight >= floor)
        a, b, weight = a[keep], b[keep], weight[keep]
        labels = _components(a, b, records)
    return labels


def _components(a: Integers, b: Integers, records: int) -> Integers:
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(records, records))
    _, labels = connected_components(graph, directed=False)
    first = np.full(int(labels.max()) + 1 if records else 0, records, dtype=np.int64)
    np.minimum.at(first, labels, np.arange(records))
    return first[labels]
