"""The connection to the operational database: SQLite for one machine, PostgreSQL for a team.

Several processes write at once (app, worker, command line). On SQLite every write transaction therefore takes the write
lock when it begins (`BEGIN IMMEDIATE`) and waits its turn, so that it can never fail half-way for a lock; on PostgreSQL
it is an ordinary transaction, and what must not be done twice is done by compare-and-set.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    ProgrammingError,
)

from reconcile.errors import InputError, StorageError

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 4_210_627  # a number of our own, so that two starting processes queue for the same PostgreSQL lock
ATTEMPTS = 6
# PostgreSQL: serialization_failure, deadlock_detected, lock_not_available
PASSING_SQLSTATES = frozenset({"40001", "40P01", "55P03"})
# `sqlite3.Error` itself comes from the preparation of a new connection, before SQLAlchemy wraps anything.
OUTAGES = (DatabaseError, InterfaceError, sqlite3.Error)
OUR_FAULTS = (IntegrityError, DataError, ProgrammingError)

Result = TypeVar("Result")


class Database:
    """The operational database at a SQLAlchemy address (`sqlite:///path` or `postgresql://...`).

    One instance serves all threads of a process. A transaction must not be opened inside another one of the same
    thread: on SQLite the inner one would wait for the outer one until it times out.

    Args:
        url: the address.
        lock_wait_s: how long a SQLite writer waits for its turn.

    Raises:
        InputError: an address that is no address, or of another kind of database.
    """

    def __init__(self, url: str, *, lock_wait_s: float = 15) -> None:
        self.url = _address(url)
        self.shown_url = self.url.render_as_string(hide_password=True)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._is_checked = False
        if self.is_sqlite:
            _make_folder(self.url)
        connect_args: dict[str, float] = {"timeout": lock_wait_s} if self.is_sqlite else {"connect_timeout": 10}
        self.engine = sa.create_engine(self.url, pool_pre_ping=not self.is_sqlite, connect_args=connect_args)
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", partial(_prepare_sqlite, lock_wait_s=lock_wait_s))
            sa.event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A write transaction: committed at the end, rolled back whole when anything is raised inside.

        Raises:
            StorageError: the database cannot be reached, stays locked, or is of another version.
        """
        self._check_once()
        with self._transaction(is_write=True) as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction: sees one moment of the database (PostgreSQL: of each statement) and blocks no writer.

        Raises:
            StorageError: the database cannot be reached or is of another version.
        """
        self._check_once()
        with self._transaction(is_write=False) as tx:
            yield tx

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in a write transaction; again, a bounded number of times, when the database asks for it.

        `work` may run more than once, so it must do nothing but read and write through its transaction. Only deadlocks,
        serialization failures and locks are tried again; they leave nothing behind.

        Raises:
            StorageError: still refused after `ATTEMPTS` attempts, or for another reason.
        """
        for attempt in range(1, ATTEMPTS):
            try:
                with self.begin() as tx:
                    return work(tx)
            except StorageError as error:
                if not _is_passing(error.__cause__):
                    raise
            time.sleep(0.02 * 2**attempt)
        with self.begin() as tx:
            return work(tx)

    def migrate(self) -> None:
        """Bring the tables to this program's version. Two processes that start at once: one does it, the other waits.

        Raises:
            StorageError: the database is of a later version than this program, or a migration fails.
        """
        with self._transaction(is_write=True) as tx:
            if not self.is_sqlite:
                tx.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            self._refuse_later_version(tx)
            command.upgrade(_alembic_config(tx), "head")
        self._is_checked = True

    def version(self) -> str | None:
        """The migration this database stands at; None for an empty one."""
        with self._transaction(is_write=False) as tx:
            return _stored_version(tx)

    def close(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()

    @contextmanager
    def _transaction(self, *, is_write: bool) -> Iterator[Connection]:
        try:
            with self.engine.connect().execution_options(reconcile_write=is_write) as connection, connection.begin():
                yield connection
        except OUTAGES as error:
            if isinstance(error, OUR_FAULTS):
                raise
            raise self._storage_error(error) from error

    def _storage_error(self, error: Exception) -> StorageError:
        problem = " ".join(str(getattr(error, "orig", error)).split()).rstrip(".")
        remedy = "Check that the database is reachable and its folder can be written."
        if _is_passing(error):
            remedy = "Another process holds the database; try again in a moment."
        return StorageError(self.shown_url, problem, remedy=remedy)

    def _check_once(self) -> None:
        if self._is_checked:
            return
        with self._transaction(is_write=False) as tx:
            self._refuse_later_version(tx)
            stored = _stored_version(tx)
        if stored != _newest_version():
            raise StorageError(
                self.shown_url,
                f"its tables are at version {stored or 'none'}, this program needs {_newest_version()}",
                remedy="Start the app or any command once, which brings the tables up to date.",
            )
        self._is_checked = True

    def _refuse_later_version(self, tx: Connection) -> None:
        stored = _stored_version(tx)
        if stored is not None and stored not in _known_versions():
            raise StorageError(
                self.shown_url,
                f"its tables are at version {stored}, which this program does not know",
                remedy="They were made by a later Reconcile: update this one, or use another database.",
            )


def _address(url: str) -> URL:
    try:
        address = make_url(url)
        backend = address.get_backend_name()
        if backend == "postgresql":
            return address.set(drivername="postgresql+psycopg")
        address.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise _bad_address(url) from error
    if backend != "sqlite" or address.database in {None, "", ":memory:"}:
        raise _bad_address(url)
    return address


def _bad_address(url: str) -> InputError:
    # The scheme alone is shown: the rest may hold a password.
    return InputError(
        f"The database address ({url.split(':', 1)[0]}:...) is not one that can be used.",
        remedy="Use sqlite:///path/to/file.db or postgresql://user:password@host/database.",
    )


def _make_folder(url: URL) -> None:
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(str(folder), f"the folder cannot be made ({error.strerror})") from error


def _prepare_sqlite(connection: sqlite3.Connection, _record: object, *, lock_wait_s: float) -> None:
    # Isolation level None keeps the driver from opening transactions of its own: `_begin_sqlite` opens ours.
    connection.isolation_level = None
    _switch_to_wal(connection, lock_wait_s)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _switch_to_wal(connection: sqlite3.Connection, lock_wait_s: float) -> None:
    # SQLite's own lock wait does not cover this switch: of two processes that open a new file at once, one is refused
    # at once. The switch is kept in the file, so it is a wait of the first moments of a new database only.
    deadline = time.monotonic() + lock_wait_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    is_write = connection.get_execution_options().get("reconcile_write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")


def _is_passing(error: BaseException | None) -> bool:
    """Whether the same transaction may well succeed when it is tried again."""
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.OperationalError):
        return error.orig.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    return getattr(error.orig, "sqlstate", None) in PASSING_SQLSTATES


def _alembic_config(tx: Connection | None = None) -> Config:
    config = Config(attributes={"connection": tx} if tx is not None else {})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _newest_version() -> str | None:
    return ScriptDirectory.from_config(_alembic_config()).get_current_head()


def _known_versions() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory.from_config(_alembic_config()).walk_revisions())


def _stored_version(tx: Connection) -> str | None:
    return MigrationContext.configure(tx).get_current_revision()
