"""JSON lines (or one JSON array of objects) into a DuckDB table of text."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from reconcile.errors import UnreadableFileError
from reconcile.systems.files.findings import ReadWarning
from reconcile.systems.files.headers import unique_names
from reconcile.systems.files.limits import LIMITS, Limits
from reconcile.systems.files.sql import identifier, literal, none_for_empty

_MAX_DEPTH = 5
_SHOWN_CHARACTERS = 2000
_HEAD_BYTES = 4096
_WRAPPERS = ("data", "items", "list", "records", "results", "rows", "value")


def load_json_lines(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    table: str,
    *,
    shown: str,
    limits: Limits = LIMITS,
    keep_empty: bool = False,
) -> list[ReadWarning]:
    """Load one JSON object per line; objects inside become columns `outer.inner`, lists stay JSON text.

    Lines that are no JSON object go to `<table>_unreadable` with their line number. A number arrives in its shortest
    form (1.10 as 1.1). A file that is one array, or one object around a list of rows as programs answer with
    (`{"data": [...], "has_more": true}`), is read as that list.

    Returns:
        What is to be known: names that occurred twice, and what stood around the rows.

    Raises:
        UnreadableFileError: no line holds an object, a line beyond the limit, or too many different keys.
    """
    lines = identifier(f"{table}_lines")
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {lines} AS {_lines_sql(path, limits)}")
        around = _unwrap(con, lines, path, limits)
        _list_broken(con, table, lines)
        paths = _paths(con, lines, "$", prefix="", limits=limits)
        return around + _load_columns(con, table, lines, paths, shown, keep_empty=keep_empty)
    except duckdb.Error as error:
        problem = str(error).splitlines()[0][:200].rstrip(".")
        raise UnreadableFileError(shown, f"it is not JSON lines ({problem})", remedy="One object per line.") from error
    finally:
        con.execute(f"DROP TABLE IF EXISTS {lines}")


def _lines_sql(path: Path, limits: Limits) -> str:
    """One row per line with its number from 1; one row per element of an array."""
    with path.open("rb") as file:
        is_array = file.read(_HEAD_BYTES).lstrip().startswith(b"[")
    if is_array:
        source = f"read_json_objects({literal(str(path))}, format='array', maximum_object_size={limits.line_bytes})"
        return f"SELECT row_number() OVER () AS number, CAST(json AS VARCHAR) AS line FROM {source}"
    return (
        f"SELECT row_number() OVER () AS number, line FROM read_csv({literal(str(path))}, "
        "columns={'line': 'VARCHAR'}, auto_detect=false, delim='\\x01', quote='', escape='', header=false, "
        f"max_line_size={limits.line_bytes}, parallel=false)"
    )


def _unwrap(con: duckdb.DuckDBPyConnection, lines: str, path: Path, limits: Limits) -> list[ReadWarning]:
    """Where the file is one object around a list of rows, put these rows in place of its lines."""
    count, first = con.sql(f"SELECT count(*), min_by(line, number) FROM {lines} WHERE trim(line) <> ''").fetchall()[0]
    is_one = bool(count == 1)
    if not is_one and (not first or first.strip() != "{" or path.stat().st_size > limits.line_bytes):
        return []
    try:
        document = json.loads(first if is_one else path.read_bytes())
    except (ValueError, RecursionError):
        return []
    found = [name for name in _WRAPPERS if isinstance(document, dict) and _are_objects(document.get(name))]
    if len(found) != 1:
        return []
    rows = [json.dumps(row, ensure_ascii=False) for row in document.pop(found[0])]
    con.execute(f"DELETE FROM {lines}")
    con.execute(
        f"INSERT INTO {lines} SELECT unnest(range(1, len(?::VARCHAR[]) + 1)), unnest(?::VARCHAR[])", [rows, rows]
    )
    rest = ", ".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in document.items())
    return [ReadWarning("json_around_rows", len(rows), examples=(f"rows: {found[0]}", *([rest] if rest else [])))]


def _are_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


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
) -> list[ReadWarning]:
    if not paths:
        raise UnreadableFileError(shown, "no line of it is a JSON object", line=1, remedy="One object per line.")
    names, warnings = unique_names([name for _, name in paths])
    values = [
        (f"json_extract_string(line, {literal(path)})", identifier(name))
        for (path, _), name in zip(paths, names, strict=True)
    ]
    select = ", ".join(f"{value if keep_empty else none_for_empty(value)} AS {name}" for value, name in values)
    con.execute(f"CREATE OR REPLACE TABLE {identifier(table)} AS SELECT {select} FROM {lines} ORDER BY number")
    return warnings
