"""Work that outlives a click: pulls, runs, pushes and learning as durable workflows, executed by a worker.

The app and the command line enqueue (`enqueue_pull`, `enqueue_run`, `enqueue_push`, `enqueue_learn`) and look
(`list_jobs`, `get_job`); the worker (`reconcile.jobs.worker`) executes. Enqueueing a job whose like still waits or runs
gives that one back.
"""

from reconcile.jobs.queue import (
    Job,
    JobKind,
    cancel_job,
    enqueue_learn,
    enqueue_pull,
    enqueue_push,
    enqueue_run,
    get_job,
    list_jobs,
)

__all__ = [
    "Job",
    "JobKind",
    "cancel_job",
    "enqueue_learn",
    "enqueue_pull",
    "enqueue_push",
    "enqueue_run",
    "get_job",
    "list_jobs",
]
