"""Actions of the Review page. Every decision is committed at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reconcile.changing import lifecycle
from reconcile.changing.plans import Plan, plan, plan_source
from reconcile.changing.requests import Request
from reconcile.errors import ClaimedError, InputError
from reconcile.model import ChangeSet, Person, Run, Verdict
from reconcile.reviewing import (
    BatchOutcome,
    Decision,
    Queue,
    QueueFilter,
    QueueSort,
    claim_exception,
    judge,
    judge_many,
    next_exception,
    release_exception,
    undo_last,
    undo_many,
)
from reconcile.state import connections, reconciliations, snapshots
from reconcile.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said on the card: of the pair shown, or of another pair that they picked."""

    verdict: Verdict
    chosen: tuple[str, str] | None = None
    members: tuple[str, ...] = ()
    note: str = ""


def decide(
    workbench: Workbench, actor: Person, queue: Queue, exception_id: str, answer: Answer, *, expected: str | None
) -> Decision:
    """Keep the answer. `expected` is the decision that the person saw standing, None for none."""
    with workbench.database.begin() as tx:
        return judge(
            tx,
            actor,
            queue.run,
            exception_id,
            answer.verdict,
            expected=expected,
            chosen=answer.chosen,
            members=answer.members,
            note=answer.note,
        )


def decide_many(
    workbench: Workbench, actor: Person, queue: Queue, exception_ids: Collection[str], answer: Answer
) -> BatchOutcome:
    """Say the same of many undecided exceptions."""
    with workbench.database.begin() as tx:
        return judge_many(tx, actor, queue.run, exception_ids, answer.verdict, note=answer.note)


def take_back(workbench: Workbench, actor: Person, queue: Queue) -> str:
    """Undo the person's newest decision; gives the exception it was about.

    Raises:
        InputError: there is nothing to undo.
    """
    with workbench.database.begin() as tx:
        exception_id = undo_last(tx, actor, queue.run.run.reconciliation_id)
    if exception_id is None:
        raise InputError("There is nothing of yours to undo.")
    return exception_id


def take_back_many(workbench: Workbench, actor: Person, decision_ids: Collection[str]) -> int:
    """Undo what was decided at once, as far as it still stands; gives how many decisions that were."""
    with workbench.database.begin() as tx:
        return undo_many(tx, actor, decision_ids)


def claim(workbench: Workbench, actor: Person, queue: Queue, exception_id: str) -> str | None:
    """Say that one works on it; gives the name of who else does, None where nobody else does."""
    try:
        with workbench.database.begin() as tx:
            claim_exception(tx, actor, queue.run, exception_id)
    except ClaimedError as error:
        return error.by
    return None


def release(workbench: Workbench, actor: Person, queue: Queue, exception_id: str) -> None:
    """Give it back undecided."""
    with workbench.database.begin() as tx:
        release_exception(tx, actor, queue.run, exception_id)


def following(
    workbench: Workbench, actor: Person, queue: Queue, chosen: QueueFilter, *, sort: QueueSort, after: str | None
) -> str | None:
    """The exception to show next."""
    with workbench.database.read() as tx:
        return next_exception(tx, queue, actor, chosen, sort=sort, after=after)


def preceding(
    workbench: Workbench, actor: Person, queue: Queue, chosen: QueueFilter, *, sort: QueueSort, before: str | None
) -> str | None:
    """The exception to show when going back."""
    with workbench.database.read() as tx:
        return next_exception(tx, queue, actor, chosen, sort=sort, after=before, direction="previous")


def draft_plan(workbench: Workbench, run: Run, requests: Sequence[Request]) -> Plan:
    """The operations that carry the requests out, planned from the snapshots of the run.

    Raises:
        DefinitionError: two requests contradict each other, or a field cannot be written.
        StorageError: a snapshot file is gone.
    """
    with workbench.database.read() as tx:
        definition = reconciliations.get(tx, run.reconciliation_id, run.reconciliation_version)
        left, right = snapshots.get(tx, run.left_snapshot_id), snapshots.get(tx, run.right_snapshot_id)
        systems = connections.get(tx, left.connection_id), connections.get(tx, right.connection_id)
    return plan(plan_source(definition, left, right, *systems), requests)


def make_change_set(
    workbench: Workbench, actor: Person, run: Run, title: str, requests: Sequence[Request], *, request_key: str
) -> ChangeSet:
    """Draft a change set of the requests. The same key again gives the draft it made the first time.

    Raises:
        InputError: nothing needs to be written.
        NotAllowedError: the actor may not write change sets.
    """
    planned = draft_plan(workbench, run, requests)
    if not planned.operations:
        notes = " ".join(planned.notes)
        raise InputError("Nothing needs to be written: the systems are already as decided.", remedy=notes)
    with workbench.database.begin() as tx:
        policy = reconciliations.get(tx, run.reconciliation_id).policy
        return lifecycle.create(
            tx,
            actor,
            title,
            planned,
            reconciliation_id=run.reconciliation_id,
            run_id=run.id,
            policy=policy,
            request_key=request_key,
        )
