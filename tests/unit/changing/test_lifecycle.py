"""A change set from draft to approval: roles, the second person, revisions, and what was approved."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from reconcile.audit import verify as verify_audit
from reconcile.changing import lifecycle
from reconcile.changing.approval import digest, require_as_approved
from reconcile.changing.lease import hold_lease
from reconcile.errors import ClaimedError, ConflictError, DefinitionError, NotAllowedError, StateError, UnknownNameError
from reconcile.model import ChangeSet, Operation, Person, Policy
from reconcile.state import audit, change_sets
from reconcile.state.database import Database
from reconcile.state.tables import journal, operations
from tests.unit.changing.people import ANALYST, APPROVER, AUDITOR, BOTH, add_people, operation, plan_of


def draft(database: Database, *made: Operation, author: Person = ANALYST, policy: Policy | None = None) -> ChangeSet:
    plan = plan_of(*(made or (operation(0), operation(1))))
    with database.begin() as tx:
        return lifecycle.create(tx, author, "Links of May", plan, policy=policy)


def approved(database: Database, *made: Operation) -> ChangeSet:
    change_set = draft(database, *made)
    with database.begin() as tx:
        change_set = lifecycle.submit(tx, ANALYST, change_set.id, change_set.revision)
        return lifecycle.approve(tx, APPROVER, change_set.id, change_set.revision)


def test_a_draft_is_kept_with_its_operations_in_order(database: Database) -> None:
    add_people(database)
    made = draft(database, operation(0, stage=0, request="move:a:x"), operation(1))
    with database.read() as tx:
        found, listed = change_sets.get(tx, made.id), change_sets.overview(tx)
        assert found == made
        assert [each.id for each in change_sets.operations(tx, made.id)] == ["op0", "op1"]
        assert change_sets.operations(tx, made.id)[0].requests == ("move:a:x",)
    assert (found.state, found.author_id, found.link_share, found.revision) == ("draft", "ann", 0.01, 1)
    assert [(each.change_set, each.counts, each.operations) for each in listed] == [(made, {"pending": 2}, 2)]


def test_the_same_click_twice_makes_one_set(database: Database) -> None:
    add_people(database)
    made = set()
    for _ in range(2):
        with database.begin() as tx:
            made.add(lifecycle.create(tx, ANALYST, "Once", plan_of(operation(0)), request_key="click 7").id)
    assert len(made) == 1


def test_from_draft_to_approved_each_step_in_the_audit_log(database: Database) -> None:
    add_people(database)
    made = approved(database)
    assert (made.state, made.approver_id, made.revision) == ("approved", "bob", 3)
    with database.read() as tx:
        rows = [row for row in audit.stream(tx) if row.subject == made.id]
        assert [(row.person_id, row.action) for row in rows] == [
            ("ann", "draft change set"),
            ("ann", "submit change set"),
            ("bob", "approve change set"),
        ]
        assert rows[-1].detail["hash"] == made.approved_hash == digest(change_sets.operations(tx, made.id))
        assert verify_audit(tx) is None
        require_as_approved(made, change_sets.operations(tx, made.id))


@pytest.mark.parametrize(
    ("actor", "second_person", "others", "is_allowed"),
    [
        (BOTH, True, (APPROVER,), False),  # wrote it, and somebody else could approve
        (BOTH, True, (), True),  # the only person there is
        (BOTH, False, (APPROVER,), True),  # the policy asks for one person only
    ],
)
def test_nobody_approves_their_own_set_where_the_policy_asks_for_two(
    database: Database, actor: Person, second_person: bool, others: tuple[Person, ...], is_allowed: bool
) -> None:
    add_people(database, actor, *others)
    made = draft(database, author=actor, policy=Policy(second_person=second_person))
    with database.begin() as tx:
        made = lifecycle.submit(tx, actor, made.id, made.revision)
    if is_allowed:
        with database.begin() as tx:
            assert lifecycle.approve(tx, actor, made.id, made.revision).state == "approved"
    else:
        with pytest.raises(NotAllowedError, match="second person"), database.begin() as tx:
            lifecycle.approve(tx, actor, made.id, made.revision)


Act = Callable[[sa.Connection, Person, ChangeSet], object]


@pytest.mark.parametrize(
    ("act", "actor"),
    [
        (lambda tx, actor, _: lifecycle.create(tx, actor, "x", plan_of()), APPROVER),
        (lambda tx, actor, made: lifecycle.submit(tx, actor, made.id, made.revision), APPROVER),
        (lambda tx, actor, made: lifecycle.add(tx, actor, made.id, made.revision, plan_of()), BOTH),
        (lambda tx, actor, made: lifecycle.remove(tx, actor, made.id, made.revision, ["op0"]), BOTH),
        (lambda tx, actor, made: lifecycle.discard(tx, actor, made.id, made.revision), BOTH),
        (lambda tx, actor, made: lifecycle.pause(tx, actor, made.id), AUDITOR),
        (lambda tx, actor, made: lifecycle.stop(tx, actor, made.id), AUDITOR),
        (lambda tx, actor, made: lifecycle.resume(tx, actor, made.id), AUDITOR),
        (lambda tx, actor, made: lifecycle.retry(tx, actor, made.id), AUDITOR),
        (lambda tx, actor, _: lifecycle.drop(tx, actor, ["op0"]), APPROVER),
    ],
)
def test_who_lacks_the_role_or_is_not_the_author_is_refused(database: Database, act: Act, actor: Person) -> None:
    add_people(database)
    made = draft(database)
    with pytest.raises(NotAllowedError), database.begin() as tx:
        act(tx, actor, made)
    with database.read() as tx:
        assert change_sets.get(tx, made.id) == made


def test_an_approval_of_something_else_than_was_seen_is_a_conflict(database: Database) -> None:
    add_people(database)
    made = draft(database)
    with database.begin() as tx:
        seen = lifecycle.submit(tx, ANALYST, made.id, made.revision)
    with database.begin() as tx:
        back = lifecycle.reject(tx, APPROVER, made.id, seen.revision, "Not these.")
        assert (back.state, back.note) == ("draft", "Not these.")
        grown = lifecycle.add(tx, ANALYST, made.id, back.revision, plan_of(operation(7)))
        lifecycle.submit(tx, ANALYST, made.id, grown.revision)
    with pytest.raises(ConflictError), database.begin() as tx:
        lifecycle.approve(tx, APPROVER, made.id, seen.revision)


def test_of_two_people_who_act_at_once_one_wins(database: Database) -> None:
    add_people(database)
    made = draft(database)
    with database.begin() as tx:
        made = lifecycle.submit(tx, ANALYST, made.id, made.revision)
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def act(step: Callable[..., ChangeSet]) -> None:
        ready.wait()
        try:
            with database.begin() as tx:
                outcomes.append(step(tx, APPROVER, made.id, made.revision).state)
        except ConflictError:
            outcomes.append("conflict")

    threads = [threading.Thread(target=act, args=(step,)) for step in (lifecycle.approve, lifecycle.reject)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "conflict" in outcomes
    assert len(outcomes) == 2
    with database.read() as tx:
        assert change_sets.get(tx, made.id).state in outcomes


@pytest.mark.parametrize("column", ["after", "before", "record_id", "stage", "fingerprint"])
def test_a_set_that_reads_otherwise_than_approved_does_not_pass(database: Database, column: str) -> None:
    add_people(database)
    made = approved(database)
    new = {"after": {"Link": "evil"}, "before": {"Link": "x"}, "record_id": "r9", "stage": 2, "fingerprint": "other"}
    with database.begin() as tx:
        tx.execute(sa.update(operations).where(operations.c.id == "op0").values({column: new[column]}))
    with database.read() as tx, pytest.raises(StateError, match="not what was approved"):
        require_as_approved(made, change_sets.operations(tx, made.id))


def test_an_empty_set_is_not_submitted_and_what_is_as_wanted_is_left_out(database: Database) -> None:
    add_people(database)
    made = draft(database, operation(0, after="old"))
    with pytest.raises(StateError, match="empty"), database.begin() as tx:
        lifecycle.submit(tx, ANALYST, made.id, made.revision)
    with database.begin() as tx:
        grown = lifecycle.add(tx, ANALYST, made.id, made.revision, plan_of(operation(1)))
        lifecycle.submit(tx, ANALYST, made.id, grown.revision)
        assert [each.id for each in change_sets.operations(tx, made.id)] == ["op1"]


def test_adding_what_contradicts_the_draft_is_refused_and_changes_nothing(database: Database) -> None:
    add_people(database)
    made = draft(database, operation(0, record="r"))
    with pytest.raises(DefinitionError, match="two values"), database.begin() as tx:
        lifecycle.add(tx, ANALYST, made.id, made.revision, plan_of(operation(1, record="r", after="newer")))
    with database.read() as tx:
        assert change_sets.get(tx, made.id) == made


def test_a_request_leaves_a_draft_whole(database: Database) -> None:
    add_people(database)
    made = draft(
        database,
        operation(0, stage=0, request="move:a:x"),
        operation(1, stage=1, request="move:a:x"),
        operation(2, stage=1, request="move:b:y"),
    )
    assert made.link_share == pytest.approx(0.02)
    with database.begin() as tx:
        left = lifecycle.remove(tx, ANALYST, made.id, made.revision, ["op1"])
        assert [(each.id, each.position) for each in change_sets.operations(tx, made.id)] == [("op2", 0)]
    assert left.link_share == pytest.approx(0.01)


def test_a_submitted_set_is_neither_edited_nor_discarded(database: Database) -> None:
    add_people(database)
    made = draft(database)
    with database.begin() as tx:
        made = lifecycle.submit(tx, ANALYST, made.id, made.revision)
    for act in (
        lambda tx: lifecycle.add(tx, ANALYST, made.id, made.revision, plan_of(operation(5))),
        lambda tx: lifecycle.remove(tx, ANALYST, made.id, made.revision, ["op0"]),
        lambda tx: lifecycle.discard(tx, ANALYST, made.id, made.revision),
    ):
        with pytest.raises(StateError, match="submitted"), database.begin() as tx:
            act(tx)


def test_a_discarded_draft_is_gone_but_for_the_audit_log(database: Database) -> None:
    add_people(database)
    made = draft(database)
    with database.begin() as tx:
        lifecycle.discard(tx, ANALYST, made.id, made.revision)
    with database.read() as tx:
        with pytest.raises(UnknownNameError):
            change_sets.get(tx, made.id)
        assert [row.action for row in audit.stream(tx)][-1] == "discard change set"


def test_stopping_withholds_what_was_not_sent_and_nothing_else(database: Database) -> None:
    add_people(database)
    made = approved(database, operation(0), operation(1), operation(2))
    with database.begin() as tx:
        lifecycle.step(tx, ANALYST, lifecycle.load(tx, made.id, None, "pushed"), "start")
        assert change_sets.mark_sending(tx, made.id, ["op0"])
    with database.begin() as tx:
        assert lifecycle.stop(tx, AUDITOR_WHO_MAY_STOP, made.id, note="Wrong field.").note == "Wrong field."
    with database.read() as tx:
        assert change_sets.count_operations(tx, made.id) == {"sending": 1, "skipped": 2}
        assert {each.error_code for each in change_sets.operations(tx, made.id)} == {"", lifecycle.STOPPED}


AUDITOR_WHO_MAY_STOP = Person("bob", "Bob", frozenset({"administrator"}))


def test_dropping_what_failed_settles_the_set(database: Database) -> None:
    add_people(database)
    made = approved(database, operation(0, stage=0, request="r"), operation(1, request="r"), operation(2))
    codes = {"op0": ("stale", ""), "op1": ("skipped", lifecycle.EARLIER_STEP), "op2": ("verified", "")}
    with database.begin() as tx:
        for each in change_sets.operations(tx, made.id):
            state, code = codes[each.id]
            change_sets.move_operation(tx, each, state, error_code=code)  # type: ignore[arg-type]  # from the table above
        started = lifecycle.step(tx, ANALYST, lifecycle.load(tx, made.id, None, "pushed"), "start")
        assert lifecycle.ending(change_sets.operations(tx, made.id)) == "finish_failed"
        lifecycle.step(tx, ANALYST, started, "finish_failed")
    with database.begin() as tx:
        lifecycle.drop(tx, ANALYST, ["op0"])
    with database.read() as tx:
        assert change_sets.get(tx, made.id).state == "verified"
        assert [each.error_code for each in change_sets.operations(tx, made.id)] == ["DROPPED", "DROPPED", ""]


def test_an_operation_is_taken_for_sending_once(database: Database) -> None:
    add_people(database)
    made = approved(database)
    with database.begin() as tx:
        assert change_sets.mark_sending(tx, made.id, ["op0", "op1"])
        assert not change_sets.mark_sending(tx, made.id, ["op1"])
        assert [each.attempts for each in change_sets.operations(tx, made.id)] == [1, 1]


def test_the_journal_only_grows(database: Database) -> None:
    add_people(database)
    made = approved(database)
    with database.begin() as tx:
        [first, second] = change_sets.operations(tx, made.id)
        change_sets.write_journal(tx, "intent", [(first, {"after": {"Link": None}}, None), (second, None, None)])
        change_sets.write_journal(tx, "answer", [(first, None, {"outcome": "accept"})])
    for statement in (sa.delete(journal), sa.update(journal).values(event="intent")):
        with pytest.raises(sa.exc.IntegrityError), database.begin() as tx:
            tx.execute(statement)
    with database.read() as tx:
        entries = change_sets.read_journal(tx, made.id, operation_id="op0")
    assert [(each.event, each.request, each.response) for each in entries] == [
        ("intent", {"after": {"Link": None}}, None),
        ("answer", None, {"outcome": "accept"}),
    ]


def test_one_process_holds_the_lease_and_an_expired_one_is_taken_over(database: Database) -> None:
    add_people(database)
    made = approved(database)
    with hold_lease(database, made.id, 30) as lease:
        with pytest.raises(ClaimedError), hold_lease(database, made.id, 30):
            pass
        with database.begin() as tx:
            lease.require(tx)
    with database.begin() as tx:
        assert change_sets.take_lease(tx, made.id, "elsewhere/1/2/3", 0.0)
    with hold_lease(database, made.id, 30) as lease:
        with database.begin() as tx:
            assert change_sets.take_lease(tx, made.id, "elsewhere/1/2/3", 30, dead_owner=lease.owner)
        with pytest.raises(ConflictError), database.begin() as tx:
            lease.require(tx)
    with database.read() as tx:
        assert change_sets.lease_owner(tx, made.id) == "elsewhere/1/2/3"


def test_a_lease_is_kept_alive_while_its_process_works(database: Database) -> None:
    add_people(database)
    made = approved(database)
    pause = threading.Event()
    with hold_lease(database, made.id, 0.6):
        pause.wait(1.5)
        with database.begin() as tx:
            assert not change_sets.take_lease(tx, made.id, "elsewhere/1/2/3", 1)


def test_a_lease_that_could_not_be_given_back_does_not_keep_its_own_process_waiting(
    migrated: Path, tmp_path: Path
) -> None:
    path = tmp_path / "reconcile.db"
    shutil.copy(migrated, path)
    database = Database(f"sqlite:///{path}", lock_wait_s=0.1)
    add_people(database)
    made = approved(database)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        with hold_lease(database, made.id, 30):
            other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    with hold_lease(database, made.id, 30) as lease, database.begin() as tx:
        lease.require(tx)
    database.close()
