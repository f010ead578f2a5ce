"""Explanations say what the match did: the same weight, the same keys, and for every pair why not."""

from __future__ import annotations

import random
from collections.abc import Iterator

import duckdb
import pytest

from reconcile.errors import InputError, UnknownNameError
from reconcile.matching import MatchRules, dedupe, explain_pair, link, open_explainer
from reconcile.matching.block import block
from reconcile.matching.explain import Explainer
from reconcile.matching.keys import key_verdicts
from reconcile.matching.prepare import prepare
from tests.bench.companies import generate
from tests.properties.test_matching import connect

RULES = MatchRules(block_pairs=20, one_to_one=True)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    left, right = generate(1500, seed=5, hard=2)
    con = connect({"l": left, "r": right}, threads=2)
    yield con
    con.close()


@pytest.fixture(scope="module")
def explainer(con: duckdb.DuckDBPyConnection) -> Explainer:
    return open_explainer(con, "l", "r", link(con, "l", "r", RULES).model, RULES)


def test_candidates_are_explained_as_they_were_scored(con: duckdb.DuckDBPyConnection, explainer: Explainer) -> None:
    rows = con.execute(
        "SELECT left_id, right_id, weight, band, is_chosen FROM candidates ORDER BY hash(left_id, right_id) LIMIT 8"
    ).fetchall()
    for left_id, right_id, weight, band, is_chosen in rows:
        found = explain_pair(explainer, left_id, right_id)
        assert (found.weight, found.band, found.was_compared) == (weight, band, True)
        assert found.evidence[-1].total == pytest.approx(weight)
        assert found.stopped_by == "" or band != "accept" or not is_chosen


def test_a_pair_worked_out_anew_has_the_evidence_that_the_match_saw(
    con: duckdb.DuckDBPyConnection, explainer: Explainer
) -> None:
    rows = con.execute("SELECT left_id, right_id FROM candidates ORDER BY hash(right_id, left_id) LIMIT 6").fetchall()
    con.execute("CREATE OR REPLACE TEMP TABLE none AS SELECT * FROM candidates LIMIT 0")
    blind = Explainer(con, ("l", "r"), "none", explainer.prepared, explainer.model, RULES)
    for left_id, right_id in rows:
        seen, anew = explain_pair(explainer, left_id, right_id), explain_pair(blind, left_id, right_id)
        # Without rivals the competition says something else; all that the two records say themselves is the same.
        for one, other in zip(seen.evidence[:-1], anew.evidence[:-1], strict=True):
            assert (one.role, one.level) == (other.role, other.level)
            assert one.total == pytest.approx(other.total)


def test_a_pair_that_the_match_did_not_keep_is_ranked_among_its_rivals_as_the_match_did(
    con: duckdb.DuckDBPyConnection, explainer: Explainer
) -> None:
    contested = "margin IS NOT NULL AND (level_competition BETWEEN 2 AND 4 OR hash(left_id, right_id) % 20 = 0)"
    rows = con.execute(
        f"SELECT left_id, right_id, weight FROM candidates WHERE {contested} ORDER BY hash(right_id, left_id) LIMIT 25"
    ).fetchall()
    found = []
    for left_id, right_id, _ in rows:
        without = f"WHERE NOT (left_id = '{left_id}' AND right_id = '{right_id}')"
        con.execute(f"CREATE OR REPLACE TEMP TABLE others AS SELECT * FROM candidates {without}")
        anew = Explainer(con, ("l", "r"), "others", explainer.prepared, explainer.model, RULES)
        found.append(explain_pair(anew, left_id, right_id).weight)
    assert found == pytest.approx([weight for _, _, weight in rows])


def test_the_keys_of_a_pair_are_those_that_brought_it() -> None:
    left, right = generate(1500, seed=6, hard=2)
    con = connect({"l": left, "r": right}, threads=2)
    prepared = prepare(con, ("l", "r"), RULES)
    found = block(con, prepared.left, prepared.right, prepared.columns, RULES.block_pairs, is_self=False)
    report = found.report
    assert report.refined_values, "some keys must be too common for this test to mean something"
    pairs = zip(found.left.tolist(), found.right.tolist(), strict=True)
    brought = dict(zip(pairs, found.keys.tolist(), strict=True))
    chosen = random.Random(1).sample(sorted(brought), 8)
    strangers = [(left, (right * 7 + 13) % prepared.right_rows) for left, right in chosen]
    for pair in [*chosen, *strangers]:
        verdicts, is_brought = key_verdicts(con, prepared, pair, RULES, is_self=False)
        expected = {key.name for i, key in enumerate(report.keys) if brought.get(pair, 0) >> i & 1}
        assert {verdict.name for verdict in verdicts if verdict.outcome == "same"} == expected
        assert is_brought == (pair in brought)
        for verdict in verdicts:
            is_alike = verdict.left_value is not None and verdict.left_value == verdict.right_value
            assert not is_alike or verdict.outcome in {"same", "too common"}


def test_a_rival_that_won_is_named() -> None:
    con = duckdb.connect()
    con.execute("""CREATE TABLE l AS SELECT range::VARCHAR AS record_id, 'Firm ' || md5(range::VARCHAR)[:8] AS name,
        md5(range::VARCHAR)[:8] || '.com' AS domain, range || ' Main Street' AS street, 'Leeds' AS city
        FROM range(400)""")
    con.execute("CREATE TABLE r AS SELECT 'r' || record_id AS record_id, * EXCLUDE record_id FROM l")
    con.execute("INSERT INTO r SELECT 'rival', name, NULL, street, city FROM l WHERE record_id = '7'")
    rules = MatchRules(one_to_one=True)
    explainer = open_explainer(con, "l", "r", link(con, "l", "r", rules).model, rules)
    lost = explain_pair(explainer, "7", "rival")
    assert lost.rivals[0].right_id == "r7"
    assert lost.rivals[0].is_chosen
    assert "7 - r7" in lost.verdict
    assert lost.keys == (), "so few records are compared whole"
    hopeless = explain_pair(explainer, "7", "r9")
    assert (hopeless.was_compared, hopeless.stopped_by) == (True, "review threshold")


def test_two_records_of_one_side() -> None:
    con = duckdb.connect()
    con.execute("""CREATE TABLE records AS SELECT range::VARCHAR AS record_id,
        'Company ' || md5(range::VARCHAR)[:8] AS name, md5(range::VARCHAR)[:8] || '.com' AS domain FROM range(1200)""")
    con.execute("INSERT INTO records SELECT record_id || 'b', upper(name), domain FROM records LIMIT 60")
    result = dedupe(con, "records")
    explainer = open_explainer(con, "records", "records", result.model, candidates="pairs")
    same = explain_pair(explainer, "3b", "3")
    assert (same.stopped_by, same.rivals) == ("", ())
    assert {key.name for key in same.keys if key.outcome == "same"} >= {"name", "domain"}
    other = explain_pair(explainer, "3", "4")
    assert (other.was_compared, other.stopped_by) == (False, "keys")
    with pytest.raises(InputError):
        explain_pair(explainer, "3", "3")
    with pytest.raises(UnknownNameError):
        explain_pair(explainer, "3", "nobody")
