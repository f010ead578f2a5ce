"""The process that executes jobs.

One worker serves one workbench: it holds a lock file in the home folder for as long as it lives, which the operating
system lets go of however it ends. A job that was running when a worker was stopped or killed is taken up again by the
next one, and so is a change set that is being pushed by nobody any more.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from threading import Event, Lock
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from filelock import FileLock, Timeout
from sqlalchemy.engine import Connection as Transaction
from sqlalchemy.exc import SQLAlchemyError

from reconcile import learning
from reconcile.errors import ClaimedError, ReconcileError, StateError, StorageError
from reconcile.jobs import tasks
from reconcile.jobs.queue import APPLICATION, PROGRESS, QUEUE, enqueue_push, open_client
from reconcile.model import Person, Progress
from reconcile.settings import Settings
from reconcile.state import audit, change_sets, people
from reconcile.workbench import Workbench

logger = logging.getLogger(__name__)

# All releases share one version: a job started before an upgrade is finished after it; every step can be repeated.
_WORKFLOW_VERSION = "1"
_JOBS_AT_ONCE = 2
_PROGRESS_INTERVAL_S = 0.5
# Whoever asks whether a worker is alive holds the lock for a moment.
_LOOK_S = 2.0
# How long a push waits for a database that is away, or for the lease of a process that is not known to be gone.
_NOTE_AGAIN_S = 5.0
_WAITS_S = (2.0, 5.0, 10.0, 20.0, 30.0, 30.0, 30.0, 30.0, 30.0)

_serving: list[Workbench] = []
_ending = Event()
_PUSHED = ("start change set", "resume change set")


class _LeftToTheNextWorker(BaseException):
    """This process ends, and the job stays under way. No Exception: those are a job's own end."""


@contextmanager
def worker_running(workbench: Workbench) -> Iterator[None]:
    """Execute the workbench's jobs in threads of this process while the block runs.

    Raises:
        StateError: another worker serves this workbench already.
    """
    lock = _lock_of(workbench.settings)
    try:
        lock.acquire(timeout=_LOOK_S)
    except Timeout as error:
        raise StateError("The worker of this workbench", "running already", "started twice") from error
    _serving.append(workbench)
    _ending.clear()
    try:
        _launch(workbench.settings.jobs_url)
        _take_up_pushes(workbench)
        yield
    finally:
        _ending.set()
        DBOS.destroy(workflow_completion_timeout_sec=10)
        _serving.clear()
        lock.release()


def is_worker_alive(settings: Settings) -> bool:
    """Whether a worker, in whatever process, holds the workbench now."""
    lock = _lock_of(settings)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def serve(workbench: Workbench, stop: Event) -> None:
    """Execute jobs until `stop` is set."""
    with worker_running(workbench):
        stop.wait()


@DBOS.workflow(name="pull")
def _pull(actor_id: str, connection_id: str, incremental: bool) -> dict[str, Any]:
    return _pull_step(actor_id, connection_id, incremental)


@DBOS.step(name="pull step")
def _pull_step(actor_id: str, connection_id: str, incremental: bool) -> dict[str, Any]:
    workbench = _serving[0]
    with _reporting() as report:
        snapshot = tasks.pull_snapshot(
            workbench, _person(workbench, actor_id), connection_id, report, incremental=incremental
        )
    return {"snapshot": snapshot.id, "rows": {count.object: count.rows for count in snapshot.objects}}


@DBOS.workflow(name="run")
def _run(actor_id: str, reconciliation_id: str) -> dict[str, Any]:
    return _run_step(actor_id, reconciliation_id)


@DBOS.step(name="run step")
def _run_step(actor_id: str, reconciliation_id: str) -> dict[str, Any]:
    workbench = _serving[0]
    with _reporting() as report:
        made = tasks.run_reconciliation(workbench, _person(workbench, actor_id), reconciliation_id, report)
    return {"run": made.id}


@DBOS.workflow(name="learn")
def _learn(actor_id: str, reconciliation_id: str) -> dict[str, Any]:
    return _learn_step(actor_id, reconciliation_id)


@DBOS.step(name="learn step")
def _learn_step(actor_id: str, reconciliation_id: str) -> dict[str, Any]:
    workbench = _serving[0]
    with _reporting() as report:
        made = learning.propose(workbench, _person(workbench, actor_id), reconciliation_id, report)
    return {"model": made.id, "version": made.version}


@DBOS.workflow(name="push")
def _push(actor_id: str, change_set_id: str) -> dict[str, Any]:
    return _push_step(actor_id, change_set_id)


@DBOS.step(name="push step")
def _push_step(actor_id: str, change_set_id: str) -> dict[str, Any]:
    with _reporting() as report:
        return _push_patiently(_serving[0], actor_id, change_set_id, report)


def _push_patiently(workbench: Workbench, actor_id: str, change_set_id: str, report: _Reporter) -> dict[str, Any]:
    # A step may be executed twice when the worker dies; the journal and the read-back inside `push` make that safe.
    for wait_s in _WAITS_S:
        try:
            return tasks.push_change_set(workbench, _person(workbench, actor_id), change_set_id, report)
        except (StorageError, ClaimedError) as error:
            logger.warning("The push of %s waits %.0f s: %s", change_set_id, wait_s, error)
        if _ending.wait(wait_s):
            raise _LeftToTheNextWorker
    return tasks.push_change_set(workbench, _person(workbench, actor_id), change_set_id, report)


@contextmanager
def _reporting() -> Iterator[_Reporter]:
    """What a step reports its progress to. Ends when the jobs database can take the step's end as well.

    DBOS writes a job's end once: where there was no room for it, the job would seem to run for ever.
    """
    report = _Reporter()
    try:
        yield report
    except Exception:
        if report.has_left:  # what it raised has become another error on its way through a library
            raise _LeftToTheNextWorker from None
        raise
    finally:
        while not _ending.is_set() and not report.note(Progress("finish", 1, 1, "step")):
            _ending.wait(_NOTE_AGAIN_S)


class _Reporter:
    """Keeps a running job's progress where every process can read it, at most twice a second; made in its step.

    Attributes:
        has_left: whether it broke the work off, because this process ends.
    """

    def __init__(self) -> None:
        self.has_left = False
        self._last: tuple[str, float] = ("", 0.0)
        # A pull reports from the threads that stream rows; DBOS knows the job by the context of its step.
        self._context = copy_context()
        self._lock = Lock()

    def __call__(self, progress: Progress) -> None:
        if _ending.is_set():
            self.has_left = True
            raise _LeftToTheNextWorker
        with self._lock:
            self._report(progress)

    def _report(self, progress: Progress) -> None:
        stage, at = self._last
        now = time.monotonic()
        is_end = progress.total is not None and progress.done >= progress.total
        if stage == progress.stage and not is_end and now - at < _PROGRESS_INTERVAL_S:
            return
        self._last = (progress.stage, now)
        self.note(progress)

    def note(self, progress: Progress) -> bool:
        """Write it down; whether that was possible. A full disk, say, is no reason to give the work up."""
        try:
            self._context.run(DBOS.set_event, PROGRESS, dataclasses.asdict(progress))
        except SQLAlchemyError as error:
            logger.warning("The state of a job cannot be written down: %s", getattr(error, "orig", error))
            return False
        return True


def _launch(jobs_url: str) -> None:
    open_client(jobs_url)
    config = DBOSConfig(
        name=APPLICATION,
        system_database_url=jobs_url,
        serializer=DBOSPortableJSONSerializer(),
        application_version=_WORKFLOW_VERSION,
        executor_id="worker",
        console_log_level="CRITICAL",  # a job's failure is kept with the job and shown there
    )
    DBOS(config=config)
    DBOS.launch()
    DBOS.register_queue(QUEUE, worker_concurrency=_JOBS_AT_ONCE, polling_interval_sec=0.25)


def _take_up_pushes(workbench: Workbench) -> None:
    """Ask for the pushes that are under way. One whose job is still known is not asked for twice."""
    with workbench.database.read() as tx:
        under_way = [each.id for each in change_sets.list_change_sets(tx, states={"pushing"})]
        pushers = {each: _pusher(tx, each) for each in under_way}
    for change_set_id, pusher in pushers.items():
        try:
            enqueue_push(workbench, pusher, change_set_id)
        except ReconcileError as error:  # they may no longer push: the set waits for somebody who may
            logger.warning("%s is not taken up again: %s", change_set_id, error)


def _pusher(tx: Transaction, change_set_id: str) -> Person:
    """Who started the push or let it go on."""
    rows = audit.list_rows(tx, subject=change_set_id)
    return people.get(tx, next(row.person_id for row in rows if row.action in _PUSHED))


def _lock_of(settings: Settings) -> FileLock:
    return FileLock(settings.home / "worker.lock")


def _person(workbench: Workbench, person_id: str) -> Person:
    with workbench.database.read() as tx:
        return people.get_active(tx, person_id)
