"""The audit log: a chain that shows what was altered, removed or slipped in."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from reconcile import audit
from reconcile.audit import Head
from reconcile.model import Person
from reconcile.state import audit as rows
from reconcile.state.database import Database
from reconcile.state.tables import audit as table

ANA = Person("ana", "Ana", frozenset({"analyst"}))
DETAIL = {"title": "Größe \U0001f600", "rows": [1, 2.5, None, True], "nested": {"b": 1, "a": 2}}


def fill(database: Database, count: int) -> None:
    for number in range(count):
        with database.begin() as tx:
            audit.record(tx, ANA, "approved change set", f"cs_{number}", DETAIL)


def verify(database: Database, noted: Head | None = None) -> int | None:
    with database.read() as tx:
        return audit.verify(tx, noted)


def test_an_untouched_log_verifies(database: Database) -> None:
    assert verify(database) is None
    fill(database, 5)
    assert verify(database) is None
    with database.read() as tx:
        listed = rows.list_rows(tx, limit=2)
        assert [row.seq for row in listed] == [5, 4]
        assert [row.seq for row in rows.list_rows(tx, before_seq=4, limit=2)] == [3, 2]
        assert [row.seq for row in rows.list_rows(tx, subject="cs_0")] == [1]
        assert rows.list_rows(tx, person_id="nobody") == ()
    assert listed[0].detail == DETAIL
    assert listed[0].action == "approved change set"


def test_what_is_rolled_back_was_not_done(database: Database) -> None:
    fill(database, 1)

    def fail() -> None:
        with database.begin() as tx:
            audit.record(tx, ANA, "pushed", "cs")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    fill(database, 1)
    with database.read() as tx:
        assert audit.newest(tx).seq == 2
    assert verify(database) is None


def tamper(database: Database, statement: sa.Executable) -> None:
    """What somebody with the database's password could do: still the triggers, then write."""
    with database.begin() as tx:
        if database.is_sqlite:
            for action in ("update", "delete"):
                tx.execute(sa.text(f"DROP TRIGGER audit_no_{action}"))
        else:
            tx.execute(sa.text("SET LOCAL session_replication_role = replica"))
        tx.execute(statement)


FORGED: dict[str, Any] = {"person_id": "eve", "action": "x", "subject": "y", "detail": {}}


@pytest.mark.parametrize(
    ("statement", "first_broken"),
    [
        (table.update().where(table.c.seq == 3).values(person_id="ben"), 3),
        (table.update().where(table.c.seq == 1).values(detail={"title": "other"}), 1),
        (table.update().where(table.c.seq == 4).values(hash="0" * 64), 4),
        (table.update().where(table.c.seq == 5).values(action="rejected change set"), 5),
        (table.delete().where(table.c.seq == 2), 2),
        (table.delete().where(table.c.seq == 1), 1),
    ],
)
def test_tampering_shows(database: Database, statement: sa.Executable, first_broken: int) -> None:
    fill(database, 5)
    tamper(database, statement)
    assert verify(database) == first_broken


def test_a_row_that_was_slipped_in_shows(database: Database) -> None:
    fill(database, 2)
    with database.begin() as tx:
        at = rows.list_rows(tx)[0].at
        tx.execute(table.insert().values(seq=3, at=at, previous_hash="1" * 64, hash="2" * 64, **FORGED))
    assert verify(database) == 3


def test_a_log_that_was_cut_off_shows_against_a_noted_head(database: Database) -> None:
    fill(database, 4)
    with database.read() as tx:
        noted = audit.newest(tx)
    assert verify(database, noted) is None
    tamper(database, table.delete().where(table.c.seq == 4))
    assert verify(database) is None
    assert verify(database, noted) == 4
    fill(database, 1)
    assert verify(database, noted) == 4


def test_writers_at_the_same_time_make_one_chain(database: Database) -> None:
    def work() -> None:
        for number in range(5):
            database.write(lambda tx: audit.record(tx, ANA, "judged", f"e{number}"))  # noqa: B023 - called at once

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as tx:
        assert audit.newest(tx).seq == 20
    assert verify(database) is None
