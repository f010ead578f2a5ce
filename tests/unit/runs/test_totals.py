"""Whatever the two systems say: every record is counted once, and a run that does not add up is never kept."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconcile.errors import TotalsError
from reconcile.model import Cardinality
from reconcile.runs.totals import check_totals
from tests.unit.runs.small import Settings, small

LEFT, RIGHT = ("A", "B", "C", "D"), ("W", "X", "Y", "Z")


def _named(ids: tuple[str, ...], others: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Some records of a side, each naming one of the other side, a dead id, or nobody."""
    link = st.sampled_from(["", "", *others, "gone"])
    chosen = st.lists(st.sampled_from(ids), unique=True)

    def worded(names: list[str]) -> st.SearchStrategy[str]:
        links = st.lists(link, min_size=len(names), max_size=len(names))
        return links.map(lambda found: " ".join(f"{n}>{o}" if o else n for n, o in zip(names, found, strict=True)))

    return chosen.flatmap(worded)


candidates = st.dictionaries(
    st.tuples(st.sampled_from(LEFT), st.sampled_from(RIGHT)), st.integers(-6, 15), max_size=10
).map(lambda found: ", ".join(f"{left}-{right} {weight}" for (left, right), weight in found.items()))
tests = st.sets(st.sampled_from((*LEFT, *RIGHT)), max_size=2).map(lambda ids: {i: {"is_test": True} for i in ids})


@given(
    left=_named(LEFT, RIGHT),
    right=_named(RIGHT, LEFT),
    scored=candidates,
    test_records=tests,
    cardinality=st.sampled_from(["1:1", "n:1"]),
    stores=st.tuples(st.booleans(), st.booleans()),
    duplicates=st.tuples(st.sampled_from(["", "A=B", "A=B=C"]), st.sampled_from(["", "X=Y"])),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_record_is_in_exactly_one_category(
    *,
    left: str,
    right: str,
    scored: str,
    test_records: dict[str, dict[str, bool]],
    cardinality: Cardinality,
    stores: tuple[bool, bool],
    duplicates: tuple[str, str],
) -> None:
    there = {word.partition(">")[0] for word in (*left.split(), *right.split())}
    kept = ", ".join(p for p in scored.split(", ") if p and set(p.split()[0].split("-")) <= there)
    clusters = ["=".join(m for m in group.split("=") if m in there) for group in duplicates]
    chosen = Settings(
        left_stores=stores[0],
        right_stores=stores[1],
        cardinality=cardinality,
        values=test_records,
        left_clusters=clusters[0] if "=" in clusters[0] else "",
        right_clusters=clusters[1] if "=" in clusters[1] else "",
    )
    with small(left, right, kept, chosen) as execution:  # the pass raises when the totals do not tie out
        con = execution.con
        told = con.execute("SELECT count(*) - count(DISTINCT exception_id) FROM exceptions").fetchone()
        twice = con.execute("""
            SELECT record_id FROM coverage WHERE kind IN ('unmatched', 'unlinked') GROUP BY side, record_id
            HAVING count(*) > 1""").fetchall()
        proposed = con.execute("""
            SELECT right_id FROM links WHERE origin = 'proposed' GROUP BY right_id HAVING count(*) > 1""").fetchall()
        ranks = con.execute("SELECT list(rank ORDER BY rank) FROM exceptions").fetchone()
        counted = con.execute("SELECT count(*) FROM categories").fetchone()
    assert told == (0,)
    assert twice == []
    assert proposed == []
    assert ranks is not None
    assert ranks[0] is None or ranks[0] == list(range(1, len(ranks[0]) + 1))
    assert counted == (len(there),)


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE totals SET records = records + 1 WHERE side = 'left'",
        "UPDATE population SET records = records - 1 WHERE side = 'left'",
        "DELETE FROM categories WHERE record_id = 'A'",
        "UPDATE categories SET category = NULL WHERE record_id = 'A'",
        "DELETE FROM left_records WHERE record_id = 'A'",
    ],
)
def test_totals_that_do_not_tie_out_are_refused(harm: str) -> None:
    with small("A>X B", "X>A Y") as execution:
        check_totals(execution.con)
        execution.con.execute(harm)
        with pytest.raises(TotalsError, match="left side"):
            check_totals(execution.con)
