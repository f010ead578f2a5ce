"""Small run files for tests: the tables of `reconcile.runs.schema`, filled by hand.

run = RunFile(tmp_path)
run.left("L1", name="Acme")
run.right("R1", name="Acme GmbH", amount_cents=5000)
run.link("L1", "R1", "one_sided", stored_left=True)
run.exception("one_sided", "L1", "R1", probability=0.9)
run.write()
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from reconcile.model import (
    ROLES,
    Cardinality,
    Dataset,
    ExceptionKind,
    Reconciliation,
    Run,
    Side,
    Snapshot,
)
from reconcile.runs.document import FORMAT
from reconcile.runs.records import EVIDENCE_SQL
from reconcile.runs.schema import create_tables
from reconcile.state.serialise import to_document

STARTED_AT = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)

RECORD_TYPES: Mapping[str, str] = {
    "record_id": "VARCHAR",
    "link_id": "VARCHAR",
    **dict.fromkeys(ROLES, "VARCHAR"),
    "owner": "VARCHAR",
    "parent_id": "VARCHAR",
    "amount_cents": "BIGINT",
    "is_test": "BOOLEAN",
    "is_person_account": "BOOLEAN",
    "created_at": "VARCHAR",
    "modified_at": "VARCHAR",
    "extra": "JSON",
}
SCORED = ("name", "email")


def reconciliation(cardinality: Cardinality = "1:1", version: int = 1) -> Reconciliation:
    return Reconciliation(
        id="accounts",
        version=version,
        name="Accounts and customers",
        left=Dataset("crm", "Account", "Id", {"name": ("Name",)}, link_field="Billing__c"),
        right=Dataset("billing", "customer", "id", {"name": ("company",)}, link_field="cf_account"),
        cardinality=cardinality,
    )


@dataclass
class RunFile:
    """What a run file will hold. `number` orders the runs of a test: each is a day after the one before."""

    folder: Path
    number: int = 1
    cardinality: Cardinality = "1:1"
    records: dict[Side, list[dict[str, Any]]] = field(default_factory=lambda: {"left": [], "right": []})
    links: list[tuple[Any, ...]] = field(default_factory=list)
    exceptions: list[tuple[Any, ...]] = field(default_factory=list)
    coverage: list[tuple[Any, ...]] = field(default_factory=list)
    candidates: list[dict[str, Any]] = field(default_factory=list)
    differences: list[tuple[Any, ...]] = field(default_factory=list)
    clusters: dict[Side, list[tuple[str, str, int]]] = field(default_factory=lambda: {"left": [], "right": []})
    pairs: dict[Side, list[dict[str, Any]]] = field(default_factory=lambda: {"left": [], "right": []})
    snapshots: dict[str, str] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        return f"run_{self.number}"

    @property
    def started_at(self) -> datetime:
        return STARTED_AT + timedelta(days=self.number - 1)

    def left(self, record_id: str, **values: Any) -> None:
        self.records["left"].append({"record_id": record_id, **values})

    def right(self, record_id: str, **values: Any) -> None:
        self.records["right"].append({"record_id": record_id, **values})

    def link(
        self, left_id: str, right_id: str, status: str, *, stored_left: bool = False, stored_right: bool = False
    ) -> None:
        origin = "existing" if stored_left or stored_right else "proposed"
        self.links.append((left_id, right_id, origin, stored_left, stored_right, status, None, None, None))

    def candidate(self, left_id: str, right_id: str, probability: float, weight: float, **levels: int) -> None:
        weights = {f"weight_{role}": 6.5 if level == 2 else -3.0 for role, level in levels.items()}
        self.candidates.append(
            {"left_id": left_id, "right_id": right_id, "probability": probability, "weight": weight, "margin": 2.0}
            | {f"level_{role}": level for role, level in levels.items()}
            | weights
        )

    def difference(self, left_id: str, right_id: str, name: str, values: tuple[str, str], kind: str) -> None:
        self.differences.append((left_id, right_id, name, None, name, name, *values, kind))

    def exception(
        self,
        kind: ExceptionKind,
        left_id: str | None = None,
        right_id: str | None = None,
        *,
        side: Side | None = None,
        members: Sequence[str] = (),
        probability: float | None = None,
        margin: float | None = None,
        amount_cents: int | None = None,
        detail: Mapping[str, Any] | None = None,
        first_seen: int | None = None,
    ) -> str:
        text = "|".join([kind, side or "", left_id or "", right_id or "", *members])
        exception_id = f"exc_{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:16]}"
        seen = self.number if first_seen is None else first_seen
        cluster = min(members) if members else None
        self.exceptions.append(
            (
                exception_id,
                kind,
                side,
                left_id,
                right_id,
                cluster,
                probability,
                margin,
                amount_cents,
                "",
                json.dumps({"story": f"A {kind} thing.", **(detail or {})}),
                len(self.exceptions) + 1,
                f"run_{seen}",
                STARTED_AT + timedelta(days=seen - 1),
            )
        )
        named = [("left", left_id), ("right", right_id), *((side, member) for member in members)]
        self.coverage += [(exception_id, kind, of, name) for of, name in named if name is not None]
        if members and side and cluster:
            self.clusters[side] += [(member, cluster, len(members)) for member in members]
        return exception_id

    def write(self) -> Run:
        """Write the file; gives its run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{self.run_id}.duckdb"
        con = duckdb.connect(str(path))
        con.begin()  # one commit, so that the disk is waited for once
        create_tables(con)
        for side in ("left", "right"):
            _insert(con, "raw", RECORD_TYPES, [{"extra": "{}", **record} for record in self.records[side]])
            con.execute(f"CREATE TABLE {side}_records AS SELECT *, {EVIDENCE_SQL} AS evidence_hash FROM raw")
            con.execute("DROP TABLE raw")
            _insert_tuples(
                con, f"{side}_clusters", "record_id VARCHAR, cluster_id VARCHAR, size INTEGER", self.clusters[side]
            )
            _insert(con, f"{side}_pairs", {"id_a": "VARCHAR", "id_b": "VARCHAR", **_SCORES}, self.pairs[side])
            _insert_tuples(con, f"{side}_levels", _LEVELS, LEVELS)
        _insert(
            con,
            "candidates",
            {"left_id": "VARCHAR", "right_id": "VARCHAR", **_SCORES, "margin": "DOUBLE"},
            self.candidates,
        )
        _insert_tuples(con, "levels", _LEVELS, LEVELS)
        for table in ("links", "exceptions", "coverage", "differences"):
            _insert_tuples(con, table, "", getattr(self, table))
        con.execute(_HASHES_SQL)
        con.execute("INSERT INTO run VALUES (?)", [json.dumps(self._document(str(path)))])
        con.commit()
        con.close()
        return self.run(str(path))

    def run(self, path: str) -> Run:
        return Run(
            id=self.run_id,
            reconciliation_id="accounts",
            reconciliation_version=1,
            left_snapshot_id=f"left_{self.number}",
            right_snapshot_id=f"right_{self.number}",
            path=path,
            started_at=self.started_at,
            finished_at=self.started_at + timedelta(minutes=1),
            started_by="ana",
        )

    def _document(self, path: str) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "run": to_document(self.run(path)),
            "reconciliation": to_document(reconciliation(self.cardinality)),
            "left_snapshot": to_document(self._snapshot("left")),
            "right_snapshot": to_document(self._snapshot("right")),
            "previous_run_id": None,
            "seconds": {},
        }

    def _snapshot(self, side: str) -> Snapshot:
        at = self.started_at - timedelta(minutes=30)
        return Snapshot(
            id=f"{side}_{self.number}",
            connection_id="crm" if side == "left" else "billing",
            system="salesforce" if side == "left" else "chargebee",
            environment="practice",
            fingerprint=side,
            path=self.snapshots.get(side, ""),
            kind="full",
            base_id=None,
            started_at=at,
            finished_at=at + timedelta(minutes=1),
            objects=(),
        )


_SCORES = {
    "probability": "DOUBLE",
    "weight": "DOUBLE",
    **{f"level_{role}": "SMALLINT" for role in SCORED},
    **{f"weight_{role}": "DOUBLE" for role in SCORED},
}
_LEVELS = "role VARCHAR, level SMALLINT, label VARCHAR, weight DOUBLE, m DOUBLE, u DOUBLE"
LEVELS: list[tuple[Any, ...]] = [
    ("prior", 0, "before any evidence", -9.0, None, None),
    *((role, 0, "one is missing", 0.0, None, None) for role in SCORED),
    *((role, 1, "different", -3.0, 0.1, 0.8) for role in SCORED),
    *((role, 2, "the same", 6.5, 0.9, 0.01) for role in SCORED),
]

_HASHES_SQL = """
    UPDATE exceptions SET evidence_hash = CASE WHEN kind = 'duplicate' THEN 'cluster' ELSE md5(
        coalesce((SELECT evidence_hash FROM left_records WHERE record_id = left_id), '') ||
        coalesce((SELECT evidence_hash FROM right_records WHERE record_id = right_id), '')) END
"""


def _insert(
    con: duckdb.DuckDBPyConnection, table: str, types: Mapping[str, str], rows: Sequence[dict[str, Any]]
) -> None:
    columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    _insert_tuples(con, table, columns, [tuple(row.get(name) for name in types) for row in rows])


def _insert_tuples(con: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if columns:
        con.execute(f"CREATE TABLE {table} ({columns})")
    if rows:
        marks = ", ".join("?" for _ in rows[0])
        con.executemany(f"INSERT INTO {table} VALUES ({marks})", [list(row) for row in rows])
