"""Connected components of records that hang together by pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def components(pairs: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Groups of names that are connected by `pairs`, each sorted, in the order of their first names.

    >>> components([("b", "c"), ("x", "y"), ("a", "c")])
    [['a', 'b', 'c'], ['x', 'y']]
    """
    if not pairs:
        return []
    names, codes = np.unique(np.array(pairs, dtype=object).ravel(), return_inverse=True)
    ends = codes.reshape(-1, 2)
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(names), len(names)))
    _, labels = connected_components(graph, directed=False)
    groups: dict[int, list[str]] = {}
    for name, label in zip(names.tolist(), labels.tolist(), strict=True):
        groups.setdefault(label, []).append(name)
    return sorted(groups.values())
