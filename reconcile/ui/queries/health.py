"""What the Health page shows: jobs, the worker, what stands in the way, and how much room there is."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reconcile.errors import ReconcileError
from reconcile.jobs import Job, list_jobs
from reconcile.jobs.worker import is_worker_alive
from reconcile.model import Connection
from reconcile.state import connections
from reconcile.systems import KnowsRequestsLeft
from reconcile.ui.queries.history import person_names
from reconcile.ui.text.labels import SYSTEMS
from reconcile.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the workbench.

    Attributes:
        free_bytes: room left where snapshots and runs are written; `used_bytes` what they take now.
    """

    is_worker_alive: bool
    jobs: tuple[Job, ...]
    quarantined: tuple[Connection, ...]
    free_bytes: int
    used_bytes: int

    @property
    def failed(self) -> tuple[Job, ...]:
        """Jobs that failed, newest first."""
        return tuple(job for job in self.jobs if job.state == "failed")

    @property
    def active(self) -> tuple[Job, ...]:
        """Jobs that wait or run."""
        return tuple(job for job in self.jobs if job.is_active)


def read_health(workbench: Workbench) -> Health:
    """Ask the queue, the worker's lock, the database and the disk."""
    with workbench.database.read() as tx:
        known = connections.list_connections(tx)
    home = workbench.settings.home
    return Health(
        is_worker_alive=is_worker_alive(workbench.settings),
        jobs=tuple(list_jobs(workbench, limit=100)),
        quarantined=tuple(connection for connection in known if connection.quarantine_reason),
        free_bytes=shutil.disk_usage(home).free,
        used_bytes=_size(workbench.settings.snapshots) + _size(workbench.settings.runs),
    )


def limit_rows(workbench: Workbench) -> pd.DataFrame:
    """One row a connection, asked of the systems now: name, system, left (requests of the day), said (what it answers).

    A system that does not answer is a row that says so.
    """
    with workbench.database.read() as tx:
        known = connections.list_connections(tx)
    return pd.DataFrame([_limit(workbench, each) for each in known if each.system != "files"])


def _limit(workbench: Workbench, connection: Connection) -> dict[str, object]:
    row: dict[str, object] = {"name": connection.name, "system": SYSTEMS[connection.system], "left": None}
    try:
        writer = workbench.open_writer(connection)
        if isinstance(writer, KnowsRequestsLeft):
            left = writer.requests_left()
            return {**row, "left": left, "said": "answers" if left is not None else "does not tell this user"}
        writer.fingerprint()
    except ReconcileError as error:
        return {**row, "said": error.sentence}
    return {**row, "said": "answers; limits requests by the minute, which Reconcile keeps to"}


def job_rows(workbench: Workbench, jobs: tuple[Job, ...]) -> pd.DataFrame:
    """One row a job, newest first: asked, kind, subject, state, progress, seconds, who, error."""
    names = person_names(workbench)
    return pd.DataFrame(
        [
            {
                "asked": job.created_at,
                "kind": job.kind,
                "subject": job.subject,
                "state": job.state,
                "progress": f"{job.progress.stage} {job.progress.done:,}" if job.progress else "",
                "seconds": _seconds(job),
                "who": names.get(job.started_by, job.started_by),
                "error": job.error or "",
            }
            for job in jobs
        ]
    )


def _seconds(job: Job) -> float | None:
    if job.started_at is None or job.finished_at is None:
        return None
    return (job.finished_at - job.started_at).total_seconds()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.duckdb")) if folder.is_dir() else 0
