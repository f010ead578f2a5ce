"""Following a job from the terminal."""

from __future__ import annotations

import time
from contextlib import nullcontext

from reconcile import jobs
from reconcile.cli.session import progress_bar
from reconcile.errors import ReconcileError
from reconcile.jobs.worker import is_worker_alive, worker_running
from reconcile.workbench import Workbench

_LOOK_EVERY_S = 0.2


def follow(workbench: Workbench, job_id: str) -> jobs.Job:
    """Show the job's progress until it ends. Where no worker runs, this process executes it meanwhile.

    Raises:
        ReconcileError: the job failed or was cancelled; the sentence is the job's own.
    """
    own_worker = nullcontext() if is_worker_alive(workbench.settings) else worker_running(workbench)
    with own_worker, progress_bar() as report:
        while (job := jobs.get_job(workbench, job_id)).is_active:
            if job.progress is not None:
                report(job.progress)
            time.sleep(_LOOK_EVERY_S)
    if job.state != "done":
        raise ReconcileError(
            f"The {job.kind} of {job.subject} {job.state}: {job.error or 'it was taken off the queue.'}"
        )
    return job
