"""Judgements correct weights, models are stored and compared, and the next questions are proposed."""

from __future__ import annotations

import duckdb
import pytest

from reconcile.errors import InputError
from reconcile.matching import MatchRules, link
from reconcile.matching.models import compare_links
from reconcile.matching.quality import estimate_quality
from reconcile.matching.refine import propose_pairs
from tests.bench.companies import generate
from tests.properties.test_matching import connect


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    left, right = generate(1800, seed=21, hard=2)
    con = connect({"l": left, "r": right}, threads=2)
    con.execute("CREATE TABLE truth (left_id VARCHAR, right_id VARCHAR)")
    by_entity: dict[str | None, list[str | None]] = {}
    for record in left:
        by_entity.setdefault(record["entity"], []).append(record["id"])
    pairs = [(left_id, record["id"]) for record in right for left_id in by_entity.get(record["entity"], [])]
    con.executemany("INSERT INTO truth VALUES (?, ?)", pairs)
    con.execute("CREATE TABLE judgements (left_id VARCHAR, right_id VARCHAR, verdict VARCHAR)")
    return con


def f1(con: duckdb.DuckDBPyConnection) -> float:
    shown, right, total = con.execute("""SELECT (SELECT count(*) FROM candidates WHERE probability >= 0.5),
        (SELECT count(*) FROM candidates JOIN truth USING (left_id, right_id) WHERE probability >= 0.5),
        (SELECT count(*) FROM truth)""").fetchall()[0]
    return float(2 * right / (shown + total))


def test_judgements_improve_the_model_and_it_can_be_kept(con: duckdb.DuckDBPyConnection) -> None:
    learned = link(con, "l", "r")
    before = f1(con)
    con.execute("CREATE TABLE first AS SELECT left_id, right_id FROM candidates WHERE probability >= 0.5")
    asked = propose_pairs(con, 150)
    assert len(set(asked)) == 150
    con.executemany("INSERT INTO judgements VALUES (?, ?, 'different')", asked)
    con.execute(
        "UPDATE judgements SET verdict = 'same' FROM truth t "
        "WHERE t.left_id = judgements.left_id AND t.right_id = judgements.right_id"
    )
    assert not set(asked) & set(propose_pairs(con, 50, "judgements"))
    refined = link(con, "l", "r", MatchRules(judgements="judgements"))
    after = f1(con)
    print(f"F1 {before:.4f} before, {after:.4f} after 150 judgements")
    assert after >= before
    assert refined.model_version != learned.model_version
    con.execute("CREATE TABLE second AS SELECT left_id, right_id FROM candidates WHERE probability >= 0.5")
    kept = link(con, "l", "r", MatchRules(model=refined.model))
    assert kept.model_version == refined.model_version
    con.execute("CREATE TABLE third AS SELECT left_id, right_id FROM candidates WHERE probability >= 0.5")
    same = compare_links(con, "second", "third")
    assert (same.moved, same.split, same.merged) == (0, 0, 0)
    changed = compare_links(con, "first", "second")
    assert changed.unchanged > 1000


def test_estimated_quality_covers_the_truth_nearly_always(con: duckdb.DuckDBPyConnection) -> None:
    link(con, "l", "r")
    con.execute("""CREATE OR REPLACE TABLE known AS SELECT left_id, right_id, probability,
        CASE WHEN truth.left_id IS NULL THEN 'different' ELSE 'same' END AS verdict
        FROM candidates LEFT JOIN truth USING (left_id, right_id)""")
    precision, recall = con.execute("""
        SELECT avg((verdict = 'same')::INT) FILTER (probability >= 0.5),
            count(*) FILTER (verdict = 'same' AND probability >= 0.5) / count(*) FILTER (verdict = 'same')
        FROM known""").fetchall()[0]
    held = 0
    for sample in range(25):
        con.execute(f"""CREATE OR REPLACE TABLE judged AS FROM known
            ORDER BY abs(probability - 0.5) > 0.45, hash(left_id, right_id, {sample}) LIMIT 150""")
        found = estimate_quality(con, "judged", 0.5)
        assert found.judged == 150
        held += found.precision_low <= precision <= found.precision_high
        held += found.recall_low <= recall <= found.recall_high
    print(f"{held} of 50 intervals hold precision {precision:.4f} or recall {recall:.4f}")
    assert held >= 42


def test_a_model_for_other_roles_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    model = link(con, "l", "r", MatchRules(roles=("name", "city"))).model
    with pytest.raises(InputError, match="Learn a new model"):
        link(con, "l", "r", MatchRules(model=model))
