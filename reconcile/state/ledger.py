"""Rows of the ledger: one for each unbroken life of a link. What they mean is decided in `reconcile.ledger`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from reconcile.errors import ConflictError
from reconcile.model import RecordRef
from reconcile.state.tables import ledger_runs, links

Beginning = Literal["baseline", "found", "moved", "returned", "pushed"]
Ending = Literal["removed", "moved", "record_gone", "pushed"]
_KEYS_PER_STATEMENT = 500


@dataclass(frozen=True, slots=True)
class Cause:
    """What brought something about: a run saw it, or a change set did it, for a person."""

    at: datetime
    person_id: str
    run_id: str | None = None
    change_set_id: str | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """One unbroken life of a link.

    Attributes:
        seq: grows with every period; 0 before it is stored.
        is_stored_left: the left record names the right one (as last seen).
        beginning: baseline: the first run found it there; found: a later run did; moved: one of its records was linked
            elsewhere until then; returned: the same link had ended before; pushed: a change set made it.
        ended: None while it lives.
        ending: removed: no system names it any more; moved: a record was linked elsewhere; record_gone: one of its
            records is not there any more; pushed: a change set ended it.
    """

    seq: int
    reconciliation_id: str
    left: RecordRef
    right: RecordRef
    is_stored_left: bool
    is_stored_right: bool
    beginning: Beginning
    began: Cause
    ending: Ending | None = None
    ended: Cause | None = None


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What the ledger took in from one run: links that stand after it, and those that changed since the run before."""

    reconciliation_id: str
    run_id: str
    at: datetime
    standing: int
    added: int
    moved: int
    returned: int
    ended: int


def living(tx: Transaction, reconciliation_id: str) -> Iterator[Period]:
    """Every link that lives, oldest first."""
    is_living = (links.c.reconciliation_id == reconciliation_id) & links.c.ended_at.is_(None)
    for row in tx.execute(sa.select(links).where(is_living).order_by(links.c.seq)):
        yield _period(row)


def of_records(tx: Transaction, reconciliation_id: str, record_ids: Collection[str]) -> tuple[Period, ...]:
    """Every period, ended ones included, in which one of the records takes part, oldest first."""
    found: dict[int, Period] = {}
    for ids in _parts(record_ids):
        takes_part = links.c.left_record_id.in_(ids) | links.c.right_record_id.in_(ids)
        query = sa.select(links).where((links.c.reconciliation_id == reconciliation_id) & takes_part)
        found.update((row.seq, _period(row)) for row in tx.execute(query))
    return tuple(found[seq] for seq in sorted(found))


def begin(tx: Transaction, periods: Sequence[Period]) -> None:
    """Add periods that begin.

    Raises:
        ConflictError: one of the links lives already.
    """
    if not periods:
        return
    try:
        tx.execute(links.insert(), [_beginning_values(period) for period in periods])
    except IntegrityError as error:
        raise ConflictError("The ledger", "updated") from error


def end(tx: Transaction, periods: Sequence[Period], ending: Ending, cause: Cause) -> None:
    """Let periods end."""
    values = {
        "ended_at": cause.at,
        "ended_reason": ending,
        "ended_run_id": cause.run_id,
        "ended_change_set_id": cause.change_set_id,
        "ended_person_id": cause.person_id,
        "open_key": None,
    }
    seqs = [period.seq for period in periods]
    for start in range(0, len(seqs), _KEYS_PER_STATEMENT):
        part = seqs[start : start + _KEYS_PER_STATEMENT]
        tx.execute(links.update().where(links.c.seq.in_(part), links.c.ended_at.is_(None)).values(values))


def set_stored(tx: Transaction, period: Period, *, left: bool, right: bool) -> None:
    """Note which sides name the link now."""
    tx.execute(links.update().where(links.c.seq == period.seq).values(is_stored_left=left, is_stored_right=right))


def add_run(tx: Transaction, counts: RunCounts) -> None:
    """Note that a run was taken in.

    Raises:
        ConflictError: it was already.
    """
    values = {name: getattr(counts, name) for name in RunCounts.__dataclass_fields__}
    try:
        tx.execute(ledger_runs.insert().values(values))
    except IntegrityError as error:
        raise ConflictError(f"The ledger's record of {counts.run_id}", "written") from error


def run_counts(tx: Transaction, reconciliation_id: str, *, limit: int = 100) -> tuple[RunCounts, ...]:
    """The runs taken in, newest first."""
    query = (
        sa.select(ledger_runs)
        .where(ledger_runs.c.reconciliation_id == reconciliation_id)
        .order_by(ledger_runs.c.at.desc(), ledger_runs.c.run_id.desc())
        .limit(limit)
    )
    return tuple(RunCounts(**row._mapping) for row in tx.execute(query))  # noqa: SLF001 - its public name


def changes(
    tx: Transaction,
    reconciliation_id: str,
    *,
    before: tuple[datetime, int] | None = None,
    since: datetime | None = None,
    with_baseline: bool = False,
    limit: int = 100,
) -> tuple[tuple[datetime, Literal["began", "ended"], Period], ...]:
    """Beginnings and endings, newest first.

    Args:
        tx: a transaction.
        reconciliation_id: whose links.
        before: (time, seq) of the last change seen: only older ones.
        since: only changes at or after this.
        with_baseline: also what the very first run found.
        limit: changes at most.
    """
    found = []
    for what, at in (("began", links.c.first_seen_at), ("ended", links.c.ended_at)):
        query = sa.select(links).where(links.c.reconciliation_id == reconciliation_id, at.is_not(None))
        if what == "began" and not with_baseline:
            query = query.where(links.c.first_reason != "baseline")
        if since is not None:
            query = query.where(at >= since)
        if before is not None:
            query = query.where((at < before[0]) | ((at == before[0]) & (links.c.seq < before[1])))
        for row in tx.execute(query.order_by(at.desc(), links.c.seq.desc()).limit(limit)):
            period = _period(row)
            found.append((row.first_seen_at if what == "began" else row.ended_at, what, period))
    found.sort(key=lambda change: (change[0], change[2].seq, change[1]), reverse=True)
    return tuple(found[:limit])  # type: ignore[arg-type]  # `what` is one of the two words above


def _key(left: RecordRef, right: RecordRef) -> str:
    return "\x1e".join(f"{ref.connection_id}\x1f{ref.object}\x1f{ref.record_id}" for ref in (left, right))


def _parts(values: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(set(values))
    for start in range(0, len(ordered), _KEYS_PER_STATEMENT):
        yield ordered[start : start + _KEYS_PER_STATEMENT]


def _beginning_values(period: Period) -> dict[str, object]:
    return {
        "reconciliation_id": period.reconciliation_id,
        "left_connection_id": period.left.connection_id,
        "left_object": period.left.object,
        "left_record_id": period.left.record_id,
        "right_connection_id": period.right.connection_id,
        "right_object": period.right.object,
        "right_record_id": period.right.record_id,
        "is_stored_left": period.is_stored_left,
        "is_stored_right": period.is_stored_right,
        "first_seen_at": period.began.at,
        "first_reason": period.beginning,
        "first_run_id": period.began.run_id,
        "first_change_set_id": period.began.change_set_id,
        "first_person_id": period.began.person_id,
        "open_key": _key(period.left, period.right),
    }


def _period(row: Row[tuple[object, ...]]) -> Period:
    ended = None
    if row.ended_at is not None:
        ended = Cause(row.ended_at, row.ended_person_id, row.ended_run_id, row.ended_change_set_id)
    return Period(
        seq=row.seq,
        reconciliation_id=row.reconciliation_id,
        left=RecordRef(row.left_connection_id, row.left_object, row.left_record_id),
        right=RecordRef(row.right_connection_id, row.right_object, row.right_record_id),
        is_stored_left=row.is_stored_left,
        is_stored_right=row.is_stored_right,
        beginning=row.first_reason,
        began=Cause(row.first_seen_at, row.first_person_id, row.first_run_id, row.first_change_set_id),
        ending=row.ended_reason,
        ended=ended,
    )
