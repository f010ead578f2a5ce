"""What happens to jobs whose worker is stopped, or ends because the command that it was part of is done."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from reconcile import jobs
from reconcile.changing import lifecycle
from reconcile.changing.lease import hold_lease
from reconcile.changing.plans import plan
from reconcile.changing.requests import UnlinkRequest
from reconcile.jobs.worker import is_worker_alive, worker_running
from reconcile.model import ChangeSet, Policy
from reconcile.settings import load_settings
from reconcile.state import connections
from reconcile.state.tables import change_sets as change_sets_table
from reconcile.workbench import Workbench
from tests.practice import ROOT, running_practice
from tests.unit.changing.people import ANALYST
from tests.unit.changing.rig import SECRETS, Bench, Orgs, make_bench

TIMEOUT_S = 90


@pytest.fixture(scope="module")
def orgs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orgs]:
    with running_practice(tmp_path_factory.mktemp("orgs"), accounts=500, seed=13) as practice:
        yield Orgs(practice)


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    return Workbench.open(load_settings({"RECONCILE_HOME": str(tmp_path / "home")}))


@pytest.fixture
def bench(orgs: Orgs, workbench: Workbench) -> Iterator[Bench]:
    made = make_bench(orgs, workbench.database)
    with workbench.database.begin() as tx:
        for connection in (orgs.left, orgs.right):
            connections.store_secrets(tx, connection.id, dict(SECRETS[connection.system]), workbench.settings)
    yield made
    orgs.practice.clear_faults()


def approved(bench: Bench, pairs: int) -> ChangeSet:
    wanted = [UnlinkRequest(*pair) for pair in bench.orgs.take(pairs)]
    return bench.approve(plan(bench.orgs.source, wanted), Policy(volume_stop_share=1.0, canary_size=2))


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def running(workbench: Workbench, *command: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "RECONCILE_HOME": str(workbench.settings.home)}
    arguments = [sys.executable, "-m", "reconcile", *command]
    with subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def verified(bench: Bench, change_set: ChangeSet) -> int:
    return sum(1 for each in bench.operations(change_set) if each.state == "verified")


def test_a_push_whose_worker_is_stopped_is_gone_on_with_by_the_next_one(bench: Bench, workbench: Workbench) -> None:
    change_set = approved(bench, 8)
    bench.orgs.fault("latency", seconds=0.4)
    job_id = jobs.enqueue_push(workbench, ANALYST, change_set.id)
    with running(workbench, "worker") as worker:
        wait_until(lambda: verified(bench, change_set) >= 2)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(TIMEOUT_S) == 0
    assert (bench.state(change_set).state, bench.state(change_set).note) == ("pushing", "")
    assert jobs.get_job(workbench, job_id).is_active
    bench.orgs.practice.clear_faults()
    with worker_running(workbench):
        wait_until(lambda: not jobs.get_job(workbench, job_id).is_active)
    assert bench.state(change_set).state == "verified"
    bench.require_written_once(bench.operations(change_set))


def test_a_pull_whose_worker_is_stopped_is_made_by_the_next_one(bench: Bench, workbench: Workbench) -> None:
    bench.orgs.fault("latency", seconds=0.3)
    job_id = jobs.enqueue_pull(workbench, ANALYST, bench.orgs.left.id)
    with running(workbench, "worker") as worker:
        wait_until(lambda: jobs.get_job(workbench, job_id).progress)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(TIMEOUT_S) == 0
    assert jobs.get_job(workbench, job_id).is_active
    bench.orgs.practice.clear_faults()
    with worker_running(workbench):
        wait_until(lambda: not jobs.get_job(workbench, job_id).is_active)
    assert jobs.get_job(workbench, job_id).state == "done"


def test_a_command_that_follows_a_job_takes_it_up_when_its_worker_is_gone(bench: Bench, workbench: Workbench) -> None:
    change_set = approved(bench, 4)
    bench.orgs.fault("latency", seconds=0.4)
    with running(workbench, "worker") as worker:
        wait_until(lambda: is_worker_alive(workbench.settings))
        with running(workbench, "changes", "push", change_set.id) as command:
            wait_until(lambda: bench.state(change_set).state == "pushing")
            worker.kill()
            worker.wait()
            bench.orgs.practice.clear_faults()
            assert command.wait(TIMEOUT_S) == 0
    assert bench.state(change_set).state == "verified"
    bench.require_written_once(bench.operations(change_set))


def test_a_set_that_nobody_pushes_any_more_is_taken_up_by_the_next_worker(bench: Bench, workbench: Workbench) -> None:
    """Its job has failed, because the database was away for longer than it waited."""
    change_set = approved(bench, 1)
    with workbench.database.begin() as tx:
        lifecycle.step(tx, ANALYST, change_set, "start", note="")
    with worker_running(workbench):
        wait_until(lambda: bench.state(change_set).state == "verified")
    (job,) = jobs.list_jobs(workbench, kind="push")
    assert (job.subject, job.started_by) == (change_set.id, ANALYST.id)


def test_a_job_whose_state_cannot_be_written_down_goes_on_and_ends_when_it_can(
    bench: Bench, workbench: Workbench
) -> None:
    """As on a full disk: the work has room elsewhere, or it was freed meanwhile."""
    change_set = approved(bench, 1)
    job_id = jobs.enqueue_push(workbench, ANALYST, change_set.id)
    with closing(sqlite3.connect(workbench.settings.home / "jobs.db", timeout=30)) as jobs_database:
        jobs_database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON workflow_events BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
        jobs_database.commit()
        with worker_running(workbench):
            wait_until(lambda: bench.state(change_set).state == "verified")
            time.sleep(1.0)
            assert jobs.get_job(workbench, job_id).is_active
            jobs_database.execute("DROP TRIGGER full")
            jobs_database.commit()
            wait_until(lambda: not jobs.get_job(workbench, job_id).is_active)
    assert jobs.get_job(workbench, job_id).state == "done"


def test_a_push_waits_for_the_lease_of_a_process_of_which_nothing_is_known(bench: Bench, workbench: Workbench) -> None:
    """As after the restart of a container: who held the lease then is in no list of processes that can be seen."""
    change_set = approved(bench, 1)
    with hold_lease(workbench.database, change_set.id, 3.0):
        owner = "another machine/7/123/abc"
        mine = change_sets_table.c.id == change_set.id
        with workbench.database.begin() as tx:
            tx.execute(sa.update(change_sets_table).where(mine).values(lease_owner=owner))
        job_id = jobs.enqueue_push(workbench, ANALYST, change_set.id)
        with worker_running(workbench):
            wait_until(lambda: not jobs.get_job(workbench, job_id).is_active)
    assert jobs.get_job(workbench, job_id).state == "done"
    assert bench.state(change_set).state == "verified"
