"""How good the matching is on real data with known truth, at the engine's own threshold: a probability of one half."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from reconcile.matching import MatchRules, dedupe, link

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is not beside the checkout")
HALF = MatchRules(accept=0.5)


def scores(con: duckdb.DuckDBPyConnection, found: str) -> dict[str, float]:
    """Precision, recall and F1 of the pairs (a, b) of a query against the table `truth`."""
    shown, right = con.execute(
        f"SELECT count(*), count(t.a) FROM ({found}) f LEFT JOIN truth t USING (a, b)"
    ).fetchall()[0]
    total = con.execute("SELECT count(*) FROM truth").fetchall()[0][0]
    return {"precision": right / max(shown, 1), "recall": right / total, "f1": 2 * right / (shown + total)}


def show(name: str, figures: dict[str, float]) -> None:
    print(f"{name:36}", "  ".join(f"{key} {value:.4f}" for key, value in figures.items()))


def clusters(con: duckdb.DuckDBPyConnection, records: str, truth: str) -> dict[str, float]:
    con.execute(f"CREATE VIEW records AS {records}")
    con.execute(f"""CREATE TABLE truth AS WITH t AS ({truth})
        SELECT x.id AS a, y.id AS b FROM t x JOIN t y ON x.c = y.c AND x.id < y.id""")
    dedupe(con, "records", HALF)
    return scores(con, """SELECT x.record_id AS a, y.record_id AS b FROM clusters x JOIN clusters y
        ON x.cluster_id = y.cluster_id AND x.record_id < y.record_id""")  # fmt: skip


@needs_data
def test_employers_by_name_and_place() -> None:
    con = duckdb.connect()
    for side, year in (("l", 2015), ("r", 2019)):
        con.execute(f"""CREATE VIEW {side} AS SELECT id AS record_id, name, city, state AS region, postcode
            FROM '{DATA}/h1b_link_{year}.parquet'""")
    con.execute(f"CREATE TABLE truth AS SELECT id_2015 AS a, id_2019 AS b FROM '{DATA}/h1b_truth_2015_2019.parquet'")
    result = link(con, "l", "r", HALF)
    figures = scores(con, "SELECT left_id AS a, right_id AS b FROM candidates WHERE probability >= 0.5")
    show("H-1B employers, link", figures)
    assert figures["f1"] >= 0.85
    expected, right = result.summary.expected_matches, figures["recall"] * 12863
    assert expected == pytest.approx(right / 0.9, rel=0.12), "the sum of probabilities is the number of matches"


@needs_data
def test_persons_with_typing_errors() -> None:
    con = duckdb.connect()
    file = f"{DATA}/febrl_dataset3.parquet"
    figures = clusters(
        con,
        f"""SELECT rec_id AS record_id, given_name, surname AS family_name, street_number || ' ' || address_1 AS street,
            suburb AS city, postcode, state AS region, date_of_birth AS birth_date, soc_sec_id AS tax_id
            FROM '{file}'""",
        f"SELECT rec_id AS id, regexp_extract(rec_id, 'rec-(\\d+)', 1) AS c FROM '{file}'",
    )
    show("FEBRL 3, clusters", figures)
    assert figures["f1"] >= 0.996


@needs_data
def test_historical_persons() -> None:
    con = duckdb.connect()
    file = f"{DATA}/splink_historical_50k.parquet"
    figures = clusters(
        con,
        f"""SELECT unique_id AS record_id, full_name AS name, first_name AS given_name, surname AS family_name,
            birth_place AS city, postcode_fake AS postcode, dob AS birth_date FROM '{file}'""",
        f"SELECT unique_id AS id, cluster AS c FROM '{file}'",
    )
    show("historical persons 50k, clusters", figures)
    assert figures["f1"] >= 0.86, "Splink, configured as documented, reaches 0.828 at its best threshold"


@needs_data
def test_restaurants_with_little_in_common() -> None:
    con = duckdb.connect()
    for side, number in (("l", 1), ("r", 2)):
        prefix = f"http://www.okkam.org/ontology_restaurant{number}.owl#"
        con.execute(f"""CREATE VIEW {side} AS SELECT id AS record_id, "{prefix}name" AS name,
            "{prefix}phone_number" AS phone, "{prefix}street" AS street
            FROM '{DATA}/pyjedai_D1_rest{number}.parquet'""")
    con.execute(f"CREATE TABLE truth AS SELECT D1 AS a, D2 AS b FROM '{DATA}/pyjedai_D1_gt.parquet'")
    link(con, "l", "r", HALF)
    figures = scores(con, "SELECT left_id AS a, right_id AS b FROM candidates WHERE probability >= 0.5")
    show("restaurants, link", figures)
    assert figures["f1"] >= 0.83
