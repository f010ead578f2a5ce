"""Operations whose record changed since the snapshot: seen side by side, then planned anew or dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reconcile import access
from reconcile.changing import lifecycle
from reconcile.changing.plans.combine import Plan
from reconcile.changing.remotes import OpenWriter
from reconcile.changing.values import is_same
from reconcile.changing.verify import present_values
from reconcile.errors import StateError
from reconcile.model import ChangeSet, Operation, Person, new_id
from reconcile.state import change_sets
from reconcile.state.database import Database


@dataclass(frozen=True, slots=True)
class SideBySide:
    """One field of a stale operation: as the snapshot had it, as it is now, and as it was to become."""

    field: str
    snapshot: str | None
    present: str | None
    proposed: str | None

    @property
    def is_changed(self) -> bool:
        """Whether somebody else changed this very field since the snapshot."""
        return not is_same(self.snapshot, self.present)


def side_by_side(operation: Operation) -> list[SideBySide]:
    """Every field of the operation, those that changed first. A present value that was not read is None.

    A field that is only expected, and not written, proposes its snapshot value.
    """
    present = operation.present or {}
    fields = dict.fromkeys((*operation.after, *operation.before))
    rows = [
        SideBySide(f, operation.before.get(f), present.get(f), operation.after.get(f, operation.before.get(f)))
        for f in fields
    ]
    return sorted(rows, key=lambda each: not each.is_changed)


def refresh(database: Database, actor: Person, open_writer: OpenWriter, operation_ids: Sequence[str]) -> ChangeSet:
    """Plan stale operations anew on the values that their records hold now: a new draft, to be approved like any other.

    Whatever waited for them (later steps of the same requests) comes along. In the old set they count as dropped.

    Raises:
        NotAllowedError: the person may not write change sets.
        StateError: one of them is not stale, or its record is gone.
        QuarantinedError, RemoteError: as for a push.
    """
    access.require(actor, "author change sets")
    with database.read() as tx:
        stale = [change_sets.get_operation(tx, each) for each in operation_ids]
        _require_stale(stale)
        original = change_sets.get(tx, stale[0].change_set_id)
        waiting = lifecycle.waiting_for(tx, stale)
    seen = present_values(database, actor, open_writer, [*stale, *waiting])
    gone = [each for each in seen if each.present is None]
    if gone:
        raise StateError(f"{gone[0].target.object} {gone[0].target.record_id}", "gone", "planned anew")
    plan = Plan(tuple(_renewed(each, n) for n, each in enumerate(seen)), existing_links=0)
    with database.begin() as tx:
        draft = lifecycle.create(
            tx,
            actor,
            f"{original.title} (planned anew)",
            plan,
            reconciliation_id=original.reconciliation_id,
            run_id=original.run_id,
            policy=original.policy,
        )
        lifecycle.drop(tx, actor, [each.id for each in stale])
    return draft


def _require_stale(operations: Sequence[Operation]) -> None:
    for each in operations:
        if each.state != "stale" or each.change_set_id != operations[0].change_set_id:
            raise StateError(
                f"Operation {each.id}", each.state, "planned anew", remedy="Only stale ones of one set can."
            )
    if not operations:
        raise StateError("The selection", "empty", "planned anew")


def _renewed(operation: Operation, position: int) -> Operation:
    return replace(
        operation,
        id=new_id("op"),
        change_set_id="",
        position=position,
        before=dict(operation.present or {}),
        state="pending",
        error_class=None,
        error_code="",
        message="",
        remedy="",
        present=None,
        attempts=0,
        modified_at=None,
        reason=f"Planned anew, after the record changed. {operation.reason}",
    )
