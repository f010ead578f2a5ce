"""Linking, deduplication and explanation end to end on small tables, through a real DuckDB."""

from __future__ import annotations

import itertools
from pathlib import Path

import duckdb
import pytest

from reconcile.errors import DefinitionError, InputError, UnknownNameError
from reconcile.matching import MatchRules, dedupe, detect_roles, explain, link, threshold_curve
from reconcile.matching.cluster import keep_cluster_ids
from reconcile.matching.files import canonical_view, open_file, write_file
from reconcile.matching.roles import id_column
from tests.bench.companies import write


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    folder = tmp_path_factory.mktemp("companies")
    write(3000, folder, seed=11)
    connection = duckdb.connect()
    for side in ("left", "right"):
        open_file(connection, folder / f"{side}.parquet", f"raw_{side}")
        canonical_view(connection, f"raw_{side}", f"{side}_records", id_name="id", mapping=None)
    connection.execute(f"CREATE TABLE truth AS SELECT * FROM '{folder}/truth.parquet'")
    link(connection, "left_records", "right_records", MatchRules(one_to_one=True))
    return connection


def single(con: duckdb.DuckDBPyConnection, query: str) -> float:
    value: float = con.execute(query).fetchall()[0][0]
    return value


def test_links_are_right(con: duckdb.DuckDBPyConnection) -> None:
    total = single(con, "SELECT count(*) FROM truth")
    found = single(con, "SELECT count(*) FROM candidates WHERE probability >= 0.5")
    right = single(con, "SELECT count(*) FROM candidates JOIN truth USING (left_id, right_id) WHERE probability >= 0.5")
    print(f"precision {right / found:.4f}  recall {right / total:.4f}")
    assert 2 * right / (found + total) >= 0.97


def test_chosen_links_use_each_record_once(con: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT count(*) - count(DISTINCT {0}_id) FROM candidates WHERE is_chosen"
    assert single(con, query.format("left")) == single(con, query.format("right")) == 0


def test_weights_add_up(con: duckdb.DuckDBPyConnection) -> None:
    parts = [column for column in con.sql("SELECT * FROM candidates LIMIT 0").columns if column.startswith("weight_")]
    prior = single(con, "SELECT weight FROM levels WHERE role = 'prior'")
    worst = single(con, f"SELECT max(abs(weight - ({prior} + {' + '.join(parts)}))) FROM candidates")
    assert worst < 1e-9


def test_margin_is_the_distance_to_the_best_other_candidate(con: duckdb.DuckDBPyConnection) -> None:
    assert single(con, "SELECT count(*) FROM candidates WHERE is_best <> coalesce(margin >= 0, true)") == 0
    assert single(con, "SELECT count(*) FROM candidates WHERE margin IS NULL") > 0


def test_probabilities_are_calibrated(con: duckdb.DuckDBPyConnection) -> None:
    shown = single(con, "SELECT avg(probability) FROM candidates WHERE probability >= 0.9")
    right = single(
        con,
        "SELECT avg((t.hit IS NOT NULL)::INT) FROM candidates c "
        "LEFT JOIN (SELECT *, 1 AS hit FROM truth) t USING (left_id, right_id) WHERE probability >= 0.9",
    )
    assert right == pytest.approx(shown, abs=0.02)


def test_threshold_curve_falls_in_recall_and_rises_in_precision(con: duckdb.DuckDBPyConnection) -> None:
    curve = threshold_curve(con)
    assert all(a.recall >= b.recall and a.precision <= b.precision for a, b in itertools.pairwise(curve))


def test_explains_a_link_and_a_pair_that_was_never_compared(con: duckdb.DuckDBPyConnection) -> None:
    left_id, right_id, weight = con.execute(
        "SELECT left_id, right_id, weight FROM candidates ORDER BY weight DESC, left_id LIMIT 1"
    ).fetchall()[0]
    found = explain(con, "left_records", "right_records", left_id, right_id)
    assert found.was_compared
    assert found.weight == pytest.approx(weight)
    assert found.evidence[-1].total == pytest.approx(weight)
    other = con.execute(
        """SELECT record_id FROM right_records r
        JOIN (SELECT name FROM left_records WHERE record_id = ?) l
        ON r.name[:2] <> l.name[:2] ORDER BY record_id LIMIT 1""",
        [left_id],
    ).fetchall()[0][0]
    against = explain(con, "left_records", "right_records", left_id, other)
    assert not against.was_compared
    assert against.verdict.startswith("Not compared")
    assert all(key.outcome != "same" for key in against.keys)
    with pytest.raises(UnknownNameError):
        explain(con, "left_records", "right_records", "nobody", right_id)


def test_finds_planted_duplicates() -> None:
    con = duckdb.connect()
    con.execute("""CREATE TABLE records AS
        SELECT range::VARCHAR AS record_id, 'Company ' || md5(range::VARCHAR)[:8] AS name,
        md5(range::VARCHAR)[:8] || '.com' AS domain, (range * 7919 % 90000 + 10000)::VARCHAR AS postcode
        FROM range(1500)""")
    con.execute(
        "INSERT INTO records SELECT record_id || 'b', upper(name) || ', Inc.', 'www.' || domain, postcode "
        "FROM records LIMIT 100"
    )
    result = dedupe(con, "records")
    assert result.cluster_count == 100
    assert con.execute("SELECT count(*), count(*) FILTER (record_id = cluster_id || 'b') FROM clusters").fetchall() == [
        (200, 100)
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("1 AS id, 'x' AS name", "no column record_id"),
        ("NULL AS record_id, 'x' AS name", "missing"),
        ("'1' AS record_id, 'x' AS colour", "no role in common"),
    ],
)
def test_bad_input_is_explained(columns: str, message: str) -> None:
    con = duckdb.connect()
    con.execute(f"CREATE TABLE bad AS SELECT {columns}")
    with pytest.raises(InputError, match=message):
        link(con, "bad", "bad")


def test_empty_sides_give_empty_tables() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE nothing (record_id VARCHAR, name VARCHAR)")
    con.execute("CREATE TABLE something AS SELECT '1' AS record_id, 'Acme' AS name")
    with pytest.raises(InputError, match="no role in common"):
        link(con, "nothing", "something")


def test_rules_are_checked() -> None:
    with pytest.raises(DefinitionError, match="review"):
        MatchRules(accept=0.1, review=0.5)
    with pytest.raises(DefinitionError, match="no such role"):
        MatchRules(roles=("colour",))  # type: ignore[arg-type]  # the wrong value is the point


def test_roles_are_detected_from_header_and_content(tmp_path: Path) -> None:
    con = duckdb.connect()
    con.execute("""CREATE TABLE t AS SELECT range AS "Account ID", 'Acme ' || range AS "Account Name",
        'www.a' || range || '.com' AS "Web", '0' || (2000 + range)::VARCHAR AS "BillingPostalCode",
        'x' || range || '@mail.com' AS contact, 'Boston' AS "Billing City",
        '1 Main St' AS "BillingStreet", NULL AS "Phone" FROM range(50)""")
    write_file(con, "FROM t", tmp_path / "t.csv")
    open_file(con, tmp_path / "t.csv", "raw")
    guesses = detect_roles(con, "raw")
    assert {column: guess.role for column, guess in guesses.items()} == {
        "Account ID": None,
        "Account Name": "name",
        "Web": "domain",
        "BillingPostalCode": "postcode",
        "contact": "email",
        "Billing City": "city",
        "BillingStreet": "street",
        "Phone": "phone",
    }
    assert id_column(guesses) == "Account ID"
    canonical_view(con, "raw", "canonical", id_name=None, mapping={"street": ("BillingStreet", "Billing City")})
    assert con.execute("SELECT record_id, street, postcode FROM canonical ORDER BY record_id LIMIT 1").fetchall() == [
        ("0", "1 Main St Boston", "02000")
    ]


def test_families_and_test_records_are_no_duplicates() -> None:
    con = duckdb.connect()
    con.execute("""CREATE TABLE records AS
        SELECT range::VARCHAR AS record_id, 'Company ' || md5(range::VARCHAR)[:8] AS name,
        md5(range::VARCHAR)[:8] || '.com' AS domain, NULL::VARCHAR AS parent_id, false AS is_test FROM range(1200)""")
    con.execute(
        "INSERT INTO records SELECT record_id || 'b', name, domain, record_id, false FROM records WHERE record_id = '1'"
    )
    con.execute(
        "INSERT INTO records SELECT record_id || 'b', name, domain, NULL, true FROM records WHERE record_id = '2'"
    )
    con.execute(
        "INSERT INTO records SELECT record_id || 'b', name, domain, NULL, false FROM records WHERE record_id = '3'"
    )
    dedupe(con, "records")
    assert con.execute("SELECT record_id FROM clusters ORDER BY record_id").fetchall() == [("3",), ("3b",)]


def test_cluster_ids_outlive_a_run() -> None:
    before = {"a": "a", "b": "a", "c": "a", "d": "d", "e": "d"}
    assert keep_cluster_ids(before, {"b": "b", "c": "b", "d": "d", "e": "d", "0": "d"}) == {
        "b": "a", "c": "a", "d": "d", "e": "d", "0": "d",
    }  # fmt: skip
    split = keep_cluster_ids(before, {"a": "a", "x": "a", "b": "b", "c": "b"})
    assert split == {"b": "a", "c": "a", "a": "a+", "x": "a+"}


def test_an_engine_that_is_not_there_is_refused() -> None:
    with pytest.raises(DefinitionError, match="no engine 'ray'"):
        MatchRules(engine="ray")  # type: ignore[arg-type] # what the types forbid is refused at run time too


def test_a_column_headed_customer_may_hold_the_ids() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE t AS SELECT 'C-' || range AS customer, 'Acme ' || range AS company FROM range(50)")
    guesses = detect_roles(con, "t")
    assert id_column(guesses) == "customer"
    assert guesses["company"].role == "name"
    con.execute("CREATE TABLE named AS SELECT range AS id, 'Acme ' || range AS customer FROM range(50)")
    assert detect_roles(con, "named")["customer"].role == "name"


@pytest.mark.parametrize("judged", [False, True])
def test_a_stored_model_gives_the_run_that_learned_it(con: duckdb.DuckDBPyConnection, judged: bool) -> None:
    con.execute("""CREATE OR REPLACE TABLE judged AS
        SELECT left_id, right_id, 'same' AS verdict FROM truth ORDER BY hash(left_id) LIMIT 40""")
    learned = link(con, "left_records", "right_records", MatchRules(judgements="judged" if judged else ""))
    con.execute("CREATE OR REPLACE TABLE learned AS FROM candidates")
    con.execute("CREATE OR REPLACE TABLE learned_levels AS FROM levels")
    stored = link(con, "left_records", "right_records", MatchRules(model=learned.model))
    assert stored.model == learned.model
    assert stored.summary.chosen == learned.summary.chosen
    for before, after in (("learned", "candidates"), ("learned_levels", "levels")):
        assert con.execute(f"SELECT count(*) FROM {before}").fetchall() != [(0,)]
        assert (
            con.execute(f"(FROM {before} EXCEPT FROM {after}) UNION ALL (FROM {after} EXCEPT FROM {before})").fetchall()
            == []
        )
