"""A run file opened for review: read-only, shared by threads, with look-ups of exceptions and records."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import duckdb

from reconcile.errors import StorageError, UnknownNameError
from reconcile.model import ExceptionKind, Reconciliation, RecordRef, Run, Side
from reconcile.runs.document import reconciliation_of
from reconcile.runs.reading import read_document

COLUMNS = (
    "exception_id",
    "kind",
    "side",
    "left_id",
    "right_id",
    "cluster_id",
    "probability",
    "margin",
    "amount_cents",
    "evidence_hash",
    "rank",
    "first_seen_run",
    "detail",
)

MOST_WRITTEN_OUT = 100
CARDS_KEPT = 64

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """One row of the run's `exceptions`; `reconcile.runs.schema.EXCEPTIONS` says what each column means.

    Attributes:
        members: of duplicates, the record ids of the cluster in order; else empty.
    """

    exception_id: str
    kind: ExceptionKind
    side: Side | None
    left_id: str | None
    right_id: str | None
    cluster_id: str | None
    probability: float | None
    margin: float | None
    amount_cents: int | None
    evidence_hash: str
    rank: int
    first_seen_run: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    members: tuple[str, ...] = ()

    @property
    def record_ids(self) -> tuple[str, ...]:
        """The ids that it names, of whichever side: of the pair in question, the links it tells of, the members."""
        named = (*self.ids("left"), *self.ids("right"), *self.members)
        return tuple(dict.fromkeys(named))

    def ids(self, side: Side) -> tuple[str, ...]:
        """The ids of one side that it names: of the pair in question first, then of the links it tells of."""
        shown = self.left_id if side == "left" else self.right_id
        told = [link.get(f"{side}_id") for link in self.detail.get("links", [])]
        return tuple(dict.fromkeys(name for name in (shown, *told) if name))


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition with its parameters."""

    sql: str
    parameters: tuple[object, ...]


def among(column: str, values: Collection[str]) -> Condition:
    """That a column has one of the values. A few are written out, which lets DuckDB use an index; many are joined."""
    if not values:
        return Condition("false", ())
    if len(values) <= MOST_WRITTEN_OUT:
        return Condition(f"{column} IN ({', '.join('?' for _ in values)})", tuple(values))
    return Condition(f"{column} IN (SELECT unnest(?::VARCHAR[]))", (list(values),))


class Kept(Generic[Value]):
    """The values read last, by name. May be shared by threads; two that miss at once both read."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[str, Value] = OrderedDict()

    def get(self, name: str, read: Callable[[], Value]) -> Value:
        """The value of that name, read when it is not kept."""
        with self._lock:
            if name in self._values:
                self._values.move_to_end(name)
                return self._values[name]
        value = read()
        with self._lock:
            self._values[name] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value


@dataclass(frozen=True, slots=True)
class OpenRun:
    """An open run file. Cheap to share: every use takes a cursor of its own.

    The schema `places` in memory says at which row of the file each record, candidate, link and difference is, so that
    looking one up does not read the whole table.

    Attributes:
        cards: what the run says of an exception. A run file never changes, so what was read once stays true.
    """

    run: Run
    reconciliation: Reconciliation
    con: duckdb.DuckDBPyConnection
    cards: Kept[Any] = field(default_factory=lambda: Kept(CARDS_KEPT), compare=False)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query in which the run file's tables are called `run.<table>`."""
        rows: list[tuple[Any, ...]] = self.con.cursor().execute(sql, list(parameters)).fetchall()
        return rows

    def exception(self, exception_id: str) -> ExceptionRow:
        """One exception.

        Raises:
            UnknownNameError: this run has none of this id.
        """
        found = self.exceptions([exception_id])
        if not found:
            raise UnknownNameError(f"exception in {self.run.id}", exception_id)
        return found[0]

    def exceptions(self, exception_ids: Collection[str] | None = None) -> list[ExceptionRow]:
        """The exceptions of these ids (those that exist), or all of them, by rank."""
        wanted = Condition("true", ()) if exception_ids is None else among("exception_id", exception_ids)
        where = f"WHERE rowid IN (SELECT place FROM places.exceptions WHERE {wanted.sql})"
        rows = self.query(f"SELECT {', '.join(COLUMNS)} FROM run.exceptions {where} ORDER BY rank", wanted.parameters)
        members = self._members([row[0] for row in rows if row[1] == "duplicate"])
        return [_exception(row, members.get(row[0], ())) for row in rows]

    def hashes(self, side: Side, record_ids: Collection[str]) -> dict[str, str]:
        """The evidence hash of each of the records that exists."""
        wanted = among("record_id", sorted(set(record_ids)))
        rows = self.query(
            f"SELECT record_id, evidence_hash FROM places.{side}_records WHERE {wanted.sql}", wanted.parameters
        )
        return dict(rows)

    def reference(self, side: Side, record_id: str) -> RecordRef:
        """The record's name for good."""
        dataset = self.reconciliation.left if side == "left" else self.reconciliation.right
        return RecordRef(dataset.connection_id, dataset.object, record_id)

    def close(self) -> None:
        """Let go of the file."""
        self.con.close()

    def _members(self, exception_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        if not exception_ids:
            return {}
        rows = self.query(
            """
            SELECT e.exception_id, list(c.record_id ORDER BY c.record_id) FROM run.exceptions e
            JOIN (SELECT 'left' AS side, record_id, cluster_id FROM run.left_clusters
                  UNION ALL SELECT 'right', record_id, cluster_id FROM run.right_clusters) c USING (side, cluster_id)
            WHERE e.exception_id IN (SELECT unnest(?::VARCHAR[])) GROUP BY 1
            """,
            [list(exception_ids)],
        )
        return {exception_id: tuple(members) for exception_id, members in rows}


def open_run(run: Run) -> OpenRun:
    """Open a run's file for reading.

    Raises:
        StorageError: the file is missing, is no run file, or is of another version.
    """
    document = read_document(run.path)
    con = duckdb.connect()
    try:
        con.execute(f"ATTACH '{run.path.replace(chr(39), chr(39) * 2)}' AS run (READ_ONLY)")
    except duckdb.Error as error:
        con.close()
        raise StorageError(run.path, f"not readable ({error})", remedy="Run the reconciliation again.") from error
    for statement in _PLACES_SQL:
        con.execute(statement)
    return OpenRun(run, reconciliation_of(document), con)


def _exception(row: tuple[Any, ...], members: tuple[str, ...]) -> ExceptionRow:
    values = dict(zip(COLUMNS, row, strict=True))
    values["detail"] = json.loads(values["detail"] or "{}")
    return ExceptionRow(**values, members=members)


_PLACES_SQL = (
    "CREATE SCHEMA places",
    *(
        f"CREATE TABLE places.{side}_records AS SELECT record_id, evidence_hash, rowid AS place FROM run.{side}_records"
        for side in ("left", "right")
    ),
    "CREATE TABLE places.candidates AS SELECT left_id, right_id, rowid AS place FROM run.candidates",
    "CREATE TABLE places.links AS SELECT left_id, right_id, rowid AS place FROM run.links",
    "CREATE TABLE places.differences AS SELECT left_id, right_id, rowid AS place FROM run.differences",
    "CREATE TABLE places.exceptions AS SELECT exception_id, rowid AS place FROM run.exceptions",
    "CREATE INDEX exceptions_index ON places.exceptions (exception_id)",
    "CREATE INDEX left_records_index ON places.left_records (record_id)",
    "CREATE INDEX right_records_index ON places.right_records (record_id)",
    "CREATE INDEX left_candidates_index ON places.candidates (left_id)",
    "CREATE INDEX right_candidates_index ON places.candidates (right_id)",
    "CREATE INDEX left_links_index ON places.links (left_id)",
    "CREATE INDEX right_links_index ON places.links (right_id)",
    "CREATE INDEX differences_index ON places.differences (left_id)",
)

# Coverage has the records that exist; the dead id of a dangling link is judged too.
CONCERNED_SQL = """
    SELECT exception_id, record_id FROM run.coverage
    UNION SELECT exception_id, left_id FROM run.exceptions WHERE left_id IS NOT NULL
    UNION SELECT exception_id, right_id FROM run.exceptions WHERE right_id IS NOT NULL
"""
"""(exception_id, record_id): which exceptions a judgement of a record may concern."""
