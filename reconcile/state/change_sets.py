"""Rows of change sets, their operations, the journal of what was sent, and the lease of who pushes.

Nothing here decides whether a transition is allowed (`reconcile.changing.states`) or who may ask for it
(`reconcile.access`). What is kept here is that two people, or two processes, never both change the same row:
every update names the revision, the state or the lease that it expects.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from reconcile.errors import ConflictError, UnknownNameError
from reconcile.model import ChangeSet, ChangeSetState, Operation, OperationState, Policy, RecordRef, utc_now
from reconcile.state import tables

JournalEvent = Literal["intent", "answer", "read_back", "resolved"]
_IDS_PER_STATEMENT = 500
_sets, _operations, _journal = tables.change_sets, tables.operations, tables.journal


@dataclass(frozen=True, slots=True)
class Listed:
    """A change set with its operations counted by state (states without operations are absent)."""

    change_set: ChangeSet
    changed_at: datetime
    counts: Mapping[OperationState, int]

    @property
    def operations(self) -> int:
        """All operations of the set."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line of the journal: what was to be sent, what was answered, what was read back, or how it was resolved."""

    seq: int
    operation_id: str
    attempt: int
    event: JournalEvent
    request: Mapping[str, Any] | None
    response: Mapping[str, Any] | None
    at: datetime


# Change sets --------------------------------------------------------------------------------------------------------


def insert(tx: Connection, change_set: ChangeSet, *, request_key: str | None = None) -> None:
    """Store a new change set without operations."""
    tx.execute(
        sa.insert(_sets).values(
            id=change_set.id,
            reconciliation_id=change_set.reconciliation_id,
            run_id=change_set.run_id,
            title=change_set.title,
            state=change_set.state,
            author_id=change_set.author_id,
            created_at=change_set.created_at,
            changed_at=change_set.created_at,
            revision=change_set.revision,
            approver_id=change_set.approver_id,
            policy=asdict(change_set.policy),
            reverts_id=change_set.reverts_id,
            link_share=change_set.link_share,
            request_key=request_key,
            approved_hash=change_set.approved_hash,
            note=change_set.note,
        )
    )


def get(tx: Connection, change_set_id: str, *, is_locked: bool = False) -> ChangeSet:
    """The change set of that id; with `is_locked` nobody else changes it until this transaction ends.

    Raises:
        UnknownNameError: there is none.
    """
    query = sa.select(_sets).where(_sets.c.id == change_set_id)
    row = tx.execute(query.with_for_update() if is_locked else query).one_or_none()
    if row is None:
        raise UnknownNameError("change set", change_set_id)
    return _change_set(row)


def find_by_request(tx: Connection, request_key: str) -> ChangeSet | None:
    """The change set that this very request already made, None when it is the first time."""
    row = tx.execute(sa.select(_sets).where(_sets.c.request_key == request_key)).one_or_none()
    return None if row is None else _change_set(row)


def find_reverting(tx: Connection, change_set_id: str) -> list[ChangeSet]:
    """The change sets made to take this one back, oldest first."""
    query = sa.select(_sets).where(_sets.c.reverts_id == change_set_id).order_by(_sets.c.created_at)
    return [_change_set(row) for row in tx.execute(query)]


def list_change_sets(
    tx: Connection, *, states: Collection[ChangeSetState] = (), reconciliation_id: str | None = None, limit: int = 200
) -> list[ChangeSet]:
    """Change sets, newest first. Empty `states` means all."""
    return [
        listed.change_set for listed in overview(tx, states=states, reconciliation_id=reconciliation_id, limit=limit)
    ]


def overview(
    tx: Connection,
    *,
    states: Collection[ChangeSetState] = (),
    reconciliation_id: str | None = None,
    limit: int = 200,
    offset: int = 0,
) -> list[Listed]:
    """Change sets, newest first, each with its operations counted by state. Empty `states` means all."""
    query = sa.select(_sets).order_by(_sets.c.created_at.desc(), _sets.c.id.desc())
    if states:
        query = query.where(_sets.c.state.in_(states))
    if reconciliation_id is not None:
        query = query.where(_sets.c.reconciliation_id == reconciliation_id)
    rows = tx.execute(query.limit(limit).offset(offset)).all()
    counted = _counts(tx, [row.id for row in rows])
    return [Listed(_change_set(row), row.changed_at, counted.get(row.id, {})) for row in rows]


def update(tx: Connection, change_set: ChangeSet, *, action: str, **values: object) -> ChangeSet:
    """Change columns of a set that still has the revision of `change_set`; gives it with the next revision.

    `action` is what was being done, for the error's sentence ("approved").

    Raises:
        ConflictError: somebody else changed the set since it was read.
    """
    statement = (
        sa.update(_sets)
        .where(_sets.c.id == change_set.id, _sets.c.revision == change_set.revision)
        .values(**values, revision=change_set.revision + 1, changed_at=utc_now())
    )
    if tx.execute(statement).rowcount != 1:
        raise ConflictError(f"Change set {change_set.title!r}", action)
    return get(tx, change_set.id)


def delete(tx: Connection, change_set: ChangeSet) -> None:
    """Remove a set and its operations. Only a draft that was never sent may go: nothing of it is in the journal.

    Raises:
        ConflictError: somebody else changed the set since it was read.
    """
    tx.execute(sa.delete(_operations).where(_operations.c.change_set_id == change_set.id))
    statement = sa.delete(_sets).where(
        _sets.c.id == change_set.id, _sets.c.revision == change_set.revision, _sets.c.state == "draft"
    )
    if tx.execute(statement).rowcount != 1:
        raise ConflictError(f"Change set {change_set.title!r}", "discarded")


# Operations ---------------------------------------------------------------------------------------------------------


def replace_operations(tx: Connection, change_set_id: str, wanted: Sequence[Operation]) -> None:
    """Make `wanted` the operations of a draft, in that order. The caller changes the set's revision with it."""
    tx.execute(sa.delete(_operations).where(_operations.c.change_set_id == change_set_id))
    rows = [_operation_row(replace(o, change_set_id=change_set_id, position=n)) for n, o in enumerate(wanted)]
    if rows:
        tx.execute(sa.insert(_operations), rows)


def operations(
    tx: Connection,
    change_set_id: str,
    *,
    states: Collection[OperationState] = (),
    stage: int | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[Operation]:
    """Operations in their order. Empty `states` means all."""
    query = sa.select(_operations).where(_operations.c.change_set_id == change_set_id).order_by(_operations.c.position)
    if states:
        query = query.where(_operations.c.state.in_(states))
    if stage is not None:
        query = query.where(_operations.c.stage == stage)
    return [_operation(row) for row in tx.execute(query.limit(limit).offset(offset))]


def get_operation(tx: Connection, operation_id: str) -> Operation:
    """The operation of that id.

    Raises:
        UnknownNameError: there is none.
    """
    row = tx.execute(sa.select(_operations).where(_operations.c.id == operation_id)).one_or_none()
    if row is None:
        raise UnknownNameError("operation", operation_id)
    return _operation(row)


def count_operations(tx: Connection, change_set_id: str) -> dict[OperationState, int]:
    """Operations of the set by state; states without operations are absent."""
    return _counts(tx, [change_set_id]).get(change_set_id, {})


def mark_sending(tx: Connection, change_set_id: str, ids: Sequence[str]) -> bool:
    """Take pending operations for sending, counting the attempt. False (and the caller rolls back) if one was not."""
    taken = 0
    for start in range(0, len(ids), _IDS_PER_STATEMENT):
        statement = (
            sa.update(_operations)
            .where(
                _operations.c.change_set_id == change_set_id,
                _operations.c.id.in_(ids[start : start + _IDS_PER_STATEMENT]),
                _operations.c.state == "pending",
            )
            .values(state="sending", attempts=_operations.c.attempts + 1)
        )
        taken += tx.execute(statement).rowcount
    return taken == len(ids)


def move_operation(tx: Connection, operation: Operation, state: OperationState, **values: object) -> None:
    """Put one operation from the state it was read in into another, with further columns.

    Raises:
        ConflictError: it is no longer in the state it was read in.
    """
    statement = (
        sa.update(_operations)
        .where(_operations.c.id == operation.id, _operations.c.state == operation.state)
        .values(state=state, **values)
    )
    if tx.execute(statement).rowcount != 1:
        raise ConflictError(f"Operation {operation.id}", f"set to {state}")


def move_all(
    tx: Connection, change_set_id: str, from_state: OperationState, to_state: OperationState, **values: object
) -> int:
    """Put every operation of the set that is in one state into another; gives how many there were."""
    statement = (
        sa.update(_operations)
        .where(_operations.c.change_set_id == change_set_id, _operations.c.state == from_state)
        .values(state=to_state, **values)
    )
    return tx.execute(statement).rowcount


# Journal ------------------------------------------------------------------------------------------------------------


def write_journal(
    tx: Connection,
    event: JournalEvent,
    rows: Sequence[tuple[Operation, Mapping[str, Any] | None, Mapping[str, Any] | None]],
) -> None:
    """Add one line for each (operation, request, response). The operation's `attempts` is the line's attempt."""
    if not rows:
        return
    at = utc_now()
    tx.execute(
        sa.insert(_journal),
        [
            {
                "operation_id": operation.id,
                "change_set_id": operation.change_set_id,
                "attempt": operation.attempts,
                "event": event,
                "request": None if request is None else dict(request),
                "response": None if response is None else dict(response),
                "at": at,
            }
            for operation, request, response in rows
        ],
    )


def read_journal(tx: Connection, change_set_id: str, *, operation_id: str | None = None) -> list[JournalEntry]:
    """The set's journal (or one operation's) in the order in which it was written."""
    query = sa.select(_journal).where(_journal.c.change_set_id == change_set_id).order_by(_journal.c.seq)
    if operation_id is not None:
        query = query.where(_journal.c.operation_id == operation_id)
    return [
        JournalEntry(row.seq, row.operation_id, row.attempt, row.event, row.request, row.response, row.at)
        for row in tx.execute(query)
    ]


# Lease --------------------------------------------------------------------------------------------------------------


def take_lease(
    tx: Connection, change_set_id: str, owner: str, seconds: float, *, dead_owner: str | None = None
) -> bool:
    """Become the one process that pushes the set. True when it was free, expired, ours, or held by `dead_owner`."""
    now = utc_now()
    free = sa.or_(
        _sets.c.lease_owner.is_(None),
        _sets.c.lease_owner == owner,
        _sets.c.lease_until <= now,
        _sets.c.lease_owner == dead_owner if dead_owner is not None else sa.false(),
    )
    statement = (
        sa.update(_sets)
        .where(_sets.c.id == change_set_id, free)
        .values(lease_owner=owner, lease_until=now + timedelta(seconds=seconds))
    )
    return tx.execute(statement).rowcount == 1


def renew_lease(tx: Connection, change_set_id: str, owner: str, seconds: float) -> bool:
    """Hold the lease for longer. False when it is no longer ours: then nothing more may be sent."""
    statement = (
        sa.update(_sets)
        .where(_sets.c.id == change_set_id, _sets.c.lease_owner == owner)
        .values(lease_until=utc_now() + timedelta(seconds=seconds))
    )
    return tx.execute(statement).rowcount == 1


def release_lease(tx: Connection, change_set_id: str, owner: str) -> None:
    """Give the lease back, if it is still ours."""
    tx.execute(
        sa.update(_sets)
        .where(_sets.c.id == change_set_id, _sets.c.lease_owner == owner)
        .values(lease_owner=None, lease_until=None)
    )


def lease_owner(tx: Connection, change_set_id: str) -> str | None:
    """The process that holds the lease, whether or not it has expired; None when nobody does."""
    owner: str | None = tx.execute(
        sa.select(_sets.c.lease_owner).where(_sets.c.id == change_set_id)
    ).scalar_one_or_none()
    return owner


# Rows and values ----------------------------------------------------------------------------------------------------


def _counts(tx: Connection, ids: Sequence[str]) -> dict[str, dict[OperationState, int]]:
    query = (
        sa.select(_operations.c.change_set_id, _operations.c.state, sa.func.count())
        .where(_operations.c.change_set_id.in_(ids))
        .group_by(_operations.c.change_set_id, _operations.c.state)
    )
    counted: dict[str, dict[OperationState, int]] = {}
    for change_set_id, state, number in tx.execute(query):
        counted.setdefault(change_set_id, {})[state] = number
    return counted


def _change_set(row: Row[Any]) -> ChangeSet:
    return ChangeSet(
        id=row.id,
        reconciliation_id=row.reconciliation_id,
        run_id=row.run_id,
        title=row.title,
        state=row.state,
        author_id=row.author_id,
        created_at=row.created_at,
        revision=row.revision,
        approver_id=row.approver_id,
        policy=Policy(**row.policy),
        reverts_id=row.reverts_id,
        link_share=row.link_share,
        approved_hash=row.approved_hash,
        note=row.note,
    )


def _operation_row(operation: Operation) -> dict[str, Any]:
    row = {name: getattr(operation, name) for name in _PLAIN_COLUMNS}
    target = operation.target
    return row | {
        "connection_id": target.connection_id,
        "object": target.object,
        "record_id": target.record_id,
        "before": dict(operation.before),
        "after": dict(operation.after),
        "present": None if operation.present is None else dict(operation.present),
        "requests": list(operation.requests),
    }


def _operation(row: Row[Any]) -> Operation:
    plain = {name: getattr(row, name) for name in _PLAIN_COLUMNS}
    return Operation(
        **plain,
        target=RecordRef(row.connection_id, row.object, row.record_id),
        before=row.before,
        after=row.after,
        present=row.present,
        requests=tuple(row.requests or ()),
    )


_PLAIN_COLUMNS = (
    "id",
    "change_set_id",
    "position",
    "stage",
    "fingerprint",
    "reason",
    "modified_at",
    "state",
    "error_class",
    "error_code",
    "message",
    "remedy",
    "attempts",
)
