"""Rows into the tables of a snapshot: streamed, the last of each key wins, ids in their long form."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import pyarrow as pa

from reconcile.errors import RefusedError
from reconcile.model import Connection, FieldInfo, ObjectInfo
from reconcile.snapshots.sql import quoted
from reconcile.systems.salesforce.ids import to_18_sql

CHANGES = "reconcile_changes"
_GONE = "reconcile_gone"


def stream(
    con: duckdb.DuckDBPyConnection, target: str, info: ObjectInfo, system: str, batches: Iterator[pa.RecordBatch]
) -> None:
    """Make table `target` (a quoted name, or `TEMP` and one) of the batches.

    Memory is that of a few batches; the rest goes to disk as it arrives.

    Raises:
        RemoteError: whatever broke the batches off, unchanged.
    """
    names = [f.name for f in info.fields]
    kept = _Kept(batches)
    incoming = pa.RecordBatchReader.from_batches(pa.schema([(name, pa.string()) for name in names]), kept)
    columns = ", ".join(f"{_column(f, system)} AS {quoted(f.name)}" for f in info.fields)
    con.register("incoming", incoming)
    try:
        con.execute(f"CREATE {target} AS SELECT {columns} FROM incoming")
    except duckdb.Error:
        if kept.error is not None:
            raise kept.error from None
        raise
    finally:
        con.unregister("incoming")


class _Kept:
    """Batches whose own error is kept: on its way through the engine it would lose its type."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        try:
            return next(self._batches)
        except StopIteration:
            raise
        except Exception as error:
            self.error = error
            raise


def _column(field: FieldInfo, system: str) -> str:
    name = quoted(field.name)
    is_id = system == "salesforce" and (field.type in ("id", "reference") or field.name == "Id")
    return f"CASE WHEN length({name}) = 15 THEN {to_18_sql(name)} ELSE {name} END" if is_id else name


def keep_last(con: duckdb.DuckDBPyConnection, table: str, id_field: str, connection_name: str) -> None:
    """Leave one row of each key: the one that came last.

    Raises:
        RefusedError: rows without a key.
    """
    key = quoted(id_field)
    ((rows, keyed, distinct),) = con.execute(
        f"SELECT count(*), count({key}), count(DISTINCT {key}) FROM {table}"
    ).fetchall()
    if keyed != rows:
        raise RefusedError(connection_name, 200, "", f"{rows - keyed} rows of {table} came without {id_field}")
    if distinct != rows:
        repeated = f"SELECT {key} AS k, max(rowid) AS last FROM {table} GROUP BY 1 HAVING count(*) > 1"
        con.execute(
            f"DELETE FROM {table} USING ({repeated}) AS repeated"
            f" WHERE {table}.{key} = repeated.k AND {table}.rowid <> repeated.last"
        )


def apply_changes(
    con: duckdb.DuckDBPyConnection,
    info: ObjectInfo,
    connection: Connection,
    batches: Iterator[pa.RecordBatch],
    gone: Callable[[], Iterator[str]],
) -> None:
    """Bring the object's table up to date: replace and add what changed, then take out what is gone.

    `gone` is asked after the changes were read, so that a record deleted in between is taken out too.
    """
    table, key = quoted(info.name), quoted(info.id_field)
    stream(con, f"OR REPLACE TEMP TABLE {CHANGES}", info, connection.system, batches)
    keep_last(con, CHANGES, info.id_field, connection.name)
    con.execute(f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {CHANGES})")
    con.execute(f"INSERT INTO {table} SELECT * FROM {CHANGES}")
    con.execute(f"DROP TABLE {CHANGES}")
    _take_out(con, table, key, gone())


def _take_out(con: duckdb.DuckDBPyConnection, table: str, key: str, ids: Iterator[str]) -> None:
    gone = pa.table({"id": pa.array(list(ids), pa.string())})
    con.register(_GONE, gone)
    try:
        con.execute(f"DELETE FROM {table} WHERE {key} IN (SELECT id FROM {_GONE})")
    finally:
        con.unregister(_GONE)
