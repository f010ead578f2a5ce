"""Tables in files: what `link`, `dedupe` and `explain` read and write without a workbench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from reconcile.errors import InputError, UnknownNameError, UnreadableFileError
from reconcile.matching.roles import columns_by_role, detect_roles, id_column, telling_column
from reconcile.model import ROLES, Role
from reconcile.snapshots.sql import literal, quoted
from reconcile.systems.files import ReadOptions, ReadTable, read_file

Connection = duckdb.DuckDBPyConnection
DIRECT_READERS = {".parquet": "read_parquet", ".json": "read_json"}
WRITERS = {
    ".parquet": "(FORMAT parquet, COMPRESSION zstd)",
    ".csv": "(FORMAT csv, HEADER true)",
    ".tsv": "(FORMAT csv, HEADER true, DELIMITER '\\t')",
    ".json": "(FORMAT json, ARRAY true)",
    ".ndjson": "(FORMAT json)",
    ".jsonl": "(FORMAT json)",
}


def open_file(con: Connection, path: Path, view: str, *, sheet: str | None = None) -> tuple[str, ...]:
    """Make `view` show a file: Parquet where it lies; text, workbooks and JSON lines read whole, as Compare does.

    `sheet` is that of a workbook, or the table of a snapshot; None for the first, or the only one.

    Returns:
        What people should know of it, e.g. that rows could not be read and are left out; a sentence each.

    Raises:
        InputError: no such file.
        UnreadableFileError: it cannot be read, with the line and what to do.
        UnknownNameError: no such sheet or table.
    """
    con.execute(f"DROP VIEW IF EXISTS temp.{view}")
    direct = DIRECT_READERS.get(path.suffix.lower())
    if direct is None or not path.is_file():
        return _notices(con, read_file(con, path, view, ReadOptions(sheet=sheet)))
    try:
        con.execute(f"CREATE TEMP VIEW {view} AS SELECT * FROM {direct}({literal(str(path))})")
    except duckdb.Error as problem:
        reason = str(problem).splitlines()[0].rstrip(".")
        raise UnreadableFileError(str(path), reason, remedy="Open it to see.") from problem
    return ()


def _notices(con: Connection, found: ReadTable) -> tuple[str, ...]:
    if not found.unreadable:
        return ()
    line, problem = con.execute(f"SELECT line, problem FROM {found.unreadable_table} ORDER BY line LIMIT 1").fetchall()[
        0
    ]
    return (f"{found.unreadable:,} rows of {found.name} cannot be read and are left out; line {line}: {problem}.",)


def write_file(con: Connection, query: str, path: Path) -> None:
    """Write the rows of a query to a file in the format of its ending.

    Raises:
        InputError: an ending that is not known, or a folder that is not there.
    """
    check_ending(path)
    if not path.parent.is_dir():
        raise InputError(f"Cannot write {path}: there is no folder {path.parent}.", remedy="Make it first.")
    con.execute(f"COPY ({query}) TO {literal(str(path))} {WRITERS[path.suffix.lower()]}")


def check_ending(path: Path) -> None:
    """Check that the file's ending names a format that can be written.

    Raises:
        InputError: it names none.
    """
    if path.suffix.lower() not in WRITERS:
        raise InputError(
            f"Cannot write {path}: the ending {path.suffix!r} is not known.", remedy=f"Use {', '.join(WRITERS)}."
        )


def canonical_view(
    con: Connection, source: str, target: str, *, id_name: str | None, mapping: Mapping[Role, Sequence[str]] | None
) -> dict[Role, tuple[str, ...]]:
    """Make `target` show `source` as record_id and roles, and say which columns were taken for which role.

    Args:
        con: the connection.
        source: the relation as it was read.
        target: the view to make.
        id_name: the column with the record's id; None to find it, or to number the rows where there is none.
        mapping: role -> columns; it replaces the guess for the roles that it names. An empty list leaves a role out.
            Where no column has a role, the one whose words tell most records apart is the name.

    Raises:
        UnknownNameError: a column that the file does not have.
    """
    guesses = detect_roles(con, source)
    chosen_id = id_name or id_column(guesses)
    roles: dict[Role, tuple[str, ...]] = columns_by_role({c: g for c, g in guesses.items() if c != chosen_id})
    roles |= {role: tuple(columns) for role, columns in (mapping or {}).items()}
    if not roles and (words := telling_column(con, source)):
        roles = {"name": (words,)}
    for column in [*([chosen_id] if chosen_id else []), *(column for columns in roles.values() for column in columns)]:
        if column not in guesses:
            raise UnknownNameError("column", column, tuple(guesses))
    key = f"{quoted(chosen_id)}::VARCHAR" if chosen_id else "row_number() OVER ()::VARCHAR"
    parts = [
        f"{key} AS record_id",
        *(f"{_joined(columns)} AS {role}" for role in ROLES if (columns := roles.get(role))),
    ]
    con.execute(f"CREATE OR REPLACE TEMP VIEW {target} AS SELECT {', '.join(parts)} FROM {source}")
    return {role: columns for role, columns in roles.items() if columns}


def _joined(columns: Sequence[str]) -> str:
    if len(columns) == 1:
        return f"{quoted(columns[0])}::VARCHAR"
    return f"nullif(concat_ws(' ', {', '.join(f'{quoted(column)}::VARCHAR' for column in columns)}), '')"
