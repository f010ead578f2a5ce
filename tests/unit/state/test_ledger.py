"""The ledger: what runs and pushes tell of the life of each link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from reconcile import ledger
from reconcile.errors import NotAllowedError
from reconcile.model import ChangeSet, Connection, Operation, Person, RecordRef
from reconcile.state import connections, people
from reconcile.state.database import Database
from reconcile.state.ledger import RunCounts
from tests.run_files import STARTED_AT, RunFile, reconciliation

ANA = Person("ana", "Ana", frozenset({"analyst"}))
EVE = Person("eve", "Eve", frozenset({"auditor"}))
L1 = "001000000000001AAA"
L2 = "001000000000002AAA"


@pytest.fixture(autouse=True)
def _rows(database: Database) -> None:
    with database.begin() as tx:
        people.add(tx, ANA)
        connections.add(tx, Connection("crm", "CRM", "salesforce", "practice"))
        connections.add(tx, Connection("billing", "Billing", "chargebee", "practice"))


Take = Callable[..., RunCounts]


@pytest.fixture
def take(database: Database, tmp_path: Path) -> Take:
    def take_in(number: int, *links: str, gone: str = "", cardinality: str = "1:1") -> RunCounts:
        """Take in a run in which these links are stored, written "L1-R1"; `gone` names records that are not there."""
        file = RunFile(tmp_path / cardinality.replace(":", ""), number, cardinality)  # type: ignore[arg-type]
        for name in (L1, L2, "L3"):
            if name not in gone.split():
                file.left(name, name=name)
        for name in ("R1", "R2", "R3"):
            if name not in gone.split():
                file.right(name, name=name)
        for link in links:
            left_id, right_id = link.replace("L1", L1).replace("L2", L2).split("-")
            file.link(left_id, right_id, "confirmed", stored_left=True, stored_right=True)
        file.link("L3", "R3", "proposed")
        file.link("L3", "dead", "dangling", stored_left=True)
        run = file.write()
        with database.begin() as tx:
            return ledger.update_from_run(tx, ANA, run)

    return take_in


def lives(database: Database, record_id: str) -> list[tuple[str, str, str, str | None]]:
    with database.read() as tx:
        found = ledger.history_of_record(tx, "accounts", record_id)
    return [(p.left.record_id, p.right.record_id, p.beginning, p.ending) for p in found]


def counts(found: RunCounts) -> tuple[int, ...]:
    return found.standing, found.added, found.moved, found.returned, found.ended


def test_the_life_of_links_over_runs(database: Database, take: Take) -> None:
    #                                       standing, added, moved, returned, ended
    assert counts(take(1, "L1-R1", "L2-R2")) == (2, 2, 0, 0, 0)
    assert counts(take(2, "L1-R1", "L2-R3")) == (2, 0, 1, 0, 0)
    assert counts(take(3, "L2-R3")) == (1, 0, 0, 0, 1)
    assert counts(take(4, "L2-R3", "L1-R1")) == (2, 0, 0, 1, 0)
    assert counts(take(5, "L1-R1", gone="R3")) == (1, 0, 0, 0, 1)
    assert counts(take(6, "L1-R1", "L2-R2")) == (2, 0, 0, 1, 0)
    assert lives(database, L1) == [(L1, "R1", "baseline", "removed"), (L1, "R1", "returned", None)]
    assert lives(database, L2) == [
        (L2, "R2", "baseline", "moved"),
        (L2, "R3", "moved", "record_gone"),
        (L2, "R2", "returned", None),
    ]
    with database.read() as tx:
        assert [found.run_id for found in ledger.drift(tx, "accounts")] == [f"run_{n}" for n in range(6, 0, -1)]


def test_a_run_is_taken_in_once_and_never_after_a_newer_one(database: Database, take: Take) -> None:
    first = take(2, "L1-R1")
    assert take(1, "L2-R2") == first
    assert lives(database, L2) == []
    with database.read() as tx:
        assert ledger.drift(tx, "accounts") == (first,)


def test_taking_in_the_same_run_again_changes_nothing(database: Database, take: Take, tmp_path: Path) -> None:
    first = take(1, "L1-R1")
    run = RunFile(tmp_path, 1).run(str(tmp_path / "11" / "run_1.duckdb"))
    with database.begin() as tx:
        assert ledger.update_from_run(tx, ANA, run) == first
    assert lives(database, L1) == [(L1, "R1", "baseline", None)]


def test_where_many_may_share_a_left_record_another_of_its_links_is_no_move(database: Database, take: Take) -> None:
    take(1, "L1-R1", cardinality="n:1")
    assert counts(take(2, "L1-R2", cardinality="n:1")) == (1, 1, 0, 0, 1)
    assert lives(database, "R1") == [(L1, "R1", "baseline", "removed")]
    assert counts(take(3, "L2-R2", cardinality="n:1")) == (1, 0, 1, 0, 0)


def change_set() -> ChangeSet:
    return ChangeSet("cs", "accounts", "run_1", "Links", "verified", "ana", STARTED_AT, 1)


def operation(position: int, target: str, before: str | None, after: str | None) -> Operation:
    is_left = target.startswith("001")
    field = "Billing__c" if is_left else "cf_account"
    ref = RecordRef("crm", "Account", target) if is_left else RecordRef("billing", "customer", target)
    return Operation(f"op_{position}", "cs", position, 1, ref, "f", {field: before}, {field: after}, "because")


def push(database: Database, at: datetime, *operations: Operation) -> None:
    with database.begin() as tx:
        ledger.update_from_push(tx, ANA, change_set(), reconciliation(), operations, at=at)


def test_a_push_moves_a_link_and_an_older_snapshot_does_not_contradict_it(database: Database, take: Take) -> None:
    take(1, "L1-R1")
    at = STARTED_AT + timedelta(days=1)
    push(
        database,
        at,
        operation(0, L1, "R1", None),
        operation(1, L2, None, "R1"),
        operation(2, "R1", L1[:15], L2[:15]),  # the billing side keeps ids of 15 characters
        Operation("op_3", "cs", 3, 1, RecordRef("crm", "Account", L1), "f", {"Name": "a"}, {"Name": "b"}, "no link"),
    )
    expected = [(L1, "R1", "baseline", "pushed"), (L2, "R1", "pushed", None)]
    assert lives(database, "R1") == expected
    with database.read() as tx:
        began = ledger.history_of_record(tx, "accounts", L2)[0]
    assert (began.began.change_set_id, began.began.person_id, began.began.at) == ("cs", "ana", at)
    assert (began.is_stored_left, began.is_stored_right) == (True, True)
    # Run 2 was made of snapshots from before the push, and still sees the old link; run 3 sees the new one.
    assert counts(take(2, "L1-R1")) == (1, 0, 0, 0, 0)
    assert lives(database, "R1") == expected
    assert counts(take(3, "L2-R1")) == (1, 0, 0, 0, 0)
    assert lives(database, "R1") == expected


def test_a_link_that_one_side_stops_storing_lives_on(database: Database, take: Take) -> None:
    take(1, "L1-R1")
    push(database, STARTED_AT + timedelta(hours=1), operation(0, L1, "R1", None))
    with database.read() as tx:
        (period,) = ledger.history_of_record(tx, "accounts", L1)
    assert (period.is_stored_left, period.is_stored_right, period.ended) == (False, True, None)
    take(2, "L1-R1")
    with database.read() as tx:
        (period,) = ledger.history_of_record(tx, "accounts", L1)
    assert (period.is_stored_left, period.is_stored_right) == (True, True)


def test_changes_are_paged_newest_first(database: Database, take: Take) -> None:
    take(1, "L1-R1", "L2-R2")
    take(2, "L1-R1", "L2-R3")
    take(3, "L2-R3")
    seen: list[tuple[str, str, int]] = []
    before = None
    with database.read() as tx:
        while page := ledger.changes(tx, "accounts", before=before, limit=1):
            seen += [(change.what, change.period.right.record_id, change.at.day) for change in page]
            before = page[-1].cursor
        assert len(ledger.changes(tx, "accounts", with_baseline=True)) == 5
        since = ledger.changes(tx, "accounts", since=STARTED_AT + timedelta(days=1, hours=12))
    assert seen == [("ended", "R1", 3), ("began", "R3", 2), ("ended", "R2", 2)]
    assert [change.what for change in since] == ["ended"]


def test_who_may_not_run_or_push_does_not_write_the_ledger(database: Database, tmp_path: Path) -> None:
    run = RunFile(tmp_path).write()
    with database.begin() as tx:
        with pytest.raises(NotAllowedError):
            ledger.update_from_run(tx, EVE, run)
        with pytest.raises(NotAllowedError):
            ledger.update_from_push(tx, EVE, change_set(), reconciliation(), [], at=STARTED_AT)
