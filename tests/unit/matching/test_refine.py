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


def test_estimated_quality_covers_the_truth(con: duckdb.DuckDBPyConnection) -> None:
    link(con, "l", "r", MatchRules(judgements="judgements"))
    found = estimate_quality(con, "judgements", 0.5)
    shown = con.execute("SELECT count(*) FROM candidates WHERE probability >= 0.5").fetchall()[0][0]
    right = con.execute(
        "SELECT count(*) FROM candidates JOIN truth USING (left_id, right_id) WHERE probability >= 0.5"
    ).fetchall()[0][0]
    print(found, right / shown)
    assert 130 <= found.judged <= 150, "judged pairs that became hopeless are no candidates any more"
    assert found.precision_low <= right / shown <= found.precision_high


def test_a_model_for_other_roles_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    model = link(con, "l", "r", MatchRules(roles=("name", "city"))).model
    with pytest.raises(InputError, match="Learn a new model"):
        link(con, "l", "r", MatchRules(model=model))
