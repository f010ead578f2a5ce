"""Parquet files, tables of DuckDB files and JSON lines into DuckDB tables of text."""

from __future__ import annotations

from pathlib import Path

import duckdb

from reconcile.errors import UnknownNameError, UnreadableFileError
from reconcile.systems.files.findings import ReadWarning
from reconcile.systems.files.headers import unique_names
from reconcile.systems.files.sql import identifier, literal, none_for_empty


def load_parquet(
    con: duckdb.DuckDBPyConnection, path: Path, table: str, *, shown: str, keep_empty: bool = False
) -> list[ReadWarning]:
    """Load a Parquet file; nested values become JSON text.

    Returns:
        Names of columns that had to be changed.

    Raises:
        UnreadableFileError: damaged, or no Parquet file.
    """
    try:
        return _load_as_text(con, f"read_parquet({literal(str(path))})", table, keep_empty=keep_empty)
    except duckdb.Error as error:
        raise UnreadableFileError(
            shown, f"the Parquet file is damaged ({_first_line(error)})", remedy="Export it again."
        ) from error


def load_database_table(
    con: duckdb.DuckDBPyConnection, path: Path, name: str | None, table: str, *, shown: str, keep_empty: bool = False
) -> tuple[str, list[ReadWarning]]:
    """Load one table of a DuckDB file such as a snapshot.

    `name` is None when the file has only one.

    Returns:
        The table's name in the file, and names of columns that had to be changed.

    Raises:
        UnknownNameError: no such table.
        UnreadableFileError: damaged, written by an unknown version, or none named where there are several.
    """
    alias = f"source_of_{table}"
    try:
        con.execute(f"ATTACH {literal(str(path))} AS {identifier(alias)} (READ_ONLY)")
    except duckdb.Error as error:
        raise UnreadableFileError(shown, f"the database cannot be opened ({_first_line(error)})") from error
    try:
        known = _tables(con, alias)
        chosen = name or (known[0] if len(known) == 1 else "")
        if not name and len(known) != 1:
            problem = f"it has {len(known):,} tables: {', '.join(known)}" if known else "it has no table"
            raise UnreadableFileError(shown, problem, remedy="Say which one (as the sheet)." if known else "")
        if chosen not in known:
            raise UnknownNameError("table", chosen, known)
        warnings = _load_as_text(con, f"{identifier(alias)}.{identifier(chosen)}", table, keep_empty=keep_empty)
    finally:
        con.execute(f"DETACH {identifier(alias)}")
    return chosen, warnings


def database_tables(path: Path, *, shown: str) -> tuple[str, ...]:
    """Names of the tables of a DuckDB file, without its own bookkeeping (names that begin with `_`).

    Raises:
        UnreadableFileError: damaged, or written by an unknown version.
    """
    try:
        with duckdb.connect(str(path), read_only=True) as con:
            return _tables(con, con.sql("SELECT current_database()").fetchall()[0][0])
    except duckdb.Error as error:
        raise UnreadableFileError(shown, f"the database cannot be opened ({_first_line(error)})") from error


def _tables(con: duckdb.DuckDBPyConnection, database: str) -> tuple[str, ...]:
    sql = (
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND NOT starts_with(table_name, '_') "
        "ORDER BY table_name"
    )
    return tuple(name for (name,) in con.execute(sql, [database]).fetchall())


def _load_as_text(con: duckdb.DuckDBPyConnection, source: str, table: str, *, keep_empty: bool) -> list[ReadWarning]:
    columns = con.sql(f"SELECT * FROM {source} LIMIT 0")
    names, warnings = unique_names(columns.columns)
    parts = []
    for name, kind, shown in zip(columns.columns, columns.types, names, strict=True):
        text = f"to_json({identifier(name)})" if _is_nested(str(kind)) else identifier(name)
        value = f"CAST({text} AS VARCHAR)"
        parts.append(f"{value if keep_empty else none_for_empty(value)} AS {identifier(shown)}")
    con.execute(f"CREATE OR REPLACE TABLE {identifier(table)} AS SELECT {', '.join(parts)} FROM {source}")
    return warnings


def _is_nested(kind: str) -> bool:
    return kind.startswith(("STRUCT", "MAP", "UNION")) or kind.endswith("]")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200].rstrip(".")
