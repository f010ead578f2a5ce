"""Matching changes gives what matching everything with the kept statistics and model gives."""

from __future__ import annotations

import random
from pathlib import Path

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


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_changes_give_what_everything_gives(seed: int, tmp_path: Path) -> None:
    left, right = generate(1200, seed=seed)
    con = connect({"l": left, "r": right}, threads=2)
    kept = tmp_path / "kept.duckdb"
    link_and_keep(con, "l", "r", kept, RULES)
    link_again(con, "l", "r", kept, RULES)
    first = con.execute(SHOWN).fetchall()
    link_changes(con, "l", "r", kept, RULES)
    assert con.execute(SHOWN).fetchall() == first, "nothing changed"
    draw = random.Random(seed)
    for side in "lr":
        replace_records(con, side, change(con.execute(f"SELECT * FROM {side}").fetchall(), draw, side))
    link_again(con, "l", "r", kept, RULES)
    everything = con.execute(SHOWN).fetchall()
    link_changes(con, "l", "r", kept, RULES)
    assert con.execute(SHOWN).fetchall() == everything
    assert everything != first


def test_keys_that_are_too_common_stay_refined(tmp_path: Path) -> None:
    left, right = generate(1500, seed=6, hard=2)
    con = connect({"l": left, "r": right}, threads=2)
    rules = MatchRules(compare_all_below=10, block_pairs=60)
    link_and_keep(con, "l", "r", tmp_path / "kept.duckdb", rules)
    link_again(con, "l", "r", tmp_path / "kept.duckdb", rules)
    first = con.execute(SHOWN).fetchall()
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
