"""Lists with one role, or with roles that say little: what can be found is found, and surety is not feigned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest

from reconcile.matching import MatchRules, dedupe, link
from reconcile.matching.cluster import cluster
from reconcile.matching.files import canonical_view
from tests.bench.companies import write

Linked = Callable[[str], dict[str, float]]


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Linked:
    """Links companies by some of their columns only, and says how right that was."""
    folder: Path = tmp_path_factory.mktemp("companies")
    write(3000, folder, seed=5)

    def by(columns: str) -> dict[str, float]:
        con = duckdb.connect()
        for side in ("left", "right"):
            con.execute(f"CREATE VIEW raw_{side} AS SELECT id, {columns} FROM '{folder}/{side}.parquet'")
            canonical_view(con, f"raw_{side}", f"{side}_records", id_name="id", mapping=None)
        link(con, "left_records", "right_records", MatchRules(accept=0.5))
        total = con.execute(f"SELECT count(*) FROM '{folder}/truth.parquet'").fetchall()[0][0]
        found, right, expected = con.execute(f"""
            SELECT count(*), count(t.left_id), sum(probability) FROM candidates c
            LEFT JOIN '{folder}/truth.parquet' t USING (left_id, right_id) WHERE probability >= 0.5""").fetchall()[0]
        print(f"{columns:24} precision {right / found:.3f}  recall {right / total:.3f}  said {expected / found:.3f}")
        return {"precision": right / found, "recall": right / total, "said": expected / found}

    return by


@pytest.mark.parametrize(
    ("columns", "precision", "recall"),
    [
        ("name", 0.9, 0.65),
        ("name, 'United States' AS country", 0.9, 0.65),
        ("name, country", 0.9, 0.65),
        ("phone", 0.95, 0.5),
        ("street, city", 0.85, 0.5),
        ("name, city", 0.95, 0.8),
        ("name, website", 0.95, 0.78),
        ("name, website, country", 0.95, 0.78),
        ("name, email", 0.95, 0.7),
        ("name, phone", 0.95, 0.8),
        ("email", 0.9, 0.25),
    ],
)
def test_few_roles_are_enough_for_honest_links(linked: Linked, columns: str, precision: float, recall: float) -> None:
    figures = linked(columns)
    assert figures["precision"] >= precision
    assert figures["recall"] >= recall
    assert figures["said"] == pytest.approx(figures["precision"], abs=0.07)


def test_a_hundred_records_of_one_name_are_one_cluster() -> None:
    con = duckdb.connect()
    con.execute("""CREATE TABLE records AS
        SELECT 'a' || i AS record_id, 'Koninklijke Philips' AS name FROM range(300) t(i)
        UNION ALL SELECT 'b' || i, word || ' ' || other FROM (SELECT i, md5(i::VARCHAR)[:7] AS word,
            md5((i * 7)::VARCHAR)[:6] AS other FROM range(1500) t(i))""")
    dedupe(con, "records", MatchRules(accept=0.5))
    largest = con.execute("SELECT count(*), count(*) FILTER (record_id LIKE 'a%') FROM clusters GROUP BY cluster_id "
                          "ORDER BY 1 DESC").fetchall()[0]  # fmt: skip
    assert largest == (300, 300)


def test_too_common_names_are_compared_the_same_way_in_any_order_of_rows() -> None:
    found = []
    for order in ("record_id", "hash(record_id)"):
        con = duckdb.connect()
        con.execute(f"""CREATE TABLE records AS SELECT * FROM (
            SELECT 'a' || i AS record_id, 'Starbucks' AS name, 'Town ' || (i % 3) AS city FROM range(200) t(i)
            UNION ALL SELECT 'b' || i, md5(i::VARCHAR)[:9], 'Town ' || (i % 50) FROM range(1000) t(i))
            ORDER BY {order}""")
        dedupe(con, "records", MatchRules(accept=0.5))
        found.append(con.execute("SELECT id_a, id_b, probability FROM pairs ORDER BY ALL").fetchall())
    assert found[0] == found[1]
    assert found[0]


def test_a_large_group_of_equal_pairs_is_kept_and_a_chain_is_cut() -> None:
    star = np.zeros(80, dtype=np.int64), np.arange(1, 81), np.full(80, 9.0)
    star[2][0] = 20.0  # one pair is stronger than the others
    assert len(set(cluster(*star, 81).tolist())) == 1
    a = np.arange(99)
    weight = np.where(a % 10 == 9, 9.0, 20.0)  # ten groups of ten, joined by weaker pairs
    labels = cluster(a, a + 1, weight, 100)
    assert np.bincount(labels)[np.unique(labels)].tolist() == [10] * 10


LEFT = [
    ("1", "Müller GmbH", "Köln", "50667", "http://mueller.de"),
    ("2", "Acme Inc", "Boston", "02108", "acme.com"),
    ("3", "Smith & Sons Ltd", "London", "SW1A 1AA", None),
    ("4", "Globex Corporation", "Springfield", "62701", "globex.com"),
    ("5", "Initech LLC", "Austin", "73301", "initech.com"),
    ("6", "Umbrella Corp", "Raccoon City", "99999", None),
]
RIGHT = [
    ("a", "Mueller", "Koeln", "50667", "mueller.de"),
    ("b", "ACME Incorporated", "Boston", "02108", None),
    ("c", "Smith and Sons", "London", "SW1A 1AA", "smithsons.co.uk"),
    ("d", "Globex Corp.", "Springfield", None, "www.globex.com"),
    ("e", "Hooli", "Palo Alto", "94301", "hooli.com"),
    ("f", "Stark Industries", "New York", "10001", "stark.com"),
    ("g", "Initech", "Austin", "73301", "initech.com"),
]


@pytest.mark.parametrize("columns", ["name", "name, city", "name, city, postcode", "name, city, postcode, domain"])
@pytest.mark.parametrize("size", [2, 3, 7])
def test_a_handful_of_records_is_linked(columns: str, size: int) -> None:
    con = duckdb.connect()
    for side, rows in (("l", LEFT[:size]), ("r", RIGHT[:size])):
        con.execute(
            "CREATE TABLE raw (record_id VARCHAR, name VARCHAR, city VARCHAR, postcode VARCHAR, domain VARCHAR)"
        )
        con.executemany("INSERT INTO raw VALUES (?, ?, ?, ?, ?)", rows)
        con.execute(f"CREATE TABLE {side} AS SELECT record_id, {columns} FROM raw")
        con.execute("DROP TABLE raw")
    link(con, "l", "r")
    found = con.execute("SELECT left_id || right_id FROM candidates WHERE is_chosen ORDER BY 1").fetchall()
    truth = ["1a", "2b", "3c", "4d", "5g"]
    assert [pair for (pair,) in found] == [
        pair for pair in truth if pair[0] in "123456"[:size] and pair[1] in "abcdefg"[:size]
    ]


def test_two_of_three_records_are_the_same() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE r AS SELECT * FROM (VALUES ('1', 'Acme', 'X'), ('2', 'Acme', 'X'), ('3', 'Beta', 'Y')) "
                "t(record_id, name, city)")  # fmt: skip
    dedupe(con, "r")
    assert con.execute("SELECT record_id FROM clusters ORDER BY 1").fetchall() == [("1",), ("2",)]


ACME = "'Acme Tooling GmbH' AS name, 'Berlin' AS city, '+49 30 1234567' AS phone"


@pytest.mark.parametrize("columns", [ACME, "'Acme Tooling GmbH' AS name"])
@pytest.mark.parametrize("size", [2, 3, 20, 1500])
def test_records_that_are_all_the_same_are_one_cluster(columns: str, size: int) -> None:
    con = duckdb.connect()
    con.execute(f"CREATE TABLE records AS SELECT i AS record_id, {columns} FROM range({size}) t(i)")
    dedupe(con, "records")
    assert con.execute("SELECT DISTINCT size, count(*) OVER () FROM clusters").fetchall() == [(size, size)]


def test_two_records_that_differ_are_no_duplicates() -> None:
    con = duckdb.connect()
    con.execute(f"CREATE TABLE records AS SELECT 1 AS record_id, {ACME} "
                "UNION ALL SELECT 2, 'Borealis Foods Ltd', 'Leeds', '+44 113 496 0000'")  # fmt: skip
    dedupe(con, "records")
    assert con.execute("SELECT * FROM clusters").fetchall() == []


def test_records_of_one_name_at_different_places_are_no_duplicates() -> None:
    con = duckdb.connect()
    con.execute("""CREATE TABLE records AS SELECT i AS record_id, 'Subway' AS name, 'City' || chr(65 + i::INT) AS city,
        '+49 30 ' || (1234567 + i * 79191) AS phone FROM range(20) t(i)""")
    dedupe(con, "records")
    assert con.execute("SELECT * FROM clusters").fetchall() == []


@pytest.mark.parametrize("other", ["Acme Tooling GmbH", "ACME TOOLING"])
def test_one_record_of_each_side_is_linked(other: str) -> None:
    con = duckdb.connect()
    con.execute(f"CREATE TABLE l AS SELECT 'a' AS record_id, {ACME}")
    con.execute(
        f"CREATE TABLE r AS SELECT 'b' AS record_id, '{other}' AS name, 'Berlin' AS city, '030 1234567' AS phone"
    )
    link(con, "l", "r")
    assert con.execute("SELECT left_id, right_id FROM candidates WHERE is_chosen").fetchall() == [("a", "b")]


def test_words_that_many_names_share_make_no_duplicates() -> None:
    """Lists whose only column is a name with an address in it, or names made of few words: chance gives more there."""
    con = duckdb.connect()
    con.execute("""CREATE TABLE records AS
        SELECT i || side AS record_id, md5(i::VARCHAR)[:8] || ' sa ' || (i % 37 + 1) || ' rue de '
            || ['seine', 'nantes', 'rivoli', 'lyon', 'metz'][i % 5 + 1]
            || CASE WHEN side = 'a' THEN ' paris france' WHEN i % 10 = 0 THEN ' france' ELSE ' paris' END AS name
        FROM range(110) t(i), (VALUES ('a'), ('b')) s(side) WHERE side = 'a' OR i % 5 = 0""")
    dedupe(con, "records", MatchRules(accept=0.5))
    shown, right, said = con.execute("""SELECT count(*), count(*) FILTER (id_a[:-2] = id_b[:-2]), avg(probability)
        FROM pairs WHERE probability >= 0.5""").fetchall()[0]
    assert right >= 20
    assert right / shown > 0.9
    assert said == pytest.approx(right / shown, abs=0.1)


def test_the_many_records_of_one_person_stay_connected() -> None:
    """Sixty patents of one inventor, of many owners: too many pairs to compare all, few enough to lose none."""
    con = duckdb.connect()
    con.execute(
        """CREATE TABLE people AS SELECT i, CASE WHEN i < 600 THEN i % 10 ELSE i END AS person FROM range(3000) t(i)"""
    )
    con.execute("""CREATE TABLE records AS SELECT i AS record_id,
        translate(md5(person::VARCHAR)[:6], '0123456789', 'ghijklmnop') AS given_name,
        translate(md5((person * 7)::VARCHAR)[:8], '0123456789', 'ghijklmnop') AS family_name,
        md5((hash(i) % 900)::VARCHAR)[:7] || ' Laboratories' AS name FROM people""")
    dedupe(con, "records", MatchRules(accept=0.5))
    assert con.execute("SELECT count(*), max(size), min(size) FROM clusters").fetchall() == [(600, 60, 60)]
