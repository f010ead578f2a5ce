"""Where the cleaned text of a side is kept: in memory, or under a memory limit in DuckDB, which spills to disk.

Most of what is done with a match needs numbers; text is asked for column by column, to compare what differs.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from threading import Lock
from typing import Protocol
from weakref import finalize

import duckdb
import numpy as np
import polars as pl

Connection = duckdb.DuckDBPyConnection
_numbers = count()


class Texts(Protocol):
    """The text columns of one side, record by record."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, `record_id` first."""

    def column(self, name: str) -> pl.Series:
        """The values of one."""

    def release(self) -> None:
        """Hold no more than needed: the columns looked at last are not needed soon."""

    def show(self, con: Connection, relation: str, extra: pl.DataFrame) -> None:
        """Make `relation` show `row`, the columns, and beside them those of `extra`."""


class TextsInMemory:
    """Text columns as a frame."""

    def __init__(self, batches: list[pl.DataFrame], columns: tuple[str, ...]) -> None:
        """Join batches of records; of their columns only some are wanted."""
        self._frame = pl.concat([each.select(columns) for each in batches], rechunk=True)

    @property
    def columns(self) -> tuple[str, ...]:
        """See `Texts`."""
        return tuple(self._frame.columns)

    def column(self, name: str) -> pl.Series:
        """See `Texts`."""
        return self._frame[name]

    def release(self) -> None:
        """Everything stays where it is."""

    def show(self, con: Connection, relation: str, extra: pl.DataFrame) -> None:
        """See `Texts`."""
        rows = pl.Series("row", np.arange(self._frame.height, dtype=np.int32))
        frame = pl.DataFrame([rows, *self._frame.get_columns(), *extra.get_columns()])
        con.register(relation, frame.to_arrow(compat_level=pl.CompatLevel.newest()))


class StoredTexts:
    """Text columns in a table of a DuckDB database in memory, which a memory limit makes spill to disk."""

    def __init__(self, con: Connection) -> None:
        """Make room in the database that `con` is connected to; `append` may be called from any thread."""
        self._con = con.cursor()
        self._name = f"reconcile_texts_{next(_numbers)}"
        self._con.execute(f"ATTACH ':memory:' AS {self._name}")
        self._table = f"{self._name}.records"
        self._rows = 0
        self._columns: tuple[str, ...] = ()
        self._held: dict[str, pl.Series] = {}
        self._lock = Lock()
        finalize(self, _detach, self._con, self._name)

    def append(self, batch: pl.DataFrame) -> None:
        """Add records after those that are there."""
        with self._lock:
            self._con.register("_batch", batch.to_arrow(compat_level=pl.CompatLevel.newest()))
            verb = f"INSERT INTO {self._table}" if self._rows or self._columns else f"CREATE TABLE {self._table} AS"
            self._con.execute(f"{verb} SELECT * FROM _batch")
            self._con.unregister("_batch")
            self._columns = tuple(batch.columns)
            self._rows += batch.height

    def keep(self, columns: tuple[str, ...]) -> None:
        """Show only some of the columns from now on."""
        self._columns = columns

    @property
    def columns(self) -> tuple[str, ...]:
        """See `Texts`."""
        return self._columns

    def column(self, name: str) -> pl.Series:
        """See `Texts`."""
        with self._lock:
            if name not in self._held:
                found = self._con.sql(f"SELECT {name} FROM {self._table}").to_arrow_table()
                self._held[name] = pl.DataFrame(found)[name].rechunk()
            return self._held[name]

    def release(self) -> None:
        """See `Texts`."""
        self._held.clear()

    def show(self, con: Connection, relation: str, extra: pl.DataFrame) -> None:
        """See `Texts`."""
        rows = pl.Series("row", np.arange(self._rows, dtype=np.int32))
        beside = pl.DataFrame([rows, *extra.get_columns()]).to_arrow()
        con.register(f"{relation}_beside", beside)
        columns = ", ".join(self._columns)
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {relation} AS SELECT b.*, {columns} "
            f"FROM {self._table} POSITIONAL JOIN {relation}_beside b"
        )


def _detach(con: Connection, name: str) -> None:
    """Forget a database of texts, once nobody asks for them any more; a connection that was closed has forgotten it."""
    with suppress(duckdb.ConnectionException):
        con.execute(f"DETACH DATABASE IF EXISTS {name}")
