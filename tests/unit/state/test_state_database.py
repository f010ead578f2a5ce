"""The operational database itself: transactions, locks, migrations and versions, on SQLite and PostgreSQL."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from reconcile.errors import InputError, StorageError
from reconcile.model import utc_now
from reconcile.state.database import MIGRATIONS, Database
from reconcile.state.tables import METADATA, audit, journal, people, settings

NEWEST = max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("*.py"))


def put(tx: sa.Connection, key: str, value: object) -> None:
    tx.execute(settings.insert().values(key=key, value=value, changed_at=utc_now()))


def keys(database: Database) -> list[str]:
    with database.read() as tx:
        return list(tx.execute(sa.select(settings.c.key).order_by(settings.c.key)).scalars())


def test_a_transaction_is_kept_whole_or_not_at_all(database: Database) -> None:
    with database.begin() as tx:
        put(tx, "kept", 1)

    def fail_half_way() -> None:
        with database.begin() as tx:
            put(tx, "lost", 1)
            put(tx, "kept", 2)

    with pytest.raises(sa.exc.IntegrityError):
        fail_half_way()
    assert keys(database) == ["kept"]


def test_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    assert database.version() == NEWEST


@pytest.mark.parametrize("table", [journal, audit], ids=lambda table: table.name)
def test_append_only_tables_refuse_change_and_removal(database: Database, table: sa.Table) -> None:
    row = {
        "journal": {"operation_id": "o", "change_set_id": "c", "attempt": 1, "event": "intent", "at": utc_now()},
        "audit": {
            "seq": 1,
            "at": utc_now(),
            "person_id": "p",
            "action": "a",
            "subject": "s",
            "detail": {},
            "previous_hash": "",
            "hash": "",
        },
    }[table.name]
    with database.begin() as tx:
        tx.execute(table.insert().values(row))
    for statement in (table.update().values(at=utc_now()), table.delete()):
        with pytest.raises(sa.exc.IntegrityError, match="append-only"), database.begin() as tx:
            tx.execute(statement)
    with database.read() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 1


def test_foreign_keys_are_enforced(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.begin() as tx:
        tx.execute(
            METADATA.tables["claims"]
            .insert()
            .values(subject="s", person_id="nobody", claimed_at=utc_now(), expires_at=utc_now())
        )


def test_times_come_back_as_they_went_in(database: Database) -> None:
    at = utc_now()
    with database.begin() as tx:
        tx.execute(people.insert().values(id="a", name="A", is_practice=False, is_active=True, created_at=at))
    with database.read() as tx:
        assert tx.execute(sa.select(people.c.created_at)).scalar_one() == at
    with pytest.raises(sa.exc.StatementError, match="without a zone"), database.begin() as tx:
        tx.execute(people.update().values(created_at=at.replace(tzinfo=None)))


@pytest.mark.parametrize("value", [None, {}, [], {"a": None, "é": "\U0001f600"}, 0, "", False, 1.5])
def test_documents_come_back_as_they_went_in(database: Database, value: object) -> None:
    with database.begin() as tx:
        put(tx, "k", value)
    with database.read() as tx:
        assert tx.execute(sa.select(settings.c.value)).scalar_one() == value


def test_an_empty_database_is_refused_until_it_is_migrated(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    with pytest.raises(StorageError, match=f"version none, this program needs {NEWEST}"), database.read():
        pass
    database.migrate()
    assert keys(database) == []
    database.close()


def test_a_database_of_a_later_version_is_refused(own_database_url: str) -> None:
    database = Database(own_database_url)
    with database.begin() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    later = Database(own_database_url)
    for action in (later.migrate, lambda: later.begin().__enter__(), lambda: later.read().__enter__()):
        with pytest.raises(StorageError, match="9999, which this program does not know"):
            action()
    later.close()


def _migrate(url: str, start: float) -> None:
    time.sleep(max(0.0, start - time.time()))
    Database(url).migrate()


def test_two_processes_may_migrate_at_once(empty_database_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    start = time.time() + 3
    processes = [context.Process(target=_migrate, args=(empty_database_url, start)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    database = Database(empty_database_url)
    assert keys(database) == []
    database.close()


def test_a_new_database_is_opened_while_another_process_writes_its_first_rows(tmp_path: Path) -> None:
    """SQLite refuses the switch to its write-ahead log at once, without the lock wait, while another one writes."""
    first = sqlite3.connect(tmp_path / "reconcile.db", isolation_level=None, check_same_thread=False)
    first.execute("CREATE TABLE made_before_the_switch (id INTEGER)")
    first.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, lambda: first.execute("COMMIT"))
    release.start()
    database = Database(f"sqlite:///{tmp_path / 'reconcile.db'}")
    database.migrate()
    assert keys(database) == []
    release.join()
    first.close()
    database.close()


def test_writers_wait_for_each_other_and_lose_nothing(database: Database) -> None:
    """Read, then write what was read: the classic lost update, by eight threads at once."""
    with database.begin() as tx:
        put(tx, "count", 0)

    def count_up() -> None:
        for _ in range(10):
            database.write(step)

    def step(tx: sa.Connection) -> None:
        query = sa.select(settings.c.value).where(settings.c.key == "count").with_for_update()
        tx.execute(settings.update().values(value=tx.execute(query).scalar_one() + 1))

    threads = [threading.Thread(target=count_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as tx:
        assert tx.execute(sa.select(settings.c.value)).scalar_one() == 80


def test_a_reader_is_not_blocked_by_a_writer(database: Database) -> None:
    with database.begin() as writing:
        put(writing, "unseen", 1)
        assert keys(database) == []
    assert keys(database) == ["unseen"]


def test_a_deadlock_is_tried_again(database: Database) -> None:
    """Two transactions that take two rows in opposite order: on PostgreSQL one is refused, and `write` repeats it."""
    with database.begin() as tx:
        put(tx, "a", 0)
        put(tx, "b", 0)
    both_hold_one = threading.Barrier(2)
    attempts: list[str] = []

    def add(first: str, second: str) -> None:
        def work(tx: sa.Connection) -> None:
            attempts.append(first)
            raise_by_one(tx, first)
            if len(attempts) <= 2 and not database.is_sqlite:
                both_hold_one.wait(5)
            raise_by_one(tx, second)

        database.write(work)

    def raise_by_one(tx: sa.Connection, key: str) -> None:
        query = sa.select(settings.c.value).where(settings.c.key == key).with_for_update()
        value = tx.execute(query).scalar_one()
        tx.execute(settings.update().where(settings.c.key == key).values(value=value + 1))

    threads = [threading.Thread(target=add, args=order) for order in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as tx:
        assert list(tx.execute(sa.select(settings.c.value)).scalars()) == [2, 2]
    assert len(attempts) == (2 if database.is_sqlite else 3)


def test_a_database_that_stays_locked_is_said_to_be(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    database.migrate()
    other = Database(f"sqlite:///{tmp_path / 'a.db'}", lock_wait_s=0.05)
    with (
        database.begin(),
        pytest.raises(StorageError, match=r"database is locked.*Another process holds"),
        other.begin(),
    ):
        pass


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "cannot|not one that can be used"),
        ("mysql://u:secret@h/d", "not one that can be used"),
        ("sqlite://", "not one that can be used"),
        ("sqlite:///:memory:", "not one that can be used"),
    ],
)
def test_an_address_that_is_none_is_refused_without_showing_its_password(url: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        Database(url)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"these are not the pages you are looking for" * 100)
    with pytest.raises(StorageError, match="file is not a database"):
        Database(f"sqlite:///{tmp_path / 'x.db'}").migrate()


def test_a_server_that_is_not_there_is_said_not_to_be(tmp_path: Path) -> None:
    database = Database(f"postgresql://someone:secret@/d?host={tmp_path}")
    with pytest.raises(StorageError, match="Check that the database is reachable") as caught:
        database.migrate()
    assert "secret" not in str(caught.value)
