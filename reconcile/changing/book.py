"""The operations of a push under way: their states in the database, the journal, and a copy in memory, kept as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.engine import Connection as Transaction

from reconcile.changing.lease import Lease
from reconcile.changing.states import OperationEvent, next_operation_state
from reconcile.errors import ConflictError, StateError
from reconcile.model import ChangeSet, ErrorClass, Operation, OperationState
from reconcile.state import change_sets
from reconcile.state.change_sets import JournalEvent
from reconcile.state.database import Database

OnVerified = Callable[[Transaction, Sequence[Operation]], None]
"""Told, inside the transaction that says so, which operations have just been verified."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of one operation, and why.

    Attributes:
        response: what the journal keeps of it.
        present: the values found, where they explain the outcome.
    """

    operation: Operation
    event: OperationEvent
    response: Mapping[str, Any]
    error_class: ErrorClass | None = None
    code: str = ""
    message: str = ""
    remedy: str = ""
    present: Mapping[str, str | None] | None = None


class Book:
    """Operations by id. Nothing of a set under way is changed but through here."""

    def __init__(
        self,
        database: Database,
        lease: Lease,
        operations: Sequence[Operation],
        on_verified: OnVerified = lambda *_: None,
    ) -> None:
        self.database, self.lease, self.on_verified = database, lease, on_verified
        self.change_set_id = lease.change_set_id
        self._operations = {each.id: each for each in operations}
        self._counts: Counter[OperationState] = Counter(each.state for each in operations)

    def all(self) -> list[Operation]:
        """Every operation, in order."""
        return list(self._operations.values())

    def now(self, operations: Collection[Operation]) -> list[Operation]:
        """The same operations as they stand now."""
        return [self._operations[each.id] for each in operations]

    def in_state(self, *states: OperationState) -> list[Operation]:
        """Operations in one of the states, in order."""
        return [each for each in self._operations.values() if each.state in states]

    def counts(self) -> Counter[OperationState]:
        """All operations by state."""
        return self._counts.copy()

    def change_set(self) -> ChangeSet:
        """The set as it stands in the database: people pause and stop it there."""
        with self.database.read() as tx:
            return change_sets.get(tx, self.change_set_id)

    def intend(self, operations: Sequence[Operation]) -> list[Operation]:
        """Write down, committed, that these are about to be sent. Gives them as they stand then.

        Raises:
            StateError: the set was paused or stopped meanwhile; nothing was taken.
            ConflictError: another process took over.
        """

        def work(tx: Transaction) -> list[Operation]:
            self._require_pushing(tx)
            if not change_sets.mark_sending(tx, self.change_set_id, [each.id for each in operations]):
                raise ConflictError(f"The push of {self.change_set_id}", "continued by this process")
            taken = [
                replace(each, state=next_operation_state(each.id, each.state, "send"), attempts=each.attempts + 1)
                for each in operations
            ]
            change_sets.write_journal(tx, "intent", [(each, _request(each), None) for each in taken])
            return taken

        taken = self.database.write(work)
        self._keep(taken)
        return taken

    def settle(self, kind: JournalEvent, settled: Sequence[Settled]) -> None:
        """Write down, committed, what came of operations, and move each along.

        Raises:
            ConflictError: another process took over.
        """
        if not settled:
            return
        moved = [_moved(each) for each in settled]

        def work(tx: Transaction) -> None:
            self.lease.require(tx)
            lines = [(each.operation, None, {"outcome": each.event, **each.response}) for each in settled]
            change_sets.write_journal(tx, kind, lines)
            for each, after in zip(settled, moved, strict=True):
                change_sets.move_operation(tx, each.operation, after.state, **_columns(after))
            verified = [after for each, after in zip(settled, moved, strict=True) if _is_newly_verified(each, after)]
            if verified:
                self.on_verified(tx, verified)

        self.database.write(work)
        self._keep(moved)

    def _keep(self, operations: Sequence[Operation]) -> None:
        self._counts.subtract(self._operations[each.id].state for each in operations)
        self._counts.update(each.state for each in operations)
        self._operations.update({each.id: each for each in operations})

    def _require_pushing(self, tx: Transaction) -> None:
        change_set = change_sets.get(tx, self.change_set_id, is_locked=True)
        if change_set.state != "pushing":
            raise StateError(f"Change set {change_set.title!r}", change_set.state, "pushed on")
        self.lease.require(tx)


def _is_newly_verified(settled: Settled, after: Operation) -> bool:
    return after.state == "verified" and settled.operation.state != "verified"


def _moved(settled: Settled) -> Operation:
    operation = settled.operation
    return replace(
        operation,
        state=next_operation_state(f"Operation {operation.id}", operation.state, settled.event),
        error_class=settled.error_class,
        error_code=settled.code,
        message=settled.message,
        remedy=settled.remedy,
        present=settled.present,
    )


def _columns(operation: Operation) -> dict[str, object]:
    return {
        "error_class": operation.error_class,
        "error_code": operation.error_code,
        "message": operation.message,
        "remedy": operation.remedy,
        "present": None if operation.present is None else dict(operation.present),
    }


def _request(operation: Operation) -> dict[str, Any]:
    return {
        "connection": operation.target.connection_id,
        "fingerprint": operation.fingerprint,
        "object": operation.target.object,
        "id": operation.target.record_id,
        "before": dict(operation.before),
        "after": dict(operation.after),
    }
