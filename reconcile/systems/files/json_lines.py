"""JSON lines (or one JSON array of objects) into a DuckDB table of text."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from reconcile.errors import UnreadableFileError
from reconcile.systems.files.limits import LIMITS, Limits
from reconcile.systems.files.sql import identifier, literal, none_for_empty

_MAX_DEPTH = 5
_SHOWN_CHARACTERS = 2000


def load_json_lines(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    table: str,
    *,
    shown: str,
    limits: Limits = LIMITS,
    keep_empty: bool = False,
) -> None:
    """Load one JSON object per line; objects inside become columns `outer.inner`, lists stay JSON text.

    Lines that are no JSON object go to `<table>_unreadable` with their line number. A number arrives in its shortest
    form (1.10 as 1.1).

    Raises:
        UnreadableFileError: no line holds an object, a line beyond the limit, or too many different keys.
    """
    lines = identifier(f"{table}_lines")
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {lines} AS {_lines_sql(path, limits)}")
        _list_broken(con, table, lines)
        paths = _paths(con, lines, "$", prefix="", limits=limits)
        _load_columns(con, table, lines, paths, shown, keep_empty=keep_empty)
    except duckdb.Error as error:
        problem = str(error).splitlines()[0][:200].rstrip(".")
        raise UnreadableFileError(shown, f"it is not JSON lines ({problem})", remedy="One object per line.") from error
    finally:
        con.execute(f"DROP TABLE IF EXISTS {lines}")


def _lines_sql(path: Path, limits: Limits) -> str:
    """One row per line with its number from 1; one row per element of an array."""
    with path.open("rb") as file:
        is_array = file.read(64).lstrip(b"\\xef\\xbb\\xbf \\t\\r\\n").startswith(b"[")
    if is_array:
        source = f"read_json_objects({literal(str(path))}, format='array', maximum_object_size={limits.line_bytes})"
        return f"SELECT row_number() OVER () AS number, CAST(json AS VARCHAR) AS line FROM {source}"
    return (
        f"SELECT row_number() OVER () AS number, line FROM read_csv({literal(str(path))}, "
        "columns={'line': 'VARCHAR'}, auto_detect=false, delim='\\x01', quote='', escape='', header=false, "
        f"max_line_size={limits.line_bytes}, parallel=false)"
    )


def _list_broken(con: duckdb.DuckDBPyConnection, table: str, lines: str) -> None:
    """Move the lines that are no JSON object to the list of unreadable rows."""
    is_broken = "CASE WHEN json_valid(line) THEN json_type(line) <> 'OBJECT' ELSE true END"
    con.execute(
        f"INSERT INTO {identifier(f'{table}_unreadable')} SELECT number, 'not a JSON object', "
        f"line[:{_SHOWN_CHARACTERS}] FROM {lines} WHERE trim(line) <> '' AND {is_broken} ORDER BY number"
    )
    con.execute(f"DELETE FROM {lines} WHERE line IS NULL OR {is_broken}")


def _paths(
    con: duckdb.DuckDBPyConnection, lines: str, path: str, *, prefix: str, limits: Limits, depth: int = 1
) -> list[tuple[str, str]]:
    """JSON paths and column names of every value under `path`, in the order of their first appearance."""
    keys = f"json_keys(line, {literal(path)})"
    rows = con.sql(
        f"SELECT key FROM (SELECT number, unnest({keys}) AS key, generate_subscripts({keys}, 1) AS place FROM {lines}) "
        f"GROUP BY key ORDER BY min(number), min(place) LIMIT {limits.columns + 1}"
    ).fetchall()
    if len(rows) > limits.columns:
        raise duckdb.InvalidInputException(f"more than {limits.columns:,} different keys")
    found: list[tuple[str, str]] = []
    for (key,) in rows:
        below = f"{path}.{json.dumps(key, ensure_ascii=False)}"
        has_scalar, has_object = _kinds(con, lines, below)
        if has_scalar or not has_object or depth >= _MAX_DEPTH:
            found.append((below, prefix + key))
        if has_object and depth < _MAX_DEPTH:
            found += _paths(con, lines, below, prefix=f"{prefix}{key}.", limits=limits, depth=depth + 1)
    return found


def _kinds(con: duckdb.DuckDBPyConnection, lines: str, path: str) -> tuple[bool, bool]:
    kind = f"json_type(line, {literal(path)})"
    row = con.sql(
        f"SELECT coalesce(bool_or({kind} NOT IN ('OBJECT', 'NULL')), false), "
        f"coalesce(bool_or({kind} = 'OBJECT'), false) "
        f"FROM {lines}"
    ).fetchall()[0]
    return bool(row[0]), bool(row[1])


def _load_columns(
    con: duckdb.DuckDBPyConnection,
    table: str,
    lines: str,
    paths: list[tuple[str, str]],
    shown: str,
    *,
    keep_empty: bool,
) -> None:
    columns: dict[str, tuple[str, str]] = {}
    for path, name in paths:
        columns.setdefault(name.casefold(), (path, name))
    if not columns:
        raise UnreadableFileError(shown, "no line of it is a JSON object", line=1, remedy="One object per line.")
    values = [(f"json_extract_string(line, {literal(path)})", identifier(name)) for path, name in columns.values()]
    select = ", ".join(f"{value if keep_empty else none_for_empty(value)} AS {name}" for value, name in values)
    con.execute(f"CREATE OR REPLACE TABLE {identifier(table)} AS SELECT {select} FROM {lines} ORDER BY number")
