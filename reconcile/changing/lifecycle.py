"""A change set from draft to approval, and what people may ask of a push under way.

Every function takes the transaction and the acting person, checks role, policy, state and revision, and leaves one row
in the audit log. `revision` is that of the set as the person saw it; another one is a `ConflictError`. Pausing and
stopping take None too: whoever sees something going wrong need not have seen the latest.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.engine import Connection as Transaction

from reconcile import access, audit
from reconcile.changing.approval import digest
from reconcile.changing.plans.combine import Plan, combine, count_ended_links, reduce, withdraw
from reconcile.changing.states import (
    IN_NEED_OF_A_PERSON,
    ChangeSetEvent,
    next_change_set_state,
    next_operation_state,
    permits,
)
from reconcile.errors import ConflictError, NotAllowedError, StateError
from reconcile.model import ChangeSet, Operation, Person, Policy, new_id, utc_now
from reconcile.state import change_sets, people

STOPPED, EARLIER_STEP, DROPPED, ALREADY_DONE = "STOPPED", "EARLIER_STEP", "DROPPED", "ALREADY_AS_WANTED"
"""Our own codes for why an operation was skipped."""


def create(
    tx: Transaction,
    actor: Person,
    title: str,
    plan: Plan,
    *,
    reconciliation_id: str | None = None,
    run_id: str | None = None,
    policy: Policy | None = None,
    request_key: str | None = None,
) -> ChangeSet:
    """A new draft of the planned operations, written by `actor`.

    Args:
        tx: a write transaction.
        actor: becomes the author.
        title: what people call it.
        plan: its operations may be none; more can be added.
        reconciliation_id: what it comes from, where it does.
        run_id: the run whose exceptions were decided.
        policy: of the reconciliation; the default one when None.
        request_key: names the click or job that asks; the same key again gives the draft it made the first time.

    Raises:
        NotAllowedError: the person may not write change sets.
    """
    access.require(actor, "author change sets")
    known = None if request_key is None else change_sets.find_by_request(tx, request_key)
    if known is not None:
        return known
    change_set = ChangeSet(
        id=new_id("cs"),
        reconciliation_id=reconciliation_id,
        run_id=run_id,
        title=title.strip() or "Changes",
        state="draft",
        author_id=actor.id,
        created_at=utc_now(),
        revision=1,
        policy=policy or Policy(),
        link_share=plan.link_share,
    )
    store(tx, actor, change_set, plan.operations, request_key=request_key)
    return change_set


def store(
    tx: Transaction, actor: Person, change_set: ChangeSet, operations: Sequence[Operation], *, request_key: str | None
) -> None:
    """Store a new draft with its operations and note who made it."""
    change_sets.insert(tx, change_set, request_key=request_key)
    change_sets.replace_operations(tx, change_set.id, operations)
    detail = {"title": change_set.title, "operations": len(operations), "reverts": change_set.reverts_id}
    audit.record(tx, actor, "draft change set", change_set.id, detail)


def add(tx: Transaction, actor: Person, change_set_id: str, revision: int, plan: Plan) -> ChangeSet:
    """Add planned operations to a draft; those on the same record and stage become one.

    Raises:
        NotAllowedError: the draft is somebody else's.
        StateError, ConflictError: it is no draft any more, or was changed meanwhile.
        DefinitionError: the plan contradicts what the draft holds.
    """
    change_set = _own_draft(tx, actor, change_set_id, revision)
    combined = combine([*change_sets.operations(tx, change_set_id), *plan.operations], unique=plan.unique_fields)
    share = count_ended_links(combined) / plan.existing_links if plan.existing_links else 0.0
    return _rewrite(tx, actor, change_set, combined, share=min(1.0, share), action="add to change set")


def remove(
    tx: Transaction, actor: Person, change_set_id: str, revision: int, operation_ids: Collection[str]
) -> ChangeSet:
    """Take operations out of a draft, and with them the other operations of the same requests.

    A request is carried out whole or not at all: without its first step, the next would leave one customer on two
    accounts.

    Raises:
        NotAllowedError: the draft is somebody else's.
        StateError, ConflictError: it is no draft any more, or was changed meanwhile.
    """
    change_set = _own_draft(tx, actor, change_set_id, revision)
    before = change_sets.operations(tx, change_set_id)
    left = withdraw(before, operation_ids)
    ended = count_ended_links(before)
    share = change_set.link_share * count_ended_links(left) / ended if ended else 0.0
    return _rewrite(tx, actor, change_set, left, share=share, action="remove from change set")


def discard(tx: Transaction, actor: Person, change_set_id: str, revision: int) -> None:
    """Throw a draft away. Nothing of it was ever sent; the audit log keeps that it was there.

    Raises:
        NotAllowedError: the draft is somebody else's.
        StateError, ConflictError: it is no draft any more, or was changed meanwhile.
    """
    change_set = _own_draft(tx, actor, change_set_id, revision)
    change_sets.delete(tx, change_set)
    audit.record(tx, actor, "discard change set", change_set_id, {"title": change_set.title})


def submit(tx: Transaction, actor: Person, change_set_id: str, revision: int) -> ChangeSet:
    """Ask for approval. From here on the operations stay as they are.

    Raises:
        NotAllowedError: the person may not write change sets.
        StateError: it is not a draft, or holds nothing to do.
        ConflictError: it was changed meanwhile.
    """
    access.require(actor, "author change sets")
    change_set = load(tx, change_set_id, revision, "submitted")
    operations = reduce(change_sets.operations(tx, change_set_id))
    if not operations:
        raise StateError(named(change_set), "empty", "submitted", remedy="Add operations, or discard it.")
    change_sets.replace_operations(tx, change_set_id, operations)
    return step(tx, actor, change_set, "submit", detail={"operations": len(operations)}, note="")


def approve(tx: Transaction, actor: Person, change_set_id: str, revision: int) -> ChangeSet:
    """Say yes to exactly these operations: their hash is kept, and a set that reads otherwise is not pushed.

    Raises:
        NotAllowedError: the role is missing, or the policy asks for a second person.
        StateError, ConflictError: it is not submitted, or was changed since the person looked at it.
    """
    change_set = load(tx, change_set_id, revision, "approved")
    access.require_approval(actor, change_set, people.list_people(tx))
    approved = digest(change_sets.operations(tx, change_set_id))
    values = {"approver_id": actor.id, "approved_at": utc_now(), "approved_hash": approved}
    return step(tx, actor, change_set, "approve", detail={"hash": approved}, **values)


def require_approver(tx: Transaction, change_set: ChangeSet) -> None:
    """Let an approved set pass if whoever approved it still may.

    Raises:
        StateError: they were deactivated, or are no approver any more.
    """
    active = {each.id: each for each in people.list_people(tx)}
    approver = active.get(change_set.approver_id or "")
    if approver is None or not access.may(approver, "approve change sets"):
        raise StateError(
            named(change_set),
            "approved by somebody who may no longer approve",
            "pushed",
            remedy="Reject it back to a draft and have it approved anew.",
        )


def reject(tx: Transaction, actor: Person, change_set_id: str, revision: int, note: str = "") -> ChangeSet:
    """Send a submitted or approved set back to its author, with a note why. A set that was pushed stays as it is.

    Raises:
        NotAllowedError: the person may neither approve nor is the author.
        StateError, ConflictError: it is neither submitted nor approved, was pushed before, or was changed meanwhile.
    """
    change_set = load(tx, change_set_id, revision, "rejected")
    if change_set.author_id != actor.id:
        access.require(actor, "approve change sets")
    if any(operation.attempts for operation in change_sets.operations(tx, change_set_id)):
        raise StateError(named(change_set), "pushed in part", "rejected", remedy="Revert it instead.")
    values = {"approver_id": None, "approved_at": None, "approved_hash": None, "note": note}
    return step(tx, actor, change_set, "reject", detail={"note": note}, **values)


def pause(tx: Transaction, actor: Person, change_set_id: str, revision: int | None = None, note: str = "") -> ChangeSet:
    """Hold a push after the batch under way.

    Raises:
        NotAllowedError, StateError, ConflictError: as everywhere here.
    """
    access.require(actor, "stop change sets")
    return step(tx, actor, load(tx, change_set_id, revision, "paused"), "pause", detail={"note": note}, note=note)


def resume(tx: Transaction, actor: Person, change_set_id: str, revision: int | None = None) -> ChangeSet:
    """Let a paused push go on; a worker must then be asked to push it.

    Raises:
        NotAllowedError, StateError, ConflictError: as everywhere here.
    """
    access.require(actor, "push change sets")
    return step(tx, actor, load(tx, change_set_id, revision, "resumed"), "resume", note="")


def stop(tx: Transaction, actor: Person, change_set_id: str, revision: int | None = None, note: str = "") -> ChangeSet:
    """End a push for good after the batch under way. What was not sent stays unsent.

    What was sent and not answered is settled by the worker, or by pushing the stopped set again, which sends nothing.

    Raises:
        NotAllowedError, StateError, ConflictError: as everywhere here.
    """
    access.require(actor, "stop change sets")
    change_set = load(tx, change_set_id, revision, "stopped")
    stopped = step(tx, actor, change_set, "stop", detail={"note": note}, note=note)
    withhold_pending(tx, change_set_id)
    return stopped


def retry(tx: Transaction, actor: Person, change_set_id: str, revision: int | None = None) -> ChangeSet:
    """Make what failed, and what waited for it, ready to be pushed again. The approval stands: the writes are the same.

    Raises:
        NotAllowedError, StateError, ConflictError: as everywhere here; StateError too when nothing failed.
    """
    access.require(actor, "push change sets")
    change_set = load(tx, change_set_id, revision, "tried again")
    again = [
        each
        for each in change_sets.operations(tx, change_set_id, states=("failed", "skipped"))
        if each.state == "failed" or each.error_code == EARLIER_STEP
    ]
    if not any(each.state == "failed" for each in again):
        raise StateError(named(change_set), "without failed operations", "tried again")
    for each in again:
        cleared = {"error_class": None, "error_code": "", "message": "", "remedy": ""}
        change_sets.move_operation(tx, each, next_operation_state(each.id, each.state, "retry"), **cleared)
    return step(tx, actor, change_set, "retry", detail={"operations": len(again)}, note="")


def drop(tx: Transaction, actor: Person, operation_ids: Sequence[str]) -> None:
    """Give stale or failed operations up, and what waited for them: they stay unwritten and ask for nobody any more.

    Raises:
        NotAllowedError, StateError: as everywhere here.
        UnknownNameError: no such operation.
    """
    access.require(actor, "author change sets")
    dropped = [change_sets.get_operation(tx, operation_id) for operation_id in operation_ids]
    for change_set_id in dict.fromkeys(each.change_set_id for each in dropped):
        change_set = load(tx, change_set_id, None, "edited")
        of_set = [each for each in dropped if each.change_set_id == change_set_id]
        for each in [*of_set, *waiting_for(tx, of_set)]:
            following = next_operation_state(f"Operation {each.id}", each.state, "drop")
            message = f"Dropped. {each.message}".strip()
            change_sets.move_operation(tx, each, following, error_code=DROPPED, message=message)
        event = ending(change_sets.operations(tx, change_set_id))
        detail = {"operations": [each.id for each in of_set]}
        audit.record(tx, actor, "drop operations", change_set_id, detail)
        if event == "verify" and permits(change_set.state, event):
            step(tx, actor, change_set, event, detail={"why": "what was open was dropped"})


def waiting_for(tx: Transaction, operations: Sequence[Operation]) -> list[Operation]:
    """Operations that were not sent because one of `operations`, an earlier step of the same request, failed."""
    if not operations:
        return []
    requests = {request for each in operations for request in each.requests}
    skipped = change_sets.operations(tx, operations[0].change_set_id, states={"skipped"})
    return [each for each in skipped if each.error_code == EARLIER_STEP and not requests.isdisjoint(each.requests)]


def ending(operations: Sequence[Operation]) -> ChangeSetEvent:
    """How a set ends whose operations stand so: failed in part, not all read back, or verified."""
    if any(each.state in IN_NEED_OF_A_PERSON or each.error_code == EARLIER_STEP for each in operations):
        return "finish_failed"
    return "finish_unread" if any(each.state == "succeeded" for each in operations) else "verify"


# Shared with the push -----------------------------------------------------------------------------------------------


def load(tx: Transaction, change_set_id: str, revision: int | None, action: str) -> ChangeSet:
    """The change set, held until the transaction ends, if it is still as the person saw it.

    Raises:
        UnknownNameError: there is none.
        ConflictError: it has another revision.
    """
    change_set = change_sets.get(tx, change_set_id, is_locked=True)
    if revision is not None and change_set.revision != revision:
        raise ConflictError(named(change_set), action)
    return change_set


def step(
    tx: Transaction,
    actor: Person,
    change_set: ChangeSet,
    event: ChangeSetEvent,
    *,
    detail: dict[str, Any] | None = None,
    **values: object,
) -> ChangeSet:
    """Move the set along one transition, with further columns, and note who did it.

    Raises:
        StateError: the set's state does not permit the event.
    """
    following = next_change_set_state(named(change_set), change_set.state, event)
    moved = change_sets.update(tx, change_set, action=event, state=following, **values)
    audit.record(
        tx, actor, f"{event.replace('_', ' ')} change set", change_set.id, {"state": following, **(detail or {})}
    )
    return moved


def withhold_pending(tx: Transaction, change_set_id: str) -> int:
    """Skip whatever of a stopped set was not sent; gives how many operations that were."""
    message = "Not sent: the push was stopped before."
    return change_sets.move_all(
        tx,
        change_set_id,
        "pending",
        next_operation_state("", "pending", "withhold"),
        error_code=STOPPED,
        message=message,
    )


def named(change_set: ChangeSet) -> str:
    """What errors call it."""
    return f"Change set {change_set.title!r}"


def _own_draft(tx: Transaction, actor: Person, change_set_id: str, revision: int) -> ChangeSet:
    """A draft that this person may edit: their own. Else somebody could add writes to a set and then approve it."""
    access.require(actor, "author change sets")
    change_set = load(tx, change_set_id, revision, "edited")
    if change_set.state != "draft":
        raise StateError(named(change_set), change_set.state, "edited", remedy="Reject it back to a draft first.")
    if change_set.author_id != actor.id:
        raise NotAllowedError(actor.name, f"edit {change_set.title!r}", "it is somebody else's draft")
    return change_set


def _rewrite(
    tx: Transaction, actor: Person, change_set: ChangeSet, operations: Sequence[Operation], *, share: float, action: str
) -> ChangeSet:
    changed = change_sets.update(tx, change_set, action="edited", link_share=share)
    owned = [replace(each, change_set_id=change_set.id) for each in operations]
    change_sets.replace_operations(tx, change_set.id, owned)
    audit.record(tx, actor, action, change_set.id, {"operations": len(owned)})
    return changed
