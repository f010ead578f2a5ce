"""Matching changes gives what matching everything with the kept statistics and model gives."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reconcile.errors import InputError
from reconcile.matching import MatchRules
from reconcile.matching.changes import link_again, link_and_keep, link_changes
from tests.bench.companies import generate
from tests.properties.test_matching import ROLES, connect

RULES = MatchRules(one_to_one=True, compare_all_below=10, block_pairs=10**9)
SHOWN = "SELECT * FROM candidates ORDER BY left_id, right_id"
Records = list[tuple[str | None, ...]]


def change(records: Records, draw: random.Random, side: str) -> Records:
    """Some records corrected, some removed, some new, in another order."""
    others = [list(record) for record in records]
    for record in draw.sample(others, 12):
        record[draw.choice((1, 2, 4, 5, 8))] = draw.choice((None, "Zweite Firma GmbH", *draw.choice(records)[1:4]))
    kept = [tuple(record) for record in others if draw.random() > 0.01]
    kept += [(f"{side}new{i}", *draw.choice(records)[1:]) for i in range(8)]
    kept.append((f"{side}unheard", "Xylophonwerkstatt Quixotic Ltd", *[None] * 8))
    draw.shuffle(kept)
    return kept


def replace_records(con: duckdb.DuckDBPyConnection, table: str, records: Records) -> None:
    con.execute(f"DELETE FROM {table}")
    con.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' for _ in ROLES)})", [list(each) for each in records])


def compare(
    con: duckdb.DuckDBPyConnection, kept: Path, rules: MatchRules, *, update: bool = False
) -> list[tuple[Any, ...]]:
    """Hold the match of changes to that of everything: links, weights, ranks, and which keys brought them."""
    everything = link_again(con, "l", "r", kept, rules).summary
    expected = con.execute(SHOWN).fetchall()
    changes = link_changes(con, "l", "r", kept, rules, update=update).summary
    assert con.execute(SHOWN).fetchall() == expected
    for figure in ("left_records", "right_records", "compared_pairs", "chosen", "unique_pairs_per_key"):
        assert getattr(changes, figure) == getattr(everything, figure)
    assert changes.expected_matches == pytest.approx(everything.expected_matches)
    return expected


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_changes_give_what_everything_gives(seed: int, tmp_path: Path) -> None:
    left, right = generate(1200, seed=seed)
    con = connect({"l": left, "r": right}, threads=2)
    kept = tmp_path / "kept.duckdb"
    link_and_keep(con, "l", "r", kept, RULES)
    first = compare(con, kept, RULES)
    draw = random.Random(seed)
    for side in "lr":
        replace_records(con, side, change(con.execute(f"SELECT * FROM {side}").fetchall(), draw, side))
    assert compare(con, kept, RULES) != first


@pytest.mark.parametrize("seed", [1, 2])
def test_values_that_cross_the_limit_take_their_pairs_with_them(seed: int, tmp_path: Path) -> None:
    """Few values and a low limit: most changes make some value too common, or no longer so. One after another."""
    draw = random.Random(seed)
    con = connect({"l": crowded(draw, "l", 150), "r": crowded(draw, "r", 140)}, threads=2)
    kept = tmp_path / "kept.duckdb"
    rules = MatchRules(compare_all_below=10, block_pairs=30, one_to_one=bool(seed % 2))
    link_and_keep(con, "l", "r", kept, rules)
    seen = [compare(con, kept, rules)]
    for turn in range(4):
        for side in "lr":
            records = [tuple(each.values()) for each in crowded(draw, f"{side}-{turn}-", 6 * turn)]
            records += con.execute(f"SELECT * FROM {side} ORDER BY hash(record_id, {turn})").fetchall()[turn * 4 :]
            others = crowded(draw, side, 8)
            records[-8:] = [(old[0], *list(new.values())[1:]) for old, new in zip(records[-8:], others, strict=True)]
            replace_records(con, side, records)
        seen.append(compare(con, kept, rules, update=True))
        assert seen[-1] != seen[-2]
        assert compare(con, kept, rules) == seen[-1], "nothing changed since"


def crowded(draw: random.Random, side: str, count: int) -> list[dict[str, str | None]]:
    """Records of few companies, cities and telephones, so that values are shared by many; a few say new words."""
    names = ("Acme", "Acme Bolts", "Northwind", "Kontor", "Blue Heron", "Blue Heron Tools", f"Nova{side}{count}")
    return [
        {
            "id": f"{side}{i}",
            "name": draw.choice(names),
            "website": draw.choice((None, "acme.com", "heron.co")),
            "email": None,
            "phone": draw.choice(
                (None, "+1 415 555 0100", "+1 415 555 0101", f"+1 415 555 02{draw.randrange(10, 40)}")
            ),
            "street": draw.choice((None, "1 Main Street", "20 High Road")),
            "city": draw.choice((None, "Boston", "Austin", "Denver")),
            "state": None,
            "postcode": draw.choice((None, "02101", "73301")),
            "country": "US",
        }
        for i in range(count)
    ]


def test_keys_that_are_too_common_stay_refined(tmp_path: Path) -> None:
    left, right = generate(1500, seed=6, hard=2)
    con = connect({"l": left, "r": right}, threads=2)
    rules = MatchRules(compare_all_below=10, block_pairs=60)
    link_and_keep(con, "l", "r", tmp_path / "kept.duckdb", rules)
    first = compare(con, tmp_path / "kept.duckdb", rules)
    con.execute("CREATE TABLE before AS FROM r")
    con.execute("UPDATE r SET name = name || ' x' WHERE hash(record_id) % 20 = 0")
    link_changes(con, "l", "r", tmp_path / "kept.duckdb", rules)
    assert con.execute(SHOWN).fetchall() != first
    # Changed back, they are candidates again by the very same keys.
    link_changes(con, "l", "before", tmp_path / "kept.duckdb", rules)
    assert con.execute(SHOWN).fetchall() == first


def test_a_file_that_holds_no_match_is_refused(tmp_path: Path) -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE l AS SELECT '1' AS record_id, 'Acme' AS name")
    with pytest.raises(InputError, match="no kept match"):
        link_changes(con, "l", "l", tmp_path / "nothing.duckdb")
    with pytest.raises(InputError, match="So few"):
        link_and_keep(con, "l", "l", tmp_path / "few.duckdb")
