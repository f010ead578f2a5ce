"""Which rows of an in-memory SQLite database were written since it was filled, and how to carry them into a fresh one.

Triggers note the keys inside the writing transaction itself, so a write that is rolled back leaves no note.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_EVENTS = (("INSERT", "NEW"), ("UPDATE", "NEW"), ('UPDATE OF "{key}"', "OLD"), ("DELETE", "OLD"))


@dataclass(frozen=True, slots=True)
class Touched:
    """The rows of one table that were written: as they are now, and the keys of those that are no more."""

    table: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    gone: list[str]


def follow(connection: sqlite3.Connection, keys: Mapping[str, str]) -> None:
    """Note from now on which rows are written.

    Args:
        connection: the filled database.
        keys: table -> the name of its key column.
    """
    connection.execute("CREATE TABLE touched (of_table TEXT, id TEXT, PRIMARY KEY (of_table, id)) WITHOUT ROWID")
    for table, key in keys.items():
        for number, (event, side) in enumerate(_EVENTS):
            connection.execute(
                f'CREATE TRIGGER "touched.{table}.{number}" AFTER {event.format(key=key)} ON "{table}" '
                f"BEGIN INSERT OR IGNORE INTO touched VALUES ('{table}', {side}.\"{key}\"); END"
            )


def touched(connection: sqlite3.Connection, keys: Mapping[str, str]) -> list[Touched]:
    """The tables that were written to, with their written rows."""
    found = []
    for table, key in keys.items():
        cursor = connection.execute(
            f'SELECT data.* FROM touched JOIN "{table}" AS data ON data."{key}" = touched.id WHERE of_table = ?',
            (table,),
        )
        columns, rows = tuple(column[0] for column in cursor.description), cursor.fetchall()
        gone = connection.execute(
            f"SELECT id FROM touched WHERE of_table = ? "
            f'AND NOT EXISTS (SELECT 1 FROM "{table}" AS data WHERE data."{key}" = touched.id)',
            (table,),
        ).fetchall()
        if rows or gone:
            found.append(Touched(table, columns, rows, [row[0] for row in gone]))
    return found


def carry(connection: sqlite3.Connection, key: str, written: Touched) -> None:
    """Put written rows into a freshly filled database, in the place of those with the same key.

    They count as written there too.

    Raises:
        sqlite3.Error: a table or columns that this database does not have.
    """
    names, marks = ", ".join(f'"{name}"' for name in written.columns), ", ".join("?" * len(written.columns))
    new_values = ", ".join(f'"{name}" = excluded."{name}"' for name in written.columns if name != key)
    connection.executemany(
        f'INSERT INTO "{written.table}" ({names}) VALUES ({marks}) ON CONFLICT ("{key}") DO UPDATE SET {new_values}',
        written.rows,
    )
    connection.executemany(f'DELETE FROM "{written.table}" WHERE "{key}" = ?', [(each,) for each in written.gone])
