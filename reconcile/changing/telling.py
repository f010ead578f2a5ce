"""Telling the ledger what a push has changed: each verified operation once, in the transaction that verifies it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import Connection as Transaction

from reconcile import ledger
from reconcile.changing.book import OnVerified
from reconcile.model import ChangeSet, Operation, Person, utc_now
from reconcile.state import reconciliations
from reconcile.state.database import Database


def ledger_of(database: Database, actor: Person, change_set: ChangeSet) -> OnVerified:
    """What tells the ledger of the set's reconciliation; nothing is told for a set that belongs to none.

    Raises:
        UnknownNameError: the reconciliation is not there.
    """
    if change_set.reconciliation_id is None:
        return lambda _tx, _operations: None
    with database.read() as tx:
        reconciliation = reconciliations.get(tx, change_set.reconciliation_id)

    def tell(tx: Transaction, operations: Sequence[Operation]) -> None:
        in_order = sorted(operations, key=lambda each: each.position)
        ledger.update_from_push(tx, actor, change_set, reconciliation, in_order, at=utc_now())

    return tell
