"""Reading back on demand: is what was written still there?"""

from __future__ import annotations

from dataclasses import replace

from reconcile import access
from reconcile.changing import lifecycle, totals
from reconcile.changing.book import Book
from reconcile.changing.exchange import confirmation
from reconcile.changing.lease import hold_lease
from reconcile.changing.lifecycle import named
from reconcile.changing.pace import Pace
from reconcile.changing.remotes import OpenWriter, Remotes
from reconcile.changing.states import WRITTEN, permits
from reconcile.changing.telling import ledger_of
from reconcile.changing.totals import PushTotals
from reconcile.changing.values import final_values
from reconcile.errors import StateError
from reconcile.model import ChangeSet, Operation, Person
from reconcile.state import change_sets
from reconcile.state.database import Database


def verify(
    database: Database, change_set_id: str, actor: Person, open_writer: OpenWriter, *, pace: Pace | None = None
) -> PushTotals:
    """Read back everything that the set wrote, and say of each operation whether the record still holds it.

    A set that was verified becomes partly failed when somebody has since written something else, and the other way
    round. Nothing is written to a remote system.

    Raises:
        NotAllowedError: the person may not push: reading back changes what is said of the set.
        StateError: the set was not pushed yet, or is being pushed.
        ClaimedError, QuarantinedError, RemoteError: as for a push.
    """
    access.require(actor, "push change sets")
    patience = pace or Pace()
    with hold_lease(database, change_set_id, patience.lease_s) as lease:
        with database.read() as tx:
            change_set = change_sets.get(tx, change_set_id)
            operations = change_sets.operations(tx, change_set_id)
        written = [each for each in operations if each.state in WRITTEN]
        if not written or change_set.state == "pushing":
            raise StateError(named(change_set), change_set.state.replace("_", " "), "verified")
        remotes = Remotes(database, actor, open_writer, patience)
        remotes.check(written)
        book = Book(database, lease, operations, ledger_of(database, actor, change_set))
        present = remotes.read(written)
        expected = final_values(written)
        book.settle("read_back", [confirmation(each, present[each.id], expected) for each in written])
        _conclude(database, actor, change_set, book.all())
    with database.read() as tx:
        return totals.count(tx, change_set_id)


def _conclude(database: Database, actor: Person, change_set: ChangeSet, operations: list[Operation]) -> None:
    event = lifecycle.ending(operations)
    with database.begin() as tx:
        current = lifecycle.load(tx, change_set.id, None, "verified")
        if permits(current.state, event):
            lifecycle.step(tx, actor, current, event, detail={"why": "read back on demand"})


def present_values(
    database: Database, actor: Person, open_writer: OpenWriter, operations: list[Operation]
) -> list[Operation]:
    """The operations with `present` as their records hold it now, for showing it beside snapshot and proposal.

    Raises:
        QuarantinedError, RemoteError: as for a push.
    """
    remotes = Remotes(database, actor, open_writer, Pace())
    remotes.check(operations)
    present = remotes.read(operations)
    return [replace(each, present=present[each.id]) for each in operations]
