"""Actions of the Changes page. Every one names the revision that the person saw."""

from __future__ import annotations

from collections.abc import Sequence

from reconcile import jobs
from reconcile.changing import lifecycle
from reconcile.changing.preflight import PreflightReport, preflight
from reconcile.changing.revert import draft_revert
from reconcile.model import ChangeSet, Person
from reconcile.workbench import Workbench


def submit(workbench: Workbench, actor: Person, change_set: ChangeSet) -> None:
    """Ask for approval."""
    with workbench.database.begin() as tx:
        lifecycle.submit(tx, actor, change_set.id, change_set.revision)


def approve(workbench: Workbench, actor: Person, change_set: ChangeSet) -> None:
    """Say yes to the operations as shown."""
    with workbench.database.begin() as tx:
        lifecycle.approve(tx, actor, change_set.id, change_set.revision)


def reject(workbench: Workbench, actor: Person, change_set: ChangeSet, note: str) -> None:
    """Send the set back to its author, with a note why."""
    with workbench.database.begin() as tx:
        lifecycle.reject(tx, actor, change_set.id, change_set.revision, note)


def discard(workbench: Workbench, actor: Person, change_set: ChangeSet) -> None:
    """Throw a draft away."""
    with workbench.database.begin() as tx:
        lifecycle.discard(tx, actor, change_set.id, change_set.revision)


def remove(workbench: Workbench, actor: Person, change_set: ChangeSet, operation_ids: Sequence[str]) -> None:
    """Take operations, and what belongs to the same requests, out of a draft."""
    with workbench.database.begin() as tx:
        lifecycle.remove(tx, actor, change_set.id, change_set.revision, operation_ids)


def push(workbench: Workbench, actor: Person, change_set: ChangeSet) -> None:
    """Ask the worker to push an approved set, or to go on with a paused one."""
    jobs.enqueue_push(workbench, actor, change_set.id)


def check(workbench: Workbench, actor: Person, change_set: ChangeSet) -> PreflightReport:
    """Check a set against the systems as they are now. Writes nothing there.

    Raises:
        QuarantinedError, RemoteError: a system is another one than it was, refuses, or does not answer.
    """
    return preflight(
        workbench.database,
        change_set.id,
        actor,
        workbench.open_writer,
        open_reader=lambda connection: workbench.open_reader(connection.id),
    )


def pause(workbench: Workbench, actor: Person, change_set_id: str) -> None:
    """Hold a push after the batch under way."""
    with workbench.database.begin() as tx:
        lifecycle.pause(tx, actor, change_set_id)


def stop(workbench: Workbench, actor: Person, change_set_id: str) -> None:
    """End a push for good after the batch under way."""
    with workbench.database.begin() as tx:
        lifecycle.stop(tx, actor, change_set_id)


def retry(workbench: Workbench, actor: Person, change_set: ChangeSet) -> None:
    """Make what failed ready again and ask the worker to push it."""
    with workbench.database.begin() as tx:
        lifecycle.retry(tx, actor, change_set.id, change_set.revision)
    jobs.enqueue_push(workbench, actor, change_set.id)


def drop(workbench: Workbench, actor: Person, operation_ids: Sequence[str]) -> None:
    """Give stale or failed operations up."""
    with workbench.database.begin() as tx:
        lifecycle.drop(tx, actor, operation_ids)


def revert(workbench: Workbench, actor: Person, change_set: ChangeSet) -> ChangeSet:
    """Draft the set that takes this one back where the values are still ours."""
    with workbench.database.begin() as tx:
        return draft_revert(tx, actor, change_set.id)
