"""Assignment: which candidates become links, where a record may take part in one only.

Within each connected component of competing candidates the set of links with the greatest total weight is chosen, not
the greedy one. Components are independent, so they are solved in packets that keep the cost linear.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
PACKET_ROWS = 400


def assign_one_to_one(left: Integers, right: Integers, weight: Floats) -> npt.NDArray[np.bool_]:
    """Choose links so that every record takes part in at most one and the sum of weights is greatest.

    Args:
        left: left record numbers of the candidates, in an order that does not depend on the input's row order.
        right: right record numbers, beside them.
        weight: what a link is worth, above zero.

    Returns:
        One flag per candidate.
    """
    chosen = np.zeros(len(left), dtype=bool)
    if len(left) == 0:
        return chosen
    lone = (np.bincount(left)[left] == 1) & (np.bincount(right)[right] == 1)
    chosen[lone] = True
    rest = np.flatnonzero(~lone)
    if len(rest) == 0:
        return chosen
    component = _components(left[rest], right[rest])
    order = rest[np.argsort(component, kind="stable")]
    sorted_component = np.sort(component, kind="stable")
    for start, stop in _packets(sorted_component):
        packet = order[start:stop]
        chosen[packet[_best_matching(left[packet], right[packet], weight[packet])]] = True
    return chosen


def assign_best(group: Integers, weight: Floats) -> npt.NDArray[np.bool_]:
    """Choose the heaviest candidate of each group; of equal ones the first."""
    chosen = np.zeros(len(group), dtype=bool)
    order = np.lexsort((np.arange(len(group)), -weight, group))
    first = np.ones(len(group), dtype=bool)
    first[1:] = group[order][1:] != group[order][:-1]
    chosen[order[first]] = True
    return chosen


def _components(left: Integers, right: Integers) -> Integers:
    from scipy.sparse import coo_array  # noqa: PLC0415 - takes longer to import than a small match; many need none
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - as above

    lefts, left_index = np.unique(left, return_inverse=True)
    rights, right_index = np.unique(right, return_inverse=True)
    size = len(lefts) + len(rights)
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left_index, right_index + len(lefts))), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels, dtype=np.int64)[left_index]


def _packets(component: Integers) -> list[tuple[int, int]]:
    """Ranges of whole components, each of about PACKET_ROWS candidates."""
    starts = np.concatenate(([0], np.flatnonzero(np.diff(component)) + 1, [len(component)]))
    packets, begin = [], 0
    for end in starts[1:].tolist():
        if end - begin >= PACKET_ROWS or end == len(component):
            packets.append((begin, end))
            begin = end
    return packets


def _best_matching(left: Integers, right: Integers, weight: Floats) -> Integers:
    """Positions of the chosen candidates. Every left record has a place of its own to stay unmatched."""
    from scipy.sparse import coo_array  # noqa: PLC0415 - as above
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching  # noqa: PLC0415 - as above

    lefts, rows = np.unique(left, return_inverse=True)
    rights, columns = np.unique(right, return_inverse=True)
    top = float(weight.max()) + 1.0
    cost = np.concatenate([top - weight, np.full(len(lefts), top)])
    all_rows = np.concatenate([rows, np.arange(len(lefts))])
    all_columns = np.concatenate([columns, len(rights) + np.arange(len(lefts))])
    graph = coo_array((cost, (all_rows, all_columns)), shape=(len(lefts), len(rights) + len(lefts))).tocsr()
    matched_rows, matched_columns = min_weight_full_bipartite_matching(graph)
    taken = {(int(r), int(c)) for r, c in zip(matched_rows, matched_columns, strict=True) if c < len(rights)}
    codes = np.array([r * (len(rights) + 1) + c for r, c in sorted(taken)], dtype=np.int64)
    return np.flatnonzero(np.isin(rows * (len(rights) + 1) + columns, codes))
