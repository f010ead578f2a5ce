"""Reading run and snapshot files: many readers, no writer, nothing loaded whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import streamlit as st

from reconcile.errors import StorageError

MOST_OPEN = 8
_MEMORY = "1GB"


def frame(path: str, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
    """The answer as a frame; for one page of rows or a small aggregate, never for a whole table.

    Raises:
        StorageError: the file is missing or damaged.
    """
    try:
        return _cursor(path).execute(sql, list(parameters)).df()
    except duckdb.IOException as error:
        raise _unreadable(path, error) from error


def rows(path: str, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
    """The answer as one mapping a row, column -> value, nulls as None.

    Raises:
        StorageError: the file is missing or damaged.
    """
    try:
        cursor = _cursor(path).execute(sql, list(parameters))
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except duckdb.IOException as error:
        raise _unreadable(path, error) from error


def value(path: str, sql: str, parameters: Sequence[object] = ()) -> Any:
    """The single value of the answer; None when there is no row.

    Raises:
        StorageError: the file is missing or damaged.
    """
    found = rows(path, sql, parameters)
    return next(iter(found[0].values())) if found else None


def columns(path: str, table: str) -> list[str]:
    """The columns of a table of the file, in their order; empty when there is no such table."""
    sql = (
        "SELECT column_name AS name FROM duckdb_columns() "
        "WHERE database_name = 'file' AND table_name = ? ORDER BY column_index"
    )
    return [row["name"] for row in rows(path, sql, [table])]


def quote(name: str) -> str:
    """A name from a definition or a file, as an identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _cursor(path: str) -> duckdb.DuckDBPyConnection:
    """A cursor of its own for each call, which threads may use at the same time."""
    cursor = _open(path).cursor()
    cursor.execute("USE file")
    return cursor


@st.cache_resource(max_entries=MOST_OPEN, show_spinner=False, on_release=lambda opened: opened.close())
def _open(path: str) -> duckdb.DuckDBPyConnection:
    """A small database in memory with the file attached: whoever else reads the file may have other settings."""
    if not Path(path).is_file():
        raise StorageError(path, "the file is not there", remedy="Pull and run again; the decisions are kept.")
    con = duckdb.connect(config={"memory_limit": _MEMORY, "threads": 2})
    try:
        con.execute(f"ATTACH '{path.replace(chr(39), chr(39) * 2)}' AS file (READ_ONLY)")
    except duckdb.Error as error:
        con.close()
        raise _unreadable(path, error) from error
    return con


def _unreadable(path: str, error: duckdb.Error) -> StorageError:
    first_line = str(error).splitlines()[0]
    return StorageError(path, f"it cannot be read ({first_line})", remedy="Pull and run again; the decisions are kept.")
