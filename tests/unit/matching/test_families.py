"""Pairs of one family are no duplicates: a parent and its child, and two children of one parent."""

from __future__ import annotations

import itertools
import random

import duckdb

from reconcile.matching import dedupe


def test_pairs_of_one_family_are_left_out_and_no_others() -> None:
    draw = random.Random(1)
    records: list[tuple[str, str | None, int]] = []
    for company in range(400):
        ids = [f"{company:03}{letter}" for letter in "abc"]
        records += [(each, draw.choice((None, *ids, "elsewhere")), company) for each in ids]
    con = duckdb.connect()
    con.execute("CREATE TABLE plain AS SELECT ''::VARCHAR AS record_id, ''::VARCHAR AS parent_id, 0 AS company LIMIT 0")
    con.executemany("INSERT INTO plain VALUES (?, ?, ?)", [list(each) for each in records])
    con.execute("""CREATE VIEW records AS SELECT record_id, parent_id, 'Company ' || md5(company::VARCHAR)[:8] AS name,
        md5(company::VARCHAR)[:8] || '.com' AS domain FROM plain""")
    dedupe(con, "records")
    found = set(con.execute("SELECT id_a, id_b FROM pairs").fetchall())
    expected = {
        (a, b)
        for (a, a_parent, first), (b, b_parent, second) in itertools.combinations(records, 2)
        if first == second and a_parent != b and b_parent != a and (a_parent is None or a_parent != b_parent)
    }
    assert found == expected
    assert 0 < len(expected) < 3 * 400
