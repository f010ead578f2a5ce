"""Small worlds for tests: records, stored links and candidates written as they are read.

    small("A>X B", "X>A Y", "A-X 12, B-Y 4")

is two left records (A names X, B names nobody), two right ones, and two candidates with their weights in bits.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from reconcile.comparing.equality import register
from reconcile.model import ROLES, Cardinality, Dataset, Progress, Reconciliation, Snapshot
from reconcile.runs.contradictions import mark_contradicted
from reconcile.runs.exceptions import write_exceptions
from reconcile.runs.identity import write_links
from reconcile.runs.passes import Execution
from reconcile.runs.proposals import write_proposals
from reconcile.runs.rank import write_ranks
from reconcile.runs.records import EVIDENCE_SQL
from reconcile.runs.schema import create_tables
from reconcile.runs.totals import write_totals

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ACCEPT, REVIEW = 0.95, 0.10


@dataclass(frozen=True)
class Settings:
    """What a small world may vary: which sides can store links, the cardinality, values of records by id."""

    left_stores: bool = True
    right_stores: bool = True
    cardinality: Cardinality = "1:1"
    values: Mapping[str, Mapping[str, Any]] | None = None
    left_clusters: str = ""
    right_clusters: str = ""


def probability(weight: float) -> float:
    """The probability of odds of `weight` bits."""
    return float(2**weight / (1 + 2**weight))


@contextmanager
def small(left: str, right: str, candidates: str = "", settings: Settings | None = None) -> Iterator[Execution]:
    """Write the tables of a small world and carry out every pass from `identity` on."""
    chosen = settings or Settings()
    con = duckdb.connect()
    try:
        register(con)
        con.execute("ATTACH ':memory:' AS left_snapshot")
        con.execute("ATTACH ':memory:' AS right_snapshot")
        execution = Execution(
            con, _reconciliation(chosen), _snapshot("left"), _snapshot("right"), "run_now", NOW, None, _ignore
        )
        create_tables(con)
        _write_side(con, "left", left, chosen)
        _write_side(con, "right", right, chosen)
        _write_candidates(con, candidates)
        for side, clusters in (("left", chosen.left_clusters), ("right", chosen.right_clusters)):
            _write_clusters(con, side, clusters)
        for carry_out in (write_links, mark_contradicted, write_proposals, write_exceptions, write_totals, write_ranks):
            carry_out(execution)
        yield execution
    finally:
        con.close()


def _ignore(_: Progress) -> None:
    return


def _reconciliation(chosen: Settings) -> Reconciliation:
    left = Dataset("l", "Left", "id", {"name": ("name",)}, link_field="link" if chosen.left_stores else None)
    right = Dataset("r", "Right", "id", {"name": ("name",)}, link_field="link" if chosen.right_stores else None)
    return Reconciliation("rec", 1, "Small", left, right, cardinality=chosen.cardinality, accept=ACCEPT, review=REVIEW)


def _snapshot(side: str) -> Snapshot:
    return Snapshot(f"snap_{side}", side[0], "files", "practice", "f", f"{side}.duckdb", "full", None, NOW, NOW, ())


def _write_side(con: duckdb.DuckDBPyConnection, side: str, text: str, chosen: Settings) -> None:
    roles = ", ".join(f"{role} VARCHAR" for role in ROLES)
    con.execute(f"""CREATE TABLE raw (record_id VARCHAR, link_id VARCHAR, {roles}, owner VARCHAR, parent_id VARCHAR,
        amount_cents BIGINT, is_test BOOLEAN, is_person_account BOOLEAN, created_at VARCHAR, modified_at VARCHAR,
        extra JSON)""")
    for word in text.split():
        record_id, _, link_id = word.partition(">")
        given = dict((chosen.values or {}).get(record_id, {}))
        row = {"record_id": record_id, "link_id": link_id or None, "is_test": False, "is_person_account": False} | given
        names, marks = ", ".join(row), ", ".join("?" for _ in row)
        con.execute(f"INSERT INTO raw ({names}) VALUES ({marks})", list(row.values()))
    con.execute(f"CREATE TABLE {side}_records AS SELECT *, {EVIDENCE_SQL} AS evidence_hash FROM raw ORDER BY record_id")
    con.execute(f"INSERT INTO population SELECT '{side}', count(*) FROM raw")
    # The object as the snapshot holds it: what lies outside the population can be looked for there.
    con.execute(
        f'CREATE TABLE {side}_snapshot."{side.capitalize()}" AS SELECT record_id AS id, link_id AS link, name FROM raw'
    )
    con.execute(f"CREATE TABLE {side}_snapshot._snapshot AS SELECT 'files' AS system")
    con.execute("DROP TABLE raw")


def _write_candidates(con: duckdb.DuckDBPyConnection, text: str) -> None:
    con.execute("""CREATE TABLE candidates (left_id VARCHAR, right_id VARCHAR, probability DOUBLE, weight DOUBLE,
        margin DOUBLE)""")
    for part in filter(None, (part.strip() for part in text.split(","))):
        pair, weight = part.split()
        left_id, right_id = pair.split("-")
        con.execute(
            "INSERT INTO candidates VALUES (?, ?, ?, ?, NULL)",
            [left_id, right_id, probability(float(weight)), float(weight)],
        )


def _write_clusters(con: duckdb.DuckDBPyConnection, side: str, text: str) -> None:
    con.execute(f"CREATE TABLE {side}_clusters (record_id VARCHAR, cluster_id VARCHAR, size INTEGER)")
    con.execute(f"CREATE TABLE {side}_pairs (id_a VARCHAR, id_b VARCHAR, probability DOUBLE, weight DOUBLE)")
    for group in text.split():
        members = sorted(group.split("="))
        for member in members:
            con.execute(f"INSERT INTO {side}_clusters VALUES (?, ?, ?)", [member, members[0], len(members)])
        for first, second in itertools.pairwise(members):
            con.execute(f"INSERT INTO {side}_pairs VALUES (?, ?, 0.99, 10)", [first, second])
