"""Judging exceptions: what is written down, what is refused, undo, claims, and what outlives a re-run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from reconcile import audit
from reconcile.errors import ClaimedError, ConflictError, InputError, NotAllowedError, ReconcileError, StateError
from reconcile.model import Person, Verdict
from reconcile.reviewing import (
    Decision,
    OpenRun,
    Queue,
    QueueFilter,
    Standing,
    claim_exception,
    decisions_for_change_set,
    exception_card,
    exception_ids,
    judge,
    judge_many,
    open_queue,
    open_run,
    release_exception,
    standings,
    undo,
    undo_last,
    undo_many,
)
from reconcile.state import audit as audit_rows
from reconcile.state import claims, judgements
from reconcile.state.database import Database
from tests.run_files import RunFile
from tests.unit.reviewing.people import ANA, BEN, EVE, add_people


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OpenRun, dict[str, str]]]:
    """One run with an exception of each kind of shape; and their ids by a short name."""
    file = world(tmp_path_factory.mktemp("run"))
    ids = exceptions(file)
    run = open_run(file.write())
    yield run, ids
    run.close()


def world(folder: Path, number: int = 1, *, r2_name: str = "Beta GmbH") -> RunFile:
    file = RunFile(folder, number)
    for record_id, name in (("L1", "Acme"), ("L2", "Beta"), ("L3", "Gamma"), ("L4", "Gamma Inc"), ("L5", "Gamma AG")):
        file.left(record_id, name=name)
    for record_id, name in (("R1", "Acme Ltd"), ("R2", r2_name), ("R3", "Delta"), ("R4", "Epsilon")):
        file.right(record_id, name=name)
    return file


def exceptions(file: RunFile) -> dict[str, str]:
    return {
        "one_sided": file.exception("one_sided", "L1", "R1"),
        "unlinked": file.exception("unlinked", "L2", "R2"),
        "dangling": file.exception("dangling", "L3", "dead", side="left"),
        "unmatched": file.exception("unmatched", None, "R3", side="right"),
        "duplicate": file.exception("duplicate", side="left", members=("L3", "L4", "L5")),
    }


@dataclass
class Desk:
    """Where an analyst sits in these tests: a run, the short names of its exceptions, and a database."""

    database: Database
    run: OpenRun
    ids: dict[str, str]

    def say(
        self, name: str, verdict: Verdict, *, expected: str | None = None, actor: Person = ANA, **choice: Any
    ) -> Decision:
        with self.database.begin() as tx:
            return judge(tx, actor, self.run, self.ids[name], verdict, expected=expected, **choice)

    def look(self, name: str) -> Standing:
        with self.database.read() as tx:
            return standings(tx, self.run)[self.ids[name]]


@pytest.fixture
def desk(database: Database, opened: tuple[OpenRun, dict[str, str]]) -> Desk:
    add_people(database)
    return Desk(database, *opened)


@pytest.mark.parametrize(
    ("name", "verdict", "choice", "expected"),
    [
        ("one_sided", "same", {}, ("same", None)),
        ("one_sided", "different", {}, ("different", None)),
        ("unlinked", "unsure", {}, ("unsure", None)),
        ("unlinked", "same", {"chosen": ("L2", "R2")}, ("same", None)),
        ("unlinked", "same", {"chosen": ("L2", "R4")}, ("same", ("L2", "R4"))),
        ("dangling", "different", {}, ("different", None)),
        ("dangling", "same", {"chosen": ("L3", "R4")}, ("same", ("L3", "R4"))),
        ("unmatched", "different", {}, ("different", None)),
        ("unmatched", "same", {"chosen": ("L5", "R3")}, ("same", ("L5", "R3"))),
        ("duplicate", "same", {}, ("same", None)),
        ("duplicate", "different", {}, ("different", None)),
        ("duplicate", "unsure", {}, ("unsure", None)),
    ],
)
def test_a_judgement_is_remembered(
    desk: Desk, name: str, verdict: Verdict, choice: dict[str, Any], expected: tuple[str, object]
) -> None:
    decision = desk.say(name, verdict, note="because", **choice)
    found = desk.look(name)
    assert (found.status, found.chosen) == expected
    assert (found.note, found.person_name, found.decision_id) == ("because", "Ana", decision.decision_id)
    assert decision.chosen == found.chosen


@pytest.mark.parametrize(
    ("name", "verdict", "choice", "said"),
    [
        ("dangling", "same", {}, "customer dead is not there"),
        ("unmatched", "same", {}, "shows one record only"),
        ("unlinked", "same", {"chosen": ("L2", "R9")}, "no customer 'R9'"),
        ("unlinked", "same", {"chosen": ("L1", "R1")}, "no record in common"),
        ("unlinked", "different", {"chosen": ("L2", "R4")}, "the verdict must say so too"),
        ("unlinked", "same", {"members": ("L2",)}, "Only duplicates have members"),
        ("duplicate", "same", {"chosen": ("L3", "L4")}, "judged by their members"),
        ("duplicate", "same", {"members": ("L3", "L1")}, "'L1' is no member"),
        ("duplicate", "same", {"members": ("L3",)}, "two at least"),
        ("unlinked", "same", {"note": "x" * 4001}, "4001 characters"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(
    desk: Desk, name: str, verdict: Verdict, choice: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        desk.say(name, verdict, **choice)
    assert desk.look(name).status == "undecided"


def test_members_of_a_cluster_may_be_told_apart(
    desk: Desk,
) -> None:
    desk.say("duplicate", "same", members=("L3", "L5"))
    found = desk.look("duplicate")
    assert (found.status, found.members) == ("same", ("L3", "L5"))
    with desk.database.read() as tx:
        said = {
            (r.judgement.left.record_id, r.judgement.right.record_id): r.judgement.verdict
            for r in judgements.standing(tx, "accounts")
        }
    assert said == {("L3", "L4"): "different", ("L3", "L5"): "same", ("L4", "L5"): "different"}


def test_only_an_analyst_judges(desk: Desk) -> None:
    run, ids = desk.run, desk.ids
    with pytest.raises(NotAllowedError, match="Eve may not judge exceptions: that takes an analyst"):
        desk.say("unlinked", "same", actor=EVE)
    decision = desk.say("unlinked", "same")
    attempts: list[Callable[..., object]] = [
        lambda tx: judge_many(tx, EVE, run, list(ids.values()), "different"),
        lambda tx: undo(tx, EVE, decision.decision_id),
        lambda tx: undo_last(tx, EVE, "accounts"),
        lambda tx: claim_exception(tx, EVE, run, ids["unlinked"]),
    ]
    for attempt in attempts:
        with pytest.raises(NotAllowedError), desk.database.begin() as tx:
            attempt(tx)


def test_one_must_have_seen_the_decision_that_one_replaces(
    desk: Desk,
) -> None:
    first = desk.say("unlinked", "same")
    with pytest.raises(ConflictError):
        desk.say("unlinked", "different", actor=BEN)
    second = desk.say("unlinked", "different", actor=BEN, expected=first.decision_id)
    with pytest.raises(ConflictError):
        desk.say("unlinked", "unsure", expected=first.decision_id)
    found = desk.look("unlinked")
    assert (found.status, found.person_name, found.decision_id) == ("different", "Ben", second.decision_id)


def test_undo_takes_back_a_whole_decision_and_brings_back_what_it_replaced(
    desk: Desk,
) -> None:
    first = desk.say("unlinked", "same", note="first")
    second = desk.say("unlinked", "same", chosen=("L2", "R4"), expected=first.decision_id)
    with desk.database.begin() as tx:
        assert undo(tx, BEN, second.decision_id) == desk.ids["unlinked"]
    found = desk.look("unlinked")
    assert (found.status, found.chosen, found.note, found.person_id) == ("same", None, "first", "ana")
    with pytest.raises(StateError, match="undone or replaced already"), desk.database.begin() as tx:
        undo(tx, ANA, second.decision_id)
    with desk.database.begin() as tx:
        undo(tx, ANA, first.decision_id)
        assert judgements.standing(tx, "accounts") == ()
    assert desk.look("unlinked").status == "undecided"


def test_undo_last_goes_back_step_by_step(desk: Desk) -> None:
    desk.say("unlinked", "same")
    desk.say("unmatched", "different", actor=BEN)
    desk.say("one_sided", "same")
    ids = desk.ids
    with desk.database.begin() as tx:
        assert [undo_last(tx, ANA, "accounts") for _ in range(3)] == [ids["one_sided"], ids["unlinked"], None]
    assert desk.look("unmatched").status == "different"


def test_a_record_is_given_to_one_partner_only(
    desk: Desk,
) -> None:
    desk.say("unlinked", "same", chosen=("L2", "R3"))
    with pytest.raises(StateError, match="R3 is judged to be the same as L2"):
        desk.say("dangling", "same", chosen=("L3", "R3"))
    # The unmatched record is answered by the choice that was made on the other screen.
    found = desk.look("unmatched")
    assert (found.status, found.chosen) == ("same", ("L2", "R3"))


def test_a_claim_keeps_others_from_deciding(
    desk: Desk,
) -> None:
    run, ids = desk.run, desk.ids
    with desk.database.begin() as tx:
        claim_exception(tx, ANA, run, ids["unlinked"])
        claim_exception(tx, ANA, run, ids["unlinked"])
    with pytest.raises(ClaimedError, match="being worked on by Ana"):
        desk.say("unlinked", "same", actor=BEN)
    with pytest.raises(ClaimedError, match="Ana"), desk.database.begin() as tx:
        claim_exception(tx, BEN, run, ids["unlinked"])
    with desk.database.read() as tx:
        claim = exception_card(tx, run, ids["unlinked"]).claim
    assert claim is not None
    assert claim.person_name == "Ana"
    desk.say("unlinked", "same")
    with desk.database.begin() as tx:
        assert claims.list_claims(tx) == ()
        claim_exception(tx, BEN, run, ids["unlinked"])
        release_exception(tx, ANA, run, ids["unlinked"])  # not hers: nothing happens
        assert [claim.person_id for claim in claims.list_claims(tx)] == ["ben"]
        release_exception(tx, BEN, run, ids["unlinked"])
        assert claims.list_claims(tx) == ()


def test_a_claim_that_was_not_renewed_ends_by_itself(
    desk: Desk,
) -> None:
    run, ids = desk.run, desk.ids
    with desk.database.begin() as tx:
        claim_exception(tx, ANA, run, ids["unlinked"], lease_s=0)
    desk.say("unlinked", "same", actor=BEN)


def test_of_two_who_decide_at_once_one_wins(desk: Desk) -> None:
    run, ids = desk.run, desk.ids
    both = threading.Barrier(2)
    outcomes: list[str] = []

    def decide(actor: Person, verdict: Verdict) -> None:
        def work(tx: sa.Connection) -> Decision:
            return judge(tx, actor, run, ids["unlinked"], verdict, expected=None)

        both.wait(10)
        try:
            outcomes.append(desk.database.write(work).verdict)
        except ReconcileError as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=decide, args=choice) for choice in ((ANA, "same"), (BEN, "different"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) in (["ConflictError", "same"], ["ConflictError", "different"])
    with desk.database.read() as tx:
        assert len(judgements.standing(tx, "accounts")) == 1


def test_many_are_judged_at_once_and_undone_one_by_one(
    desk: Desk,
) -> None:
    run, ids = desk.run, desk.ids
    desk.say("one_sided", "different")
    with desk.database.begin() as tx:
        claim_exception(tx, BEN, run, ids["duplicate"])
        outcome = judge_many(tx, ANA, run, [*ids.values(), "exc_nowhere"], "same", note="bulk")
    assert [decision.exception_id for decision in outcome.decisions] == [ids["unlinked"]]
    assert {exception_id: why.split(".")[0] for exception_id, why in outcome.left_alone} == {
        "exc_nowhere": "It is not in this run",
        ids["one_sided"]: "This is decided by Ana; it cannot be decided again here",
        ids["dangling"]: "This cannot be accepted: customer dead is not there",
        ids["unmatched"]: "This cannot be accepted: it shows one record only",
        ids["duplicate"]: "This is being worked on by Ben; it cannot be decided",
    }
    with desk.database.begin() as tx:
        undo(tx, ANA, outcome.decisions[0].decision_id)
    assert desk.look("unlinked").status == "undecided"


def test_a_batch_is_taken_back_as_far_as_it_still_stands(desk: Desk) -> None:
    queue = open_desk_queue(desk)
    chosen = QueueFilter(kinds=frozenset({"unlinked", "one_sided"}), statuses=frozenset({"undecided"}))
    with desk.database.begin() as tx:
        wanted = exception_ids(tx, queue, chosen, limit=10)
        assert sorted(wanted) == sorted([desk.ids["unlinked"], desk.ids["one_sided"]])
        assert exception_ids(tx, queue, chosen, limit=1) == wanted[:1]
        outcome = judge_many(tx, ANA, desk.run, wanted, "same")
        assert exception_ids(tx, queue, chosen, limit=10) == []
    decisions = [decision.decision_id for decision in outcome.decisions]
    with desk.database.begin() as tx:
        undo(tx, ANA, decisions[0])
        assert undo_many(tx, ANA, decisions) == 1
    assert [desk.look(kind).status for kind in ("unlinked", "one_sided")] == ["undecided"] * 2
    with desk.database.begin() as tx, pytest.raises(NotAllowedError):
        undo_many(tx, EVE, decisions)


def open_desk_queue(desk: Desk) -> Queue:
    with desk.database.read() as tx:
        return open_queue(desk.run, tx)


# What outlives a re-run ---------------------------------------------------------------------------------------------


def test_a_judgement_outlives_a_rerun_and_a_changed_evidence_reopens_it(desk: Desk, tmp_path: Path) -> None:
    desk.say("unlinked", "different", note="two firms")
    desk.say("one_sided", "same")
    desk.say("unmatched", "same", chosen=("L5", "R3"))
    desk.say("duplicate", "different")
    for number, r2_name, expected in ((2, "Beta GmbH", "different"), (3, "Beta Holding", "undecided")):
        file = world(tmp_path / str(number), number, r2_name=r2_name)
        ids = exceptions(file)
        again = open_run(file.write())
        with desk.database.read() as tx:
            found = standings(tx, again)
            card = exception_card(tx, again, ids["unlinked"])
        rejected = found[ids["unlinked"]]
        assert rejected == card.standing
        assert (rejected.status, rejected.verdict, rejected.is_changed) == (expected, "different", number == 3)
        assert rejected.note == "two firms"
        others = {name: found[ids[name]].status for name in ("one_sided", "unmatched", "duplicate")}
        assert others == {"one_sided": "same", "unmatched": "same", "duplicate": "different"}
        again.close()


def test_a_pair_judged_as_one_kind_stays_judged_as_another(desk: Desk, tmp_path: Path) -> None:
    desk.say("unlinked", "different")
    file = world(tmp_path / "2", 2)
    contradicted = file.exception("contradicted", "L2", "R2")
    again = open_run(file.write())
    with desk.database.read() as tx:
        assert standings(tx, again)[contradicted].status == "different"
    again.close()


def test_a_cluster_that_gained_a_member_comes_back(desk: Desk, tmp_path: Path) -> None:
    desk.say("duplicate", "same")
    file = world(tmp_path / "2", 2)
    file.left("L6", name="Gamma Group")
    grown = file.exception("duplicate", side="left", members=("L3", "L4", "L5", "L6"))
    again = open_run(file.write())
    with desk.database.read() as tx:
        found = standings(tx, again)[grown]
    assert (found.status, found.verdict, found.is_changed) == ("undecided", "same", True)
    again.close()


def test_many_right_records_may_share_a_left_one_where_the_definition_says_so(desk: Desk, tmp_path: Path) -> None:
    file = RunFile(tmp_path, cardinality="n:1")
    file.left("L1", name="Acme")
    for record_id in ("R1", "R2"):
        file.right(record_id, name="Acme")
    ids = [file.exception("unlinked", "L1", record_id) for record_id in ("R1", "R2")]
    run = open_run(file.write())
    with desk.database.begin() as tx:
        outcome = judge_many(tx, ANA, run, ids, "same")
    assert len(outcome.decisions) == 2
    run.close()


# What a change set is made of, and the audit log ----------------------------------------------------------------------


def test_decisions_for_a_change_set(desk: Desk) -> None:
    desk.say("one_sided", "same", note="yes")
    desk.say("unlinked", "unsure")
    desk.say("dangling", "same", chosen=("L3", "R4"), actor=BEN)
    desk.say("duplicate", "same", members=("L4", "L5"))
    with desk.database.read() as tx:
        found = decisions_for_change_set(tx, desk.run)
    assert [(d.kind, d.left_id, d.right_id, d.verdict, d.note, d.person_id, d.shown, d.members) for d in found] == [
        ("one_sided", "L1", "R1", "same", "yes", "ana", None, ()),
        ("dangling", "L3", "R4", "same", "", "ben", ("L3", "dead"), ()),
        ("duplicate", None, None, "same", "", "ana", None, ("L4", "L5")),
    ]


def test_every_act_is_in_the_audit_log(desk: Desk) -> None:
    decision = desk.say("unlinked", "same", chosen=("L2", "R4"), note="seen it")
    with desk.database.begin() as tx:
        undo(tx, BEN, decision.decision_id)
        judge_many(tx, ANA, desk.run, [desk.ids["unlinked"]], "different")
        rows = audit_rows.list_rows(tx)
        assert audit.verify(tx) is None
    assert [(row.person_id, row.action, row.subject) for row in reversed(rows)] == [
        ("ana", "judge exception", desk.ids["unlinked"]),
        ("ben", "undo judgement", desk.ids["unlinked"]),
        ("ana", "judge exceptions", "accounts"),
    ]
    assert rows[-1].detail["pairs"] == [["L2", "R4", "same"], ["L2", "R2", "different"]]
