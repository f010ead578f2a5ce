"""What the accepted judgements of a run ask for: the input of a change set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection as Transaction

from reconcile.model import ExceptionKind, Side, Verdict
from reconcile.reviewing.opening import CONCERNED_SQL, ExceptionRow, OpenRun, among
from reconcile.reviewing.standing import Memory, Standing, standing_of
from reconcile.state import judgements
from reconcile.state.judgements import StoredJudgement


@dataclass(frozen=True, slots=True)
class Decided:
    """One decided exception: the verdict, and the pair that it is about.

    Attributes:
        left_id, right_id: of the picked pair where another one was picked, else of the pair in question; None where
            the exception names no such record. Of duplicates both are None and `members` counts.
        shown: the pair in question, when another one was picked.
        members: of duplicates, the records that are one customer; with "different", all of the cluster.
    """

    exception_id: str
    kind: ExceptionKind
    side: Side | None
    left_id: str | None
    right_id: str | None
    verdict: Verdict
    note: str
    person_id: str
    person_name: str
    made_at: datetime
    decision_id: str
    shown: tuple[str | None, str | None] | None = None
    members: tuple[str, ...] = ()


def decisions_for_change_set(tx: Transaction, opened: OpenRun) -> tuple[Decided, ...]:
    """Every exception of the run that stands decided as "same" or "different", by rank.

    Left out are those undecided or unsure, and those decided on evidence that has changed since.
    """
    said = judgements.standing(tx, opened.run.reconciliation_id)
    memory = Memory(opened, said)
    exceptions = opened.exceptions(_concerned(opened, said))
    found = {each.exception_id: standing_of(opened, each, memory) for each in exceptions}
    return tuple(
        _decided(exception, found[exception.exception_id])
        for exception in exceptions
        if found[exception.exception_id].status in ("same", "different")
    )


def _concerned(opened: OpenRun, said: Iterable[StoredJudgement]) -> list[str]:
    """The exceptions that have a record in common with the judgements: few, where all of the run are many."""
    records = {ref.record_id for row in said for ref in (row.judgement.left, row.judgement.right)} - {""}
    wanted = among("record_id", sorted(records))
    sql = f"SELECT DISTINCT exception_id FROM ({CONCERNED_SQL}) WHERE {wanted.sql}"
    return [exception_id for (exception_id,) in opened.query(sql, wanted.parameters)]


def _decided(exception: ExceptionRow, standing: Standing) -> Decided:
    if standing.verdict is None or standing.person_id is None or standing.made_at is None or not standing.decision_id:
        raise ValueError(f"{exception.exception_id} is decided by nobody")  # a decided standing always has all four
    pair = standing.chosen or (exception.left_id, exception.right_id)
    is_cluster = exception.kind == "duplicate"
    return Decided(
        exception_id=exception.exception_id,
        kind=exception.kind,
        side=exception.side,
        left_id=None if is_cluster else pair[0],
        right_id=None if is_cluster else pair[1],
        verdict=standing.verdict,
        note=standing.note,
        person_id=standing.person_id,
        person_name=standing.person_name or standing.person_id,
        made_at=standing.made_at,
        decision_id=standing.decision_id,
        shown=(exception.left_id, exception.right_id) if standing.chosen else None,
        members=(standing.members or exception.members) if is_cluster else (),
    )
