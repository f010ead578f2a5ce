"""Taking a pushed change set back: another change set, approved and pushed like any other.

Each of its operations expects to find what we wrote and restores what was there before. Where somebody has written
something else since, its precondition fails and nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.engine import Connection as Transaction

from reconcile import access
from reconcile.changing.lifecycle import ALREADY_DONE, load, named, store
from reconcile.changing.states import permits
from reconcile.errors import StateError
from reconcile.model import ChangeSet, Operation, Person, new_id, utc_now
from reconcile.state import change_sets


@dataclass(frozen=True, slots=True)
class Kept:
    """An operation that cannot be taken back, and why."""

    operation: Operation
    reason: str


def draft_revert(tx: Transaction, actor: Person, change_set_id: str) -> ChangeSet:
    """A draft that takes back what the set wrote and still owns, in the opposite order.

    Verify the set first (`reconcile.changing.verify`) if it was pushed some time ago: what is found changed then is
    left out here, and said by `not_revertible`. Asking again gives the draft that is there already.

    Raises:
        NotAllowedError: the person may not write change sets.
        StateError: the set was not pushed, was reverted already, or nothing of it can be taken back.
    """
    access.require(actor, "author change sets")
    original = load(tx, change_set_id, None, "reverted")
    if not permits(original.state, "revert"):
        raise StateError(named(original), original.state.replace("_", " "), "reverted")
    for known in change_sets.find_reverting(tx, change_set_id):
        if known.state not in {"stopped", "partly_failed"}:
            return known
    operations = change_sets.operations(tx, change_set_id)
    ours = [each for each in operations if each.state == "verified"]
    if not ours:
        raise StateError(named(original), "without a verified write", "reverted")
    kept = not_revertible(operations)
    reverting = ChangeSet(
        id=new_id("cs"),
        reconciliation_id=original.reconciliation_id,
        run_id=original.run_id,
        title=f"Revert of {original.title}",
        state="draft",
        author_id=actor.id,
        created_at=utc_now(),
        revision=1,
        policy=original.policy,
        reverts_id=original.id,
        note=f"{len(kept)} operations cannot be taken back: {kept[0].reason}" if kept else "",
    )
    store(tx, actor, reverting, [_opposite(each, reverting.id) for each in _backwards(ours)], request_key=None)
    return reverting


def not_revertible(operations: Sequence[Operation]) -> list[Kept]:
    """Operations of a pushed set that a revert leaves out because they are not, or no longer, ours to take back.

    Those that never wrote anything are not among them: there is nothing to take back.
    """
    kept = []
    for each in operations:
        reason = _REASONS.get(each.state)
        if reason is not None:
            kept.append(Kept(each, reason))
        elif each.state == "skipped" and each.error_code == ALREADY_DONE:
            kept.append(Kept(each, "the record held the value before we came"))
    return kept


_REASONS = {
    "mismatched": "the record holds something else than we wrote; it is not overwritten",
    "succeeded": "it could not be read back, so it is not known whether the value is still ours; verify first",
    "uncertain": "whether it was written is not known; push or verify first",
    "sending": "whether it was written is not known; push or verify first",
}


def _backwards(operations: Sequence[Operation]) -> list[Operation]:
    last = max(each.stage for each in operations)
    turned = [replace(each, stage=last - each.stage) for each in reversed(operations)]
    return [replace(each, position=n) for n, each in enumerate(sorted(turned, key=lambda operation: operation.stage))]


def _opposite(operation: Operation, change_set_id: str) -> Operation:
    """What restores the values that were there before, if ours are still there."""
    return Operation(
        id=new_id("op"),
        change_set_id=change_set_id,
        position=operation.position,
        stage=operation.stage,
        target=operation.target,
        fingerprint=operation.fingerprint,
        before=dict(operation.after),
        after={field: operation.before.get(field) for field in operation.after},
        reason=f"Takes back: {operation.reason}",
        requests=tuple(f"revert:{request}" for request in operation.requests),
    )
