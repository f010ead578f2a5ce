"""One of the two tables as the comparison sees it: where it lies, a sample of its rows, and a look at its columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import duckdb

from reconcile.comparing.tables.looks import ColumnLook, look_at_columns
from reconcile.systems.files import ReadTable
from reconcile.systems.files.sql import identifier, none_for_empty

SAMPLE_ROWS = 6000
INTERRUPT_EVERY_S = 0.05
IN_ORDER = "SET preserve_insertion_order = true"
_STRETCHES = 6
_LOOK_ROWS = 2000
_AT_ONCE = 2
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Side:
    """A loaded table, the table of its sample (all rows where there are few), and what its columns look like."""

    read: ReadTable
    sample: str
    looks: Mapping[str, ColumnLook]

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
    """Take the sample, stretches of neighbouring rows at even distances, which cost little to read; and look at it."""
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
        f"CREATE OR REPLACE TABLE {identifier(sample)} AS SELECT {columns} FROM {identifier(read.table)} {where}"
    )
    few = f"{identifier(sample)} WHERE {every(read.rows, _LOOK_ROWS)}"
    return Side(read, identifier(sample), look_at_columns(con, few, read.columns, read.decimal))


def every(rows: int, wanted: int) -> str:
    """A condition that leaves about `wanted` rows of the sample of a table of `rows` rows, at even distances."""
    return f"rowid % {max(1, min(rows, SAMPLE_ROWS) // wanted)} = 0"


def at_once(
    con: duckdb.DuckDBPyConnection, works: Sequence[Callable[[duckdb.DuckDBPyConnection], Found]]
) -> list[Found]:
    """What each of `works` returns, two at a time, each with a connection of its own to the same database.

    For statements that DuckDB carries out in one thread, because they read few rows or plan longer than they run. They
    see no temporary table of `con`. Where one fails, or this thread is told to stop, the others are broken off first.
    """
    with ExitStack() as open_cursors, ThreadPoolExecutor(_AT_ONCE) as threads:
        cursors = [open_cursors.enter_context(con.cursor()) for _ in works]
        begun = [threads.submit(work, own) for work, own in zip(works, cursors, strict=True)]
        try:
            return [each.result() for each in begun]
        except BaseException:
            _break_off(begun, cursors)
            raise


def _break_off(begun: Sequence[Future[Found]], cursors: Sequence[duckdb.DuckDBPyConnection]) -> None:
    for each in begun:
        each.cancel()
    # Over and over, because a statement that begins after the interruption knows nothing of it.
    while wait(begun, timeout=INTERRUPT_EVERY_S).not_done:
        for own in cursors:
            own.interrupt()


@contextmanager
def any_order(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let statements give their rows in any order, which spares putting the work of several threads in order."""
    con.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        con.execute(IN_ORDER)


def one_row(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    """The only row of a query."""
    row: tuple[Any, ...] = con.sql(sql).fetchall()[0]
    return row


def scalar(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The only value of a query."""
    return one_row(con, sql)[0]
