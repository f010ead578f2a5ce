"""The snapshot file: its name, its tables of description, and how it is opened.

A file holds one table per object (every column VARCHAR, its key unique) and
    _snapshot   one row: the columns of `Snapshot` and `json`, all of them again
    _objects    object, rows, expected, content_hash, months (JSON), label, id_field, modified_field, created_field
    _fields     object, position, name, label, type, references, is_updateable, is_nullable, length
    _gone       object, record_id, survivor_id: deleted records that the source still knows, and what they were merged
                into; absent from files of before
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from reconcile.errors import StorageError, UnknownNameError
from reconcile.model import FieldInfo, ObjectCount, ObjectInfo, Snapshot
from reconcile.snapshots.sql import literal, quoted

FORMAT = 1
_REMEDY = "Pull again."

_CREATE = """
CREATE TABLE _snapshot (
    format INTEGER, id VARCHAR, connection_id VARCHAR, system VARCHAR, environment VARCHAR, fingerprint VARCHAR,
    kind VARCHAR, base_id VARCHAR, started_at TIMESTAMPTZ, finished_at TIMESTAMPTZ, json VARCHAR
);
CREATE TABLE _objects (
    object VARCHAR, rows BIGINT, expected BIGINT, content_hash VARCHAR, months VARCHAR,
    label VARCHAR, id_field VARCHAR, modified_field VARCHAR, created_field VARCHAR
);
CREATE TABLE _fields (
    object VARCHAR, position INTEGER, name VARCHAR, label VARCHAR, type VARCHAR, "references" VARCHAR,
    is_updateable BOOLEAN, is_nullable BOOLEAN, length INTEGER
);
CREATE TABLE _gone (object VARCHAR, record_id VARCHAR, survivor_id VARCHAR);
"""


def create_meta(con: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of description in a new file."""
    con.execute(_CREATE)


def write_object(con: duckdb.DuckDBPyConnection, info: ObjectInfo, count: ObjectCount) -> None:
    """Describe one pulled object."""
    con.execute(
        "INSERT INTO _objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [info.name, count.rows, count.expected, count.content_hash, json.dumps(count.months, sort_keys=True),
         info.label, info.id_field, info.modified_field, info.created_field],
    )  # fmt: skip
    con.executemany(
        "INSERT INTO _fields VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [info.name, i, f.name, f.label, f.type, f.references, f.is_updateable, f.is_nullable, f.length]
            for i, f in enumerate(info.fields)
        ],
    )


def write_gone(con: duckdb.DuckDBPyConnection, object_name: str, gone: Iterable[tuple[str, str | None]]) -> None:
    """Remember the deleted records of one object, each with the record it was merged into."""
    rows = [(object_name, record_id, survivor_id) for record_id, survivor_id in gone]
    if rows:
        con.execute("DELETE FROM _gone WHERE object = ? AND record_id IN (SELECT unnest(?::VARCHAR[]))",
                    [object_name, [row[1] for row in rows]])  # fmt: skip
        columns = [list(column) for column in zip(*rows, strict=True)]
        con.execute("INSERT INTO _gone SELECT unnest(?), unnest(?), unnest(?::VARCHAR[])", columns)


def has_gone(con: duckdb.DuckDBPyConnection, schema: str) -> bool:
    """Whether an attached snapshot says which records are gone; those of before do not."""
    sql = "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND table_name = '_gone'"
    row = con.execute(sql, [schema]).fetchone()
    return row is not None and row[0] > 0


def write_snapshot(con: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
    """Say what the file is. Written last: a file without this row is no snapshot."""
    con.execute(
        "INSERT INTO _snapshot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [FORMAT, snapshot.id, snapshot.connection_id, snapshot.system, snapshot.environment, snapshot.fingerprint,
         snapshot.kind, snapshot.base_id, snapshot.started_at, snapshot.finished_at, json.dumps(_plain(snapshot))],
    )  # fmt: skip


def _plain(snapshot: Snapshot) -> dict[str, Any]:
    names = ("id", "connection_id", "system", "environment", "fingerprint", "kind", "base_id")
    return {
        **{name: getattr(snapshot, name) for name in names},
        "started_at": snapshot.started_at.isoformat(),
        "finished_at": snapshot.finished_at.isoformat(),
        "objects": [
            {
                "object": count.object,
                "rows": count.rows,
                "expected": count.expected,
                "content_hash": count.content_hash,
                "months": {month: list(pair) for month, pair in count.months.items()},
            }
            for count in snapshot.objects
        ],
    }


def open_snapshot(path: str | Path) -> duckdb.DuckDBPyConnection:
    """The file, read-only. Any number of processes may have it open.

    Raises:
        StorageError: it is not there, is damaged, is no snapshot, or is of another version.
    """
    if not Path(path).is_file():
        raise StorageError(str(path), "no such snapshot", remedy=_REMEDY)
    try:
        con = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise StorageError(str(path), f"cannot be opened ({_first_line(error)})", remedy=_REMEDY) from error
    try:
        found = con.sql("SELECT format FROM _snapshot").fetchall()
    except duckdb.Error:
        found = []
    if found != [(FORMAT,)]:
        con.close()
        problem = "is no snapshot" if not found else f"is a snapshot of version {found[0][0]}, not {FORMAT}"
        raise StorageError(str(path), problem, remedy=_REMEDY)
    return con


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def read_snapshot(path: str | Path) -> Snapshot:
    """What the file says of itself; `path` is where it was found.

    Raises:
        StorageError: as `open_snapshot`.
    """
    with open_snapshot(path) as con:
        ((text,),) = con.sql("SELECT json FROM _snapshot").fetchall()
    return _snapshot(json.loads(text), str(path))


def _snapshot(plain: Mapping[str, Any], path: str) -> Snapshot:
    objects = tuple(
        ObjectCount(
            object=item["object"],
            rows=item["rows"],
            expected=item["expected"],
            content_hash=item["content_hash"],
            months={month: (pair[0], pair[1]) for month, pair in item["months"].items()},
        )
        for item in plain["objects"]
    )
    return Snapshot(
        id=plain["id"],
        connection_id=plain["connection_id"],
        system=plain["system"],
        environment=plain["environment"],
        fingerprint=plain["fingerprint"],
        path=path,
        kind=plain["kind"],
        base_id=plain["base_id"],
        started_at=datetime.fromisoformat(plain["started_at"]),
        finished_at=datetime.fromisoformat(plain["finished_at"]),
        objects=objects,
    )


def attach_sql(path: str | Path, name: str) -> str:
    """The statement that attaches the file read-only as the schema `name`."""
    return f"ATTACH {literal(str(path))} AS {quoted(name)} (READ_ONLY)"


def snapshot_objects(con: duckdb.DuckDBPyConnection, schema: str = "") -> tuple[ObjectInfo, ...]:
    """The pulled objects with their fields, by name; of an attached snapshot where `schema` names one."""
    prefix = f"{quoted(schema)}." if schema else ""
    objects = con.execute(
        f"SELECT object, label, id_field, modified_field, created_field FROM {prefix}_objects ORDER BY object"
    ).fetchall()
    fields = con.execute(
        'SELECT object, name, label, type, is_updateable, is_nullable, "references", length '
        f"FROM {prefix}_fields ORDER BY object, position"
    ).fetchall()
    of: dict[str, list[FieldInfo]] = {name: [] for name, *_ in objects}
    for object_name, *rest in fields:
        of[object_name].append(FieldInfo(*rest))
    return tuple(
        ObjectInfo(name, label, key, modified, created, tuple(of[name]))
        for name, label, key, modified, created in objects
    )


def object_fields(con: duckdb.DuckDBPyConnection, object_name: str, schema: str = "") -> tuple[FieldInfo, ...]:
    """The fields of one pulled object, in their order.

    Raises:
        UnknownNameError: the snapshot does not hold the object.
    """
    known = {info.name: info for info in snapshot_objects(con, schema)}
    if object_name not in known:
        raise UnknownNameError("object in this snapshot", object_name, tuple(known))
    return known[object_name].fields
