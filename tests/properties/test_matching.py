"""What must hold of every match, whatever the data."""

from __future__ import annotations

import random
from collections.abc import Sequence

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.matching import MatchRules, dedupe, link
from reconcile.matching.assign import assign_one_to_one
from reconcile.matching.cluster import STRONG_BITS, cluster
from reconcile.matching.rivals import Rivals
from tests.bench.companies import generate

COLUMNS = ("id", "name", "website", "email", "phone", "street", "city", "state", "postcode", "country")
ROLES = ("record_id", "name", "domain", "email", "phone", "street", "city", "region", "postcode", "country")
SIZE = 1500


def connect(sides: dict[str, Sequence[dict[str, str | None]]], threads: int) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(f"SET threads = {threads}")
    for name, records in sides.items():
        con.execute(f"CREATE TABLE {name} ({', '.join(f'{role} VARCHAR' for role in ROLES)})")
        marks = ", ".join("?" for _ in ROLES)
        con.executemany(f"INSERT INTO {name} VALUES ({marks})", [[record[c] for c in COLUMNS] for record in records])
    return con


@pytest.fixture(scope="module")
def companies() -> tuple[list[dict[str, str | None]], list[dict[str, str | None]]]:
    return generate(SIZE, seed=5)


def linked(
    left: Sequence[dict[str, str | None]],
    right: Sequence[dict[str, str | None]],
    threads: int,
    seed: int | None,
    memory_limit: str = "",
) -> list[tuple[object, ...]]:
    left, right = list(left), list(right)
    if seed is not None:
        random.Random(seed).shuffle(left)
        random.Random(seed + 1).shuffle(right)
    con = connect({"l": left, "r": right}, threads)
    link(con, "l", "r", MatchRules(one_to_one=True, threads=threads, memory_limit=memory_limit))
    return con.execute("SELECT * FROM candidates ORDER BY left_id, right_id").fetchall()


def test_order_of_rows_and_threads_change_nothing(
    companies: tuple[list[dict[str, str | None]], list[dict[str, str | None]]],
) -> None:
    expected = linked(*companies, threads=1, seed=None)
    assert len(expected) > SIZE * 0.7
    for threads, seed in ((2, 1), (1, 2), (2, 3)):
        assert linked(*companies, threads=threads, seed=seed) == expected


def test_a_memory_limit_changes_nothing(
    companies: tuple[list[dict[str, str | None]], list[dict[str, str | None]]],
) -> None:
    assert linked(*companies, 2, None, "400 MB") == linked(*companies, 2, None)


def test_clusters_do_not_depend_on_the_order_of_rows(
    companies: tuple[list[dict[str, str | None]], list[dict[str, str | None]]],
) -> None:
    results = []
    for threads, seed in ((1, 1), (2, 2)):
        records = list(companies[0])
        random.Random(seed).shuffle(records)
        con = connect({"records": records}, threads)
        dedupe(con, "records")
        results.append(con.execute("SELECT * FROM clusters ORDER BY record_id").fetchall())
    assert results[0] == results[1]
    assert results[0]


EDGES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 40)), max_size=14)


@given(EDGES)
@settings(max_examples=150, deadline=None)
def test_assignment_is_one_to_one_and_no_other_is_worth_more(edges: list[tuple[int, int, int]]) -> None:
    unique = sorted({(left, right): weight for left, right, weight in edges}.items())
    left = np.array([pair[0] for pair, _ in unique], dtype=np.int64)
    right = np.array([pair[1] for pair, _ in unique], dtype=np.int64)
    weight = np.array([bits for _, bits in unique], dtype=np.float64)
    chosen = assign_one_to_one(left, right, weight)
    assert len(set(left[chosen])) == len(set(right[chosen])) == int(chosen.sum())
    assert weight[chosen].sum() == pytest.approx(best_sum(unique, frozenset(), frozenset()))


def best_sum(edges: list[tuple[tuple[int, int], int]], lefts: frozenset[int], rights: frozenset[int]) -> float:
    if not edges:
        return 0.0
    ((left, right), bits), rest = edges[0], edges[1:]
    without = best_sum(rest, lefts, rights)
    if left in lefts or right in rights:
        return without
    return max(without, bits + best_sum(rest, lefts | {left}, rights | {right}))


@given(EDGES)
@settings(max_examples=100, deadline=None)
def test_the_strongest_other_candidate_is_found(edges: list[tuple[int, int, int]]) -> None:
    unique = sorted({(left, right): weight for left, right, weight in edges}.items())
    left = np.array([pair[0] for pair, _ in unique], dtype=np.int32)
    right = np.array([pair[1] for pair, _ in unique], dtype=np.int32)
    weight = np.array([bits for _, bits in unique], dtype=np.float64)
    found = Rivals(left, right, np.zeros(len(left), dtype=np.int32)).strongest_other(weight)
    for i in range(len(left)):
        for side, others in ((left, found[0]), (right, found[1])):
            rivals = [weight[j] for j in range(len(left)) if j != i and side[j] == side[i]]
            assert others[i] == (max(rivals) if rivals else -np.inf)


@given(EDGES, st.integers(2, 5))
@settings(max_examples=100, deadline=None)
def test_clusters_are_held_together_by_pairs(edges: list[tuple[int, int, int]], largest: int) -> None:
    pairs = [(a, b + 7, bits) for a, b, bits in edges]
    a, b, bits = (np.array([pair[i] for pair in pairs], dtype=np.int64) for i in range(3))
    labels = cluster(a, b, bits.astype(np.float64), 14)
    strong = [(x, y) for x, y, weight in pairs if weight >= STRONG_BITS]
    assert all(labels[x] == labels[y] for x, y in strong), "only weak pairs are ever cut"
    split = cluster(a, b, bits.astype(np.float64), 14, largest=largest)
    assert len(set(split.tolist())) >= len(set(labels.tolist()))
    assert all(split[record] <= record for record in range(14))
