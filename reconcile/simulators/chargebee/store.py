"""The records of the practice site, in an in-memory SQLite database: one table per resource, each record as JSON."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

Record = dict[str, Any]
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
RESOURCES = ("customer", "subscription", "invoice")


class SiteStore:
    """Records by resource. The columns beside the JSON are those that lists filter and sort by."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        for resource in RESOURCES:
            self.connection.execute(
                f"CREATE TABLE {resource} (id TEXT PRIMARY KEY, created_at INTEGER, updated_at INTEGER, "
                "customer_id TEXT, deleted INTEGER, body TEXT)"
            )

    def load(self, resource: str, records: Iterable[Record]) -> None:
        """Insert generated records."""
        rows = (_columns(resource, record) for record in records)
        self.connection.execute("BEGIN")
        self.connection.executemany(f"INSERT INTO {resource} VALUES (?, ?, ?, ?, ?, ?)", rows)
        self.connection.execute("COMMIT")

    def index(self) -> None:
        """Make the indexes, after loading."""
        for resource in RESOURCES:
            for column in ("created_at", "updated_at", "customer_id"):
                self.connection.execute(f"CREATE INDEX {resource}_{column} ON {resource} ({column}, id)")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        with self.lock:
            self.connection.execute("BEGIN")
            try:
                yield
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def get(self, resource: str, record_id: str) -> Record | None:
        """A record by its id, case-sensitively, deleted or not."""
        with self.lock:
            row = self.connection.execute(f"SELECT body FROM {resource} WHERE id = ?", (record_id,)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, resource: str, record: Record) -> None:
        """Insert or replace a record."""
        with self.lock:
            self.connection.execute(
                f"INSERT OR REPLACE INTO {resource} VALUES (?, ?, ?, ?, ?, ?)", _columns(resource, record)
            )

    def select(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with self.lock:
            return self.connection.execute(sql, values).fetchall()

    def count(self, resource: str) -> int:
        """Live records of a resource."""
        return int(self.select(f"SELECT count(*) FROM {resource} WHERE deleted = 0", ())[0][0])


def created_at(resource: str, record: Record) -> int:
    """When a record came to be: an invoice by its date."""
    return int(record["date"] if resource == "invoice" else record["created_at"])


def _columns(resource: str, record: Record) -> tuple[Any, ...]:
    """A record as a row of its table."""
    return (
        record["id"],
        created_at(resource, record),
        record["updated_at"],
        record["id"] if resource == "customer" else record["customer_id"],
        int(bool(record.get("deleted"))),
        _ENCODE(record),
    )
