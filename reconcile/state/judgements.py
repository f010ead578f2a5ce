"""Judgements: what people said of pairs, kept by record ids for good.

A row is never removed. It *stands* until it is withdrawn (undone, or replaced by a later decision); of each pair at
most one judgement stands. What a person decided at once shares a `decision_id`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from reconcile.errors import ConflictError
from reconcile.model import ExceptionKind, Judgement, RecordRef, utc_now
from reconcile.state.tables import judgements, people

_KEYS_PER_STATEMENT = 500  # both databases bound the number of parameters of a statement


@dataclass(frozen=True, slots=True)
class StoredJudgement:
    """A judgement with what it belonged to when it was made.

    Attributes:
        exception_id: what was on the screen; the same exception has the same id in every run.
        withdrawn_decision_id: the decision that replaced it; None when it stands or was undone.
        changed_at: when it last came to stand or ceased to.
    """

    judgement: Judgement
    decision_id: str
    person_name: str
    run_id: str | None = None
    exception_id: str | None = None
    exception_kind: ExceptionKind | None = None
    withdrawn_by: str | None = None
    withdrawn_decision_id: str | None = None
    changed_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    @property
    def stands(self) -> bool:
        """Whether it was neither undone nor replaced."""
        return self.judgement.withdrawn_at is None


def key(left: RecordRef, right: RecordRef) -> str:
    """The pair as one text: the same for the two orders of two records of one object."""
    texts = [f"{ref.connection_id}\x1f{ref.object}\x1f{ref.record_id}" for ref in (left, right)]
    is_one_side = (left.connection_id, left.object) == (right.connection_id, right.object)
    return "\x1e".join(sorted(texts) if is_one_side else texts)


def insert(tx: Transaction, rows: Sequence[StoredJudgement]) -> None:
    """Add judgements, which stand from now on.

    Raises:
        ConflictError: a judgement of one of the pairs stands already.
    """
    if not rows:
        return
    try:
        tx.execute(judgements.insert(), [_values(row) for row in rows])
    except IntegrityError as error:
        raise ConflictError("The judgement of this pair", "changed") from error


def withdraw(tx: Transaction, judgement_ids: Collection[str], *, person_id: str, replaced_by: str | None = None) -> int:
    """Let standing judgements stand no more; gives how many did.

    Args:
        tx: a write transaction.
        judgement_ids: which.
        person_id: who takes them back.
        replaced_by: the decision that replaces them; None when they are undone.
    """
    at, count = utc_now(), 0
    values = {
        "withdrawn_at": at,
        "changed_at": at,
        "withdrawn_by": person_id,
        "withdrawn_decision_id": replaced_by,
        "standing_key": None,
    }
    for ids in _parts(judgement_ids):
        chosen = judgements.c.id.in_(ids) & judgements.c.withdrawn_at.is_(None)
        count += tx.execute(judgements.update().where(chosen).values(values)).rowcount
    return count


def restore(tx: Transaction, rows: Sequence[StoredJudgement]) -> None:
    """Let withdrawn judgements stand again: the decision that replaced them was undone.

    Raises:
        ConflictError: another judgement of one of the pairs stands by now.
    """
    for row in rows:
        values = {
            "withdrawn_at": None,
            "withdrawn_by": None,
            "withdrawn_decision_id": None,
            "changed_at": utc_now(),
            "standing_key": key(row.judgement.left, row.judgement.right),
        }
        try:
            tx.execute(judgements.update().where(judgements.c.id == row.judgement.id).values(values))
        except IntegrityError as error:
            raise ConflictError("The judgement of this pair", "undone") from error


def of_decision(tx: Transaction, decision_id: str) -> tuple[StoredJudgement, ...]:
    """All judgements of one decision, standing or not."""
    return _list(tx, judgements.c.decision_id == decision_id)


def replaced_by(tx: Transaction, decision_id: str) -> tuple[StoredJudgement, ...]:
    """The judgements that the decision replaced."""
    return _list(tx, judgements.c.withdrawn_decision_id == decision_id)


def standing(tx: Transaction, reconciliation_id: str) -> tuple[StoredJudgement, ...]:
    """All judgements of a reconciliation that stand, oldest first."""
    return _list(tx, (judgements.c.reconciliation_id == reconciliation_id) & judgements.c.withdrawn_at.is_(None))


def touching(
    tx: Transaction, reconciliation_id: str, record_ids: Collection[str], *, with_withdrawn: bool = False
) -> tuple[StoredJudgement, ...]:
    """The judgements of pairs in which one of the records takes part, oldest first.

    Ids of both sides are looked for alike; whose id it is must be seen from the row.
    """
    found: dict[str, StoredJudgement] = {}
    for ids in _parts(record_ids):
        is_touched = judgements.c.left_record_id.in_(ids) | judgements.c.right_record_id.in_(ids)
        condition = (judgements.c.reconciliation_id == reconciliation_id) & is_touched
        if not with_withdrawn:
            condition &= judgements.c.withdrawn_at.is_(None)
        found.update((row.judgement.id, row) for row in _list(tx, condition))
    return tuple(sorted(found.values(), key=lambda row: (row.judgement.made_at, row.judgement.id)))


def changed_since(tx: Transaction, reconciliation_id: str, since: datetime) -> tuple[StoredJudgement, ...]:
    """The judgements that came to stand or ceased to at or after `since`, withdrawn ones included."""
    return _list(tx, (judgements.c.reconciliation_id == reconciliation_id) & (judgements.c.changed_at >= since))


def last_decision(tx: Transaction, reconciliation_id: str, person_id: str) -> str | None:
    """The newest decision of a person that still stands; None when there is none."""
    query = (
        sa.select(judgements.c.decision_id)
        .where(
            judgements.c.reconciliation_id == reconciliation_id,
            judgements.c.person_id == person_id,
            judgements.c.withdrawn_at.is_(None),
        )
        .order_by(judgements.c.made_at.desc(), judgements.c.id.desc())
        .limit(1)
    )
    return tx.execute(query).scalar_one_or_none()


def _parts(values: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(set(values))
    for start in range(0, len(ordered), _KEYS_PER_STATEMENT):
        yield ordered[start : start + _KEYS_PER_STATEMENT]


def _list(tx: Transaction, condition: sa.ColumnElement[bool]) -> tuple[StoredJudgement, ...]:
    query = (
        sa.select(judgements, people.c.name.label("person_name"))
        .join(people, people.c.id == judgements.c.person_id)
        .where(condition)
        .order_by(judgements.c.made_at, judgements.c.id)
    )
    return tuple(_stored(row) for row in tx.execute(query))


def _stored(row: Row[tuple[object, ...]]) -> StoredJudgement:
    return StoredJudgement(
        judgement=Judgement(
            id=row.id,
            reconciliation_id=row.reconciliation_id,
            left=RecordRef(row.left_connection_id, row.left_object, row.left_record_id),
            right=RecordRef(row.right_connection_id, row.right_object, row.right_record_id),
            verdict=row.verdict,
            evidence_hash=row.evidence_hash,
            note=row.note,
            person_id=row.person_id,
            made_at=row.made_at,
            withdrawn_at=row.withdrawn_at,
        ),
        decision_id=row.decision_id,
        person_name=row.person_name,
        run_id=row.run_id,
        exception_id=row.exception_id,
        exception_kind=row.exception_kind,
        withdrawn_by=row.withdrawn_by,
        withdrawn_decision_id=row.withdrawn_decision_id,
        changed_at=row.changed_at,
    )


def _values(row: StoredJudgement) -> dict[str, object]:
    said = row.judgement
    return {
        "id": said.id,
        "decision_id": row.decision_id,
        "reconciliation_id": said.reconciliation_id,
        "left_connection_id": said.left.connection_id,
        "left_object": said.left.object,
        "left_record_id": said.left.record_id,
        "right_connection_id": said.right.connection_id,
        "right_object": said.right.object,
        "right_record_id": said.right.record_id,
        "verdict": said.verdict,
        "evidence_hash": said.evidence_hash,
        "note": said.note,
        "person_id": said.person_id,
        "made_at": said.made_at,
        "changed_at": said.made_at,
        "run_id": row.run_id,
        "exception_id": row.exception_id,
        "exception_kind": row.exception_kind,
        "standing_key": key(said.left, said.right),
    }
