"""Subsidiaries, funds and stores that differ by their number alone are not one customer."""

from __future__ import annotations

import random

import duckdb
import pytest

from reconcile.matching import MatchRules, dedupe
from reconcile.matching.vocabulary import NUMBER

ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII")
TOWNS = ("Boston", "Chicago", "Dallas", "Denver", "Miami")


def houses() -> list[tuple[str, str, str]]:
    """Funds and holdings of a hundred houses, written once or twice; what stands before "-" in the id is the truth."""
    draw = random.Random(2)
    rows = []
    for house in range(100):
        brand = "".join(draw.choice("bdfgklmnprstvz") + draw.choice("aeiou") for _ in range(4)).capitalize()
        town, is_fund = draw.choice(TOWNS), draw.random() < 0.5
        for number in range(draw.randint(1, 8)):
            name = f"{brand} Partners Fund {ROMAN[number]}" if is_fund else f"{brand} Holdings {number + 1}"
            rows.append((f"{house}.{number}-a", f"{name} L.P." if is_fund else f"{name} LLC", town))
            if draw.random() < 0.7:
                rows.append((f"{house}.{number}-b", name.upper(), town))
    return rows


def test_numbered_companies_are_kept_apart() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE records (record_id VARCHAR, name VARCHAR, city VARCHAR)")
    con.executemany("INSERT INTO records VALUES (?, ?, ?)", houses())
    dedupe(con, "records", MatchRules(accept=0.5))
    found, right = con.execute("""SELECT count(*), count(*) FILTER (split_part(id_a, '-', 1) = split_part(id_b, '-', 1))
        FROM pairs WHERE probability >= 0.5""").fetchall()[0]
    total = con.execute("SELECT count(*) FROM records WHERE record_id LIKE '%-b'").fetchall()[0][0]
    print(right / found, right / total)
    assert right / found >= 0.9
    assert right / total >= 0.9


@pytest.mark.parametrize(
    ("word", "expected"),
    [("iii", True), ("xiv", True), ("xx", True), ("101", True), ("1st", True), ("b2b", True), ("mix", False),
     ("di", False), ("a", False)],
)  # fmt: skip
def test_numbers(word: str, expected: bool) -> None:
    found = duckdb.execute("SELECT regexp_matches(?, ?)", [word, NUMBER]).fetchall()[0][0]
    assert found == expected
