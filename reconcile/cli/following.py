"""Following a job from the terminal."""

from __future__ import annotations

import time
from contextlib import ExitStack

from reconcile import jobs
from reconcile.cli.session import progress_bar
from reconcile.errors import ReconcileError, StateError
from reconcile.jobs.worker import is_worker_alive, worker_running
from reconcile.workbench import Workbench

_LOOK_EVERY_S = 0.2


def follow(workbench: Workbench, job_id: str) -> jobs.Job:
    """Show the job's progress until it ends. While no worker runs, this process executes the workbench's jobs.

    Whoever executes it may end meanwhile (a worker that is stopped, another command that has its own job done): then
    this process takes it up.

    Raises:
        ReconcileError: the job failed or was cancelled; the sentence is the job's own.
    """
    with ExitStack() as own_worker, progress_bar() as report:
        is_executed = False
        while (job := jobs.get_job(workbench, job_id)).is_active:
            is_executed = is_executed or _take_up(workbench, own_worker)
            if job.progress is not None:
                report(job.progress)
            time.sleep(_LOOK_EVERY_S)
    if job.state != "done":
        raise ReconcileError(
            f"The {job.kind} of {job.subject} {job.state}: {job.error or 'it was taken off the queue.'}"
        )
    return job


def _take_up(workbench: Workbench, own_worker: ExitStack) -> bool:
    """Become the workbench's worker if it has none; gives whether this process is it."""
    if is_worker_alive(workbench.settings):
        return False
    try:
        own_worker.enter_context(worker_running(workbench))
    except StateError:  # another process was quicker
        return False
    return True
