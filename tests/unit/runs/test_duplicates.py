"""Who is a duplicate of whom, on a small population of the real thing: families, people, test records, ids."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reconcile.comparing.equality import register
from reconcile.model import Dataset, Reconciliation, Run, Snapshot
from reconcile.runs.duplicates import REASONS, write_duplicates
from reconcile.runs.passes import Execution
from reconcile.runs.records import EVIDENCE_SQL
from reconcile.runs.schema import create_tables
from tests.run_files import RECORD_TYPES
from tests.unit.runs.small import NOW

Row = dict[str, Any]


def company(record_id: str, number: int, **values: Any) -> Row:
    """A company of its own; the same number is the same company."""
    word = hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()[:8]  # no two are alike
    return {
        "record_id": record_id,
        "name": f"Firm {word.translate(str.maketrans('0123456789', 'ghijklmnop'))} Ltd",
        "street": f"{number + 1} Main Street",
        "city": ("Leeds", "Hull", "York", "Bath")[number % 4],
        "postcode": f"LS{number % 90 + 10} {number % 9}AB",
        "phone": f"0113496{number:04d}",
        "email": f"office@firm{word}.example",
        **values,
    }


@contextmanager
def world(rows: list[Row], previous: Mapping[str, str] | None = None, path: Path | None = None) -> Iterator[Execution]:
    """A left side of these rows among 300 companies, and what the pass `duplicates` made of it."""
    con = duckdb.connect()
    register(con)
    create_tables(con)
    everything = [*rows, *(company(f"X{number:03d}", 1000 + number) for number in range(300))]
    for side, records in (("left", everything), ("right", [])):
        con.execute(f"CREATE TABLE raw ({', '.join(f'{name} {kind}' for name, kind in RECORD_TYPES.items())})")
        for row in records:
            con.execute(
                f"INSERT INTO raw ({', '.join(row)}) VALUES ({', '.join('?' for _ in row)})", list(row.values())
            )
        con.execute(f"CREATE TABLE {side}_records AS SELECT *, {EVIDENCE_SQL} AS evidence_hash FROM raw")
        con.execute("DROP TABLE raw")
        con.execute(f"CREATE TEMP VIEW {side}_matchable AS SELECT * FROM {side}_records WHERE is_test IS NOT TRUE")
    run = None
    if previous is not None and path is not None:
        con.execute("ATTACH ':memory:' AS previous_run")
        con.execute("CREATE TABLE previous_run.left_clusters (record_id VARCHAR, cluster_id VARCHAR, size INTEGER)")
        con.executemany(
            "INSERT INTO previous_run.left_clusters VALUES (?, ?, 2)", [list(row) for row in previous.items()]
        )
        path.touch()
        run = Run("before", "rec", 1, "l", "r", str(path), NOW, NOW, "ana")
    dataset = Dataset("l", "Account", "id", {"name": ("name",)})
    definition = Reconciliation("rec", 1, "Small", dataset, Dataset("r", "customer", "id", {"name": ("name",)}))
    snapshot = Snapshot("s", "l", "files", "practice", "f", "left.duckdb", "full", None, NOW, NOW, ())
    execution = Execution(con, definition, snapshot, snapshot, "now", NOW, run, lambda _: None)
    try:
        write_duplicates(execution)
        yield execution
    finally:
        con.close()


def clusters(execution: Execution) -> list[tuple[str, list[str]]]:
    return execution.con.execute(
        "SELECT cluster_id, list(record_id ORDER BY record_id) FROM left_clusters GROUP BY 1 ORDER BY 1"
    ).fetchall()


def apart(execution: Execution) -> set[tuple[str, str, str]]:
    rows = execution.con.execute("SELECT id_a, id_b, reason FROM left_apart").fetchall()
    assert {reason for _, _, reason in rows} <= set(REASONS)
    return set(rows)


def test_parents_and_their_descendants_are_no_duplicates() -> None:
    family = [
        company("A1", 1),
        company("A2", 1, parent_id="A1"),
        company("A3", 1, parent_id="A2"),
        company("A4", 1, parent_id="A2"),
    ]
    with world([*family, company("B1", 2), company("B2", 2)]) as execution:
        assert clusters(execution) == [("B1", ["B1", "B2"])]
        told = apart(execution)
        assert {("A1", "A2", "family"), ("A1", "A3", "family"), ("A3", "A4", "siblings")} <= told, "A1 is a grandparent"


def test_a_person_and_a_business_of_one_name_are_two() -> None:
    person = {"is_person_account": True, "given_name": "Ada", "family_name": "Byron"}
    rows = [
        company("P1", 3, name="Ada Byron", **person),
        company("P2", 3, name="Ada Byron", **person),
        company("P3", 3, name="Ada Byron", given_name="Ada", family_name="Byron"),
    ]
    with world(rows) as execution:
        assert clusters(execution) == [("P1", ["P1", "P2"])]
        assert ("P1", "P3", "person and business") in apart(execution)


def test_test_records_stay_out() -> None:
    with world([company("T1", 4, is_test=True), company("T2", 4, is_test=True), company("T3", 4)]) as execution:
        assert clusters(execution) == []
        told = execution.con.execute("SELECT id_a, id_b FROM left_pairs").fetchall()
        assert not {"T1", "T2"} & {record_id for pair in told for record_id in pair}


def test_ids_of_clusters_outlive_a_run(tmp_path: Path) -> None:
    rows = [company("A5", 7), company("A6", 7), company("A7", 7), company("B5", 8), company("B6", 8)]
    before = {"A4": "A4", "A5": "A4", "A6": "A4", "B5": "B5", "B6": "B5", "B7": "B5"}
    with world(rows, before, tmp_path / "run.duckdb") as execution:
        assert clusters(execution) == [("A4", ["A5", "A6", "A7"]), ("B5", ["B5", "B6"])]
    with world(rows) as execution:
        assert clusters(execution) == [("A5", ["A5", "A6", "A7"]), ("B5", ["B5", "B6"])]


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_reads_as_part_of_a_sentence(reason: str) -> None:
    assert REASONS[reason][0].islower()
    assert not REASONS[reason].endswith(".")
