"""One of the two tables as the comparison sees it: where it lies, and an evenly spread sample of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from reconcile.systems.files import ReadTable
from reconcile.systems.files.sql import identifier, none_for_empty

SAMPLE_ROWS = 6000
_STRETCHES = 6


@dataclass(frozen=True, slots=True)
class Side:
    """A loaded table and the table of its sample (all rows where there are few)."""

    read: ReadTable
    sample: str

    @property
    def table(self) -> str:
        """The loaded table as an SQL name."""
        return identifier(self.read.table)

    @property
    def columns(self) -> tuple[str, ...]:
        """Its columns in the order of the file."""
        return self.read.columns

    @property
    def rows(self) -> int:
        """Its readable rows."""
        return self.read.rows


def make_side(con: duckdb.DuckDBPyConnection, read: ReadTable) -> Side:
    """Take the sample: stretches of neighbouring rows at even distances, which cost little to read."""
    sample = f"{read.table}_sample"
    if read.rows <= SAMPLE_ROWS:
        where = ""
    else:
        stretch = SAMPLE_ROWS // _STRETCHES
        starts = [(read.rows - stretch) * i // (_STRETCHES - 1) for i in range(_STRETCHES)]
        where = "WHERE " + " OR ".join(f"rowid BETWEEN {start} AND {start + stretch - 1}" for start in starts)
    # Nobody asks the sample whether a value is empty or missing.
    same = ", ".join(f"{none_for_empty(identifier(name))} AS {identifier(name)}" for name in read.empties)
    columns = f"* REPLACE ({same})" if same else "*"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {identifier(sample)} AS SELECT {columns} FROM {identifier(read.table)} {where}"
    )
    return Side(read, identifier(sample))


@contextmanager
def any_order(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let statements give their rows in any order, which spares putting the work of several threads in order."""
    con.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        con.execute("SET preserve_insertion_order = true")


def one_row(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    """The only row of a query."""
    row: tuple[Any, ...] = con.sql(sql).fetchall()[0]
    return row


def scalar(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The only value of a query."""
    return one_row(con, sql)[0]
