"""Enqueueing jobs and looking at them, from any process.

Jobs are DBOS workflows in the jobs database (`Settings.jobs_url`), whose values are kept as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, cast

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions, WorkflowStatus

from reconcile import access
from reconcile.changing import lifecycle
from reconcile.errors import UnknownNameError
from reconcile.model import Person, Progress
from reconcile.state import change_sets
from reconcile.workbench import Workbench

APPLICATION = "reconcile"
QUEUE = "work"
PROGRESS = "progress"

JobKind = Literal["pull", "run", "push", "learn"]
JobState = Literal["waiting", "running", "done", "failed", "cancelled"]

_STATES: Mapping[str, JobState] = {
    "ENQUEUED": "waiting",
    "DELAYED": "waiting",
    "PENDING": "running",
    "SUCCESS": "done",
    "ERROR": "failed",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
    "CANCELLED": "cancelled",
}


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work and where it stands.

    Attributes:
        subject: id of the connection pulled, the reconciliation run or taught, or the change set pushed.
        progress: the latest report, None before the first and after the end.
        result: what it made (snapshot id, run id, ...), None until done.
        error: the sentence of the error that ended it.
    """

    id: str
    kind: JobKind
    subject: str
    state: JobState
    started_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: Progress | None
    result: Mapping[str, Any] | None
    error: str | None

    @property
    def is_active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("waiting", "running")


def enqueue_pull(workbench: Workbench, actor: Person, connection_id: str, *, incremental: bool = False) -> str:
    """Ask for a snapshot of the connection; gives the job's id.

    Raises:
        NotAllowedError: the actor may not pull.
        UnknownNameError: there is no such connection.
    """
    access.require(actor, "pull snapshots")
    workbench.connection(connection_id)
    return _enqueue(workbench, actor, "pull", connection_id, incremental)


def enqueue_run(workbench: Workbench, actor: Person, reconciliation_id: str) -> str:
    """Ask for a run of the reconciliation over the newest snapshots of its sides; gives the job's id.

    Raises:
        NotAllowedError: the actor may not run reconciliations.
    """
    access.require(actor, "run reconciliations")
    return _enqueue(workbench, actor, "run", reconciliation_id)


def enqueue_push(workbench: Workbench, actor: Person, change_set_id: str) -> str:
    """Ask for an approved change set to be pushed, or a paused one to go on; gives the job's id.

    Raises:
        NotAllowedError: the actor may not push.
    """
    access.require(actor, "push change sets")
    with workbench.database.begin() as tx:
        if change_sets.get(tx, change_set_id).state == "paused":
            lifecycle.resume(tx, actor, change_set_id)
    return _enqueue(workbench, actor, "push", change_set_id)


def enqueue_learn(workbench: Workbench, actor: Person, reconciliation_id: str) -> str:
    """Ask for a model of the match that agrees with the judgements; gives the job's id.

    Raises:
        NotAllowedError: the actor may not run reconciliations.
    """
    access.require(actor, "run reconciliations")
    return _enqueue(workbench, actor, "learn", reconciliation_id)


def list_jobs(workbench: Workbench, *, kind: JobKind | None = None, limit: int = 50) -> list[Job]:
    """The newest jobs first; `limit` of them at the most."""
    client = open_client(workbench.settings.jobs_url)
    found = client.list_workflows(name=kind, sort_desc=True, limit=limit, application_name=APPLICATION)
    return [_as_job(client, status) for status in found]


def get_job(workbench: Workbench, job_id: str) -> Job:
    """One job.

    Raises:
        UnknownNameError: there is no job of that id.
    """
    client = open_client(workbench.settings.jobs_url)
    found = client.list_workflows(workflow_ids=[job_id])
    if not found:
        raise UnknownNameError("job", job_id)
    return _as_job(client, found[0])


def cancel_job(workbench: Workbench, actor: Person, job_id: str) -> None:
    """Take a waiting job off the queue, or stop a running one at its next step."""
    access.require(actor, "pull snapshots")
    open_client(workbench.settings.jobs_url).cancel_workflow(job_id)


@lru_cache(maxsize=8)
def open_client(jobs_url: str) -> DBOSClient:
    """The one client of a jobs database in this process; makes the tables when they are missing."""
    DBOS.migrate(jobs_url)
    return DBOSClient(
        system_database_url=jobs_url,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
    )


def _enqueue(workbench: Workbench, actor: Person, kind: JobKind, subject: str, *arguments: bool) -> str:
    options: EnqueueOptions = {
        "queue_name": QUEUE,
        "workflow_name": kind,
        "deduplication_id": f"{kind}:{subject}",
        "duplication_policy": "return-existing",
        "authenticated_user": actor.id,
        "attributes": {"subject": subject},
    }
    handle: Any = open_client(workbench.settings.jobs_url).enqueue(options, actor.id, subject, *arguments)
    return cast("str", handle.get_workflow_id())


def _as_job(client: DBOSClient, status: WorkflowStatus) -> Job:
    state = _STATES[status.status]
    progress = client.get_event(status.workflow_id, PROGRESS, 0) if state == "running" else None
    return Job(
        id=status.workflow_id,
        kind=cast("JobKind", status.name),
        subject=str((status.attributes or {}).get("subject", "")),
        state=state,
        started_by=status.authenticated_user or "",
        created_at=_as_time(status.created_at) or datetime.now(UTC),
        started_at=_as_time(status.dequeued_at),
        finished_at=None if state in ("waiting", "running") else _as_time(status.completed_at or status.updated_at),
        progress=Progress(**progress) if progress else None,
        result=status.output if state == "done" else None,
        error=_sentence(status) if state == "failed" else None,
    )


def _sentence(status: WorkflowStatus) -> str:
    if status.error is not None:
        return str(status.error)
    return "The worker was stopped too many times while doing this. Look at the worker's log, then start it again."


def _as_time(epoch_ms: int | None) -> datetime | None:
    return None if epoch_ms is None else datetime.fromtimestamp(epoch_ms / 1000, UTC)
