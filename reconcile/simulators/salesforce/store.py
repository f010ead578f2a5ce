"""The rows of the practice org, in an in-memory SQLite database: one table per object."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from operator import itemgetter
from typing import Any

from reconcile.simulators.generator.ids import make_id
from reconcile.simulators.salesforce.objects import SOBJECTS
from reconcile.simulators.salesforce.schema import Field, SObject

Row = dict[str, Any]
_SQL_TYPES = {"boolean": "INTEGER", "int": "INTEGER", "double": "REAL", "currency": "REAL", "percent": "REAL"}
_INDEXED = ("AccountId", "ParentId", "SystemModstamp", "PersonContactId", "Email")


def now_text() -> str:
    """This moment as Salesforce stores it: whole seconds, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def quoted(name: str) -> str:
    """A name from the schema as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


class Store:
    """Tables, transactions and new ids. One connection, guarded by one lock, shared by all requests and jobs.

    Attributes:
        numbers: the next new id of each object (by its name in lower case), as a number.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.connection = sqlite3.connect(
            ":memory:", check_same_thread=False, isolation_level=None, cached_statements=512
        )
        self.connection.execute("PRAGMA temp_store = MEMORY")
        self.connection.create_function("soql_fold", 1, _fold, deterministic=True)
        self.numbers = dict.fromkeys(SOBJECTS, 2_000_000)
        self._savepoints = count()
        for sobject in SOBJECTS.values():
            columns = ", ".join(_column_sql(field) for field in sobject.fields)
            self.connection.execute(f"CREATE TABLE {quoted(sobject.name)} ({columns})")

    def load(self, object_name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows; fields that a row lacks are null, check boxes false; names of no field are ignored."""
        sobject = SOBJECTS[object_name.lower()]
        table = quoted(sobject.name)
        alike: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
        for row in rows:
            alike.setdefault(tuple(row), []).append(row)
        with self.transaction():
            for given, group in alike.items():
                names = [name for name in given if name.lower() in sobject.by_name]
                columns, marks = ", ".join(map(quoted, names)), ", ".join("?" * len(names))
                self.connection.executemany(
                    f"INSERT INTO {table} ({columns}) VALUES ({marks})", map(itemgetter(*names), group)
                )

    def index(self) -> None:
        """Make the indexes; after loading, because that is faster."""
        for sobject in SOBJECTS.values():
            for field in sobject.fields:
                if field.name in _INDEXED or field.is_external_id or (field.is_custom and field.references):
                    self.connection.execute(
                        f"CREATE INDEX {quoted(f'{sobject.name}.{field.name}')} ON {quoted(sobject.name)} "
                        f"({quoted(field.name)} COLLATE {'NOCASE' if field.type != 'reference' else 'BINARY'})"
                    )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; can be nested."""
        name = f"s{next(self._savepoints)}"
        with self.lock:
            self.connection.execute(f"SAVEPOINT {name}")
            try:
                yield
            except BaseException:
                self.connection.execute(f"ROLLBACK TO {name}")
                raise
            finally:
                self.connection.execute(f"RELEASE {name}")

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.lock:
            return self.connection.execute(sql, values).fetchall()

    def get(self, sobject: SObject, record_id: str) -> Row | None:
        """One row by its 18-character id, deleted or not."""
        found = self.rows(f"SELECT * FROM {quoted(sobject.name)} WHERE Id = ?", (record_id,))
        return dict(zip((field.name for field in sobject.fields), found[0], strict=True)) if found else None

    def get_many(self, sobject: SObject, ids: Sequence[str]) -> dict[str, Row]:
        """Rows by id, deleted or not; ids that do not exist are left out."""
        names = [field.name for field in sobject.fields]
        found: dict[str, Row] = {}
        for start in range(0, len(ids), 900):
            part = ids[start : start + 900]
            marks = ", ".join("?" * len(part))
            for values in self.rows(f"SELECT * FROM {quoted(sobject.name)} WHERE Id IN ({marks})", part):
                row = dict(zip(names, values, strict=True))
                found[row["Id"]] = row
        return found

    def insert(self, sobject: SObject, row: Mapping[str, Any]) -> str:
        """Insert a row and give it an id."""
        with self.lock:
            number = self.numbers[sobject.name.lower()]
            self.numbers[sobject.name.lower()] = number + 1
        record_id = make_id(sobject.prefix, number)
        self.load(sobject.name, [{**row, "Id": record_id}])
        return record_id

    def update(self, sobject: SObject, record_id: str, values: Mapping[str, Any]) -> None:
        """Set some fields of a row."""
        pairs = ", ".join(f"{quoted(name)} = ?" for name in values)
        with self.lock:
            self.connection.execute(
                f"UPDATE {quoted(sobject.name)} SET {pairs} WHERE Id = ?", (*values.values(), record_id)
            )

    def count(self, sobject: SObject) -> int:
        """Live rows of an object."""
        where = " WHERE IsDeleted = 0" if sobject.has_deletes else ""
        return int(self.rows(f"SELECT count(*) FROM {quoted(sobject.name)}{where}")[0][0])

    def find(self, sobject: SObject, field: Field, value: str) -> list[str]:
        """Ids of live rows whose text field equals `value`, case-insensitively."""
        live = " AND IsDeleted = 0" if sobject.has_deletes else ""
        sql = f"SELECT Id FROM {quoted(sobject.name)} WHERE {quoted(field.name)} = ? COLLATE NOCASE{live}"
        return [row[0] for row in self.rows(sql, (value,))]


def unknown_columns(sobject: SObject, names: Iterable[str]) -> list[str]:
    """Those names that are no field of the object."""
    return [name for name in names if name.lower() not in sobject.by_name]


def _column_sql(field: Field) -> str:
    """The column of a field."""
    kind = _SQL_TYPES.get(field.type, "TEXT")
    key = " PRIMARY KEY" if field.type == "id" else " DEFAULT 0" if field.type == "boolean" else ""
    return f"{quoted(field.name)} {kind}{key}"


def _fold(value: Any) -> Any:
    """Text without regard to case, beyond ASCII too."""
    return value.casefold() if isinstance(value, str) else value
