"""A worker that is killed (kill -9) in the middle of a job: the next one finishes it, and nothing half-made is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconcile import jobs
from reconcile.cli.demo import CHARGEBEE, SALESFORCE, prepare_connections
from reconcile.jobs import Job
from reconcile.jobs.worker import is_worker_alive
from reconcile.model import Person
from reconcile.runs.definitions import CHARGEBEE_ID
from reconcile.settings import load_settings
from reconcile.state import people, runs, snapshots
from reconcile.workbench import Workbench
from tests.practice import ROOT, Practice, running_practice

TIMEOUT_S = 60
ACCOUNTS = 400


@pytest.fixture(scope="module")
def orgs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with running_practice(tmp_path_factory.mktemp("orgs"), accounts=ACCOUNTS, seed=7) as practice:
        practice.faults("latency", seconds=0.15)  # a pull then lasts long enough to be killed in
        yield practice


@pytest.fixture
def workbench(tmp_path: Path, orgs: Practice) -> Workbench:
    """A workbench of the practice orgs, never pulled."""
    opened = Workbench.open(load_settings({"RECONCILE_HOME": str(tmp_path / "home")}))
    prepare_connections(opened, opened.database.write(people.ensure_laptop_person), *_ports(orgs))
    return opened


def _ports(practice: Practice) -> tuple[int, int]:
    salesforce, chargebee = (int(url.rpartition(":")[2]) for url in (practice.salesforce_url, practice.chargebee_url))
    return salesforce, chargebee


@contextmanager
def running_worker(workbench: Workbench) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "RECONCILE_HOME": str(workbench.settings.home)}
    with subprocess.Popen([sys.executable, "-m", "reconcile", "worker"], cwd=ROOT, env=environment) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def wait_for(workbench: Workbench, job_id: str, condition: Callable[[Job], bool]) -> Job:
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        job = jobs.get_job(workbench, job_id)
        if condition(job):
            return job
        time.sleep(0.02)
    raise AssertionError(f"not within {TIMEOUT_S} s: {jobs.get_job(workbench, job_id)}")


def actor_of(workbench: Workbench) -> Person:
    return workbench.database.write(people.ensure_laptop_person)


def kill_in(workbench: Workbench, job_id: str) -> None:
    """Run a worker until the job has told of its progress, and kill it there."""
    with running_worker(workbench) as process:
        wait_for(workbench, job_id, lambda job: job.progress is not None)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not is_worker_alive(workbench.settings)
    assert jobs.get_job(workbench, job_id).state == "running"


def finish(workbench: Workbench, *job_ids: str) -> list[Job]:
    """Run a worker until the jobs have ended."""
    with running_worker(workbench):
        return [wait_for(workbench, job_id, lambda job: not job.is_active) for job_id in job_ids]


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if path.is_file()]


def test_a_pull_that_was_killed_is_taken_up_again(workbench: Workbench) -> None:
    job_id = jobs.enqueue_pull(workbench, actor_of(workbench), SALESFORCE)
    kill_in(workbench, job_id)
    assert leftovers(workbench.settings.snapshots), "it was killed before it had written anything"
    with workbench.database.read() as tx:
        assert snapshots.latest(tx, SALESFORCE) is None
    (job,) = finish(workbench, job_id)
    assert job.state == "done", job.error
    assert not leftovers(workbench.settings.snapshots)
    with workbench.database.read() as tx:
        (snapshot,) = snapshots.list_snapshots(tx, SALESFORCE)
    assert {count.object: count.rows for count in snapshot.objects}["Account"] == ACCOUNTS
    assert list(workbench.settings.snapshots.rglob("*.duckdb")) == [Path(snapshot.path)]


def test_a_run_that_was_killed_is_taken_up_again(workbench: Workbench) -> None:
    actor = actor_of(workbench)
    pulls = [jobs.enqueue_pull(workbench, actor, connection_id) for connection_id in (SALESFORCE, CHARGEBEE)]
    assert [job.state for job in finish(workbench, *pulls)] == ["done", "done"]
    job_id = jobs.enqueue_run(workbench, actor, CHARGEBEE_ID)
    kill_in(workbench, job_id)
    assert leftovers(workbench.settings.runs), "it was killed before it had written anything"
    with workbench.database.read() as tx:
        assert runs.latest(tx, CHARGEBEE_ID) is None
    (job,) = finish(workbench, job_id)
    assert job.state == "done", job.error
    with workbench.database.read() as tx:
        (run,) = runs.list_runs(tx, CHARGEBEE_ID)
    assert list(workbench.settings.runs.rglob("*.duckdb")) == [Path(run.path)]
    assert not leftovers(workbench.settings.runs)


def test_a_second_worker_of_a_workbench_is_refused(workbench: Workbench) -> None:
    with running_worker(workbench) as first:
        deadline = time.monotonic() + TIMEOUT_S
        while not is_worker_alive(workbench.settings) and time.monotonic() < deadline:
            time.sleep(0.1)
        environment = {**os.environ, "RECONCILE_HOME": str(workbench.settings.home)}
        second = subprocess.run(
            [sys.executable, "-m", "reconcile", "worker"], cwd=ROOT, env=environment, capture_output=True, check=False
        )
        assert second.returncode != 0
        assert b"running already" in second.stderr
        assert first.poll() is None
