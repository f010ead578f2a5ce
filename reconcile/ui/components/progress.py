"""Live progress of the jobs that a worker executes."""

from __future__ import annotations

import streamlit as st

from reconcile.jobs import Job, JobKind, list_jobs
from reconcile.model import utc_now
from reconcile.ui.guard import boundary
from reconcile.ui.text import count, plain
from reconcile.workbench import Workbench

POLL_S = 1.0
# A worker takes a job off the queue within a second or two; waiting longer than this means that none is running.
PATIENCE_S = 20


def latest_job(workbench: Workbench, kind: JobKind, subject: str) -> Job | None:
    """The newest job of that kind for that connection, reconciliation or change set."""
    return next((job for job in list_jobs(workbench, kind=kind, limit=30) if job.subject == subject), None)


def show_job(workbench: Workbench, kind: JobKind, subject: str) -> bool:
    """Show the newest job if it is under way (live) or failed; gives whether it is under way.

    When it ends the page reruns once, so that what it made appears.
    """
    job = latest_job(workbench, kind, subject)
    if job is None:
        return False
    if job.is_active:
        _watch(workbench, kind, subject, job.id)
        return True
    if job.state == "failed":
        st.error(plain(job.error or "It failed without a message."), icon=":material/error:")
    return False


@st.fragment(run_every=POLL_S)
def _watch(workbench: Workbench, kind: JobKind, subject: str, job_id: str) -> None:
    with boundary():
        job = latest_job(workbench, kind, subject)
        if job is None or job.id != job_id or not job.is_active:
            st.rerun()
        else:
            _draw(job)


def _draw(job: Job) -> None:
    waited_s = (utc_now() - job.created_at).total_seconds()
    if job.state == "waiting":
        st.progress(0.0, "Waiting for the worker …")
        if waited_s > PATIENCE_S:
            st.caption(
                ":orange[:material/warning: No worker has taken this up. Is one running? `python -m reconcile worker`]"
            )
        return
    st.progress(_share(job), describe(job))


def describe(job: Job) -> str:
    """What the job is doing, in words (Markdown)."""
    progress = job.progress
    if progress is None:
        return "Starting …"
    of = f" of {count(progress.total)}" if progress.total else ""
    return f"{plain(progress.stage)}: {count(progress.done)}{of} {plain(progress.unit)}"


def _share(job: Job) -> float:
    if job.progress is None or not job.progress.total:
        return 0.0
    return min(1.0, job.progress.done / job.progress.total)
