"""The demo as a person has it: processes that die are started again, and none outlives the one that started them."""

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
from reconcile.cli.demo import SALESFORCE
from reconcile.jobs.worker import is_worker_alive
from reconcile.settings import load_settings
from reconcile.state import people
from reconcile.workbench import Workbench
from tests.browser.conftest import free_port
from tests.practice import ROOT

TIMEOUT_S = 120


@contextmanager
def running_demo(home: Path, ports: tuple[int, int, int]) -> Iterator[subprocess.Popen[str]]:
    """The demo, until it is ready. Its messages go to `<home>.log`."""
    app, salesforce, chargebee = (str(port) for port in ports)
    command = [sys.executable, "-m", "reconcile", "demo", "--accounts", "200"]
    arguments = ["--salesforce-port", salesforce, "--chargebee-port", chargebee]
    environment = {**os.environ, "RECONCILE_HOME": str(home), "RECONCILE_PORT": app}
    log = home.with_suffix(".log")
    with (
        log.open("a") as output,
        subprocess.Popen(
            [*command, *arguments], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        try:
            begin = log.stat().st_size
            wait_until(lambda: "Reconcile is ready" in log.read_text()[begin:] or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def wait_until(condition: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.1)


def children_of(pid: int) -> dict[str, int]:
    """What runs under the process, by what it is: worker, simulate, streamlit."""
    ask = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)]  # -ww: or COLUMNS cuts the names off
    listed = subprocess.run(ask, capture_output=True, text=True, check=False)
    found = {}
    for line in listed.stdout.splitlines():
        child, _, command = line.strip().partition(" ")
        for name in ("worker", "simulate", "streamlit"):
            if f" {name} " in f"{command} ":
                found[name] = int(child)
    return found


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.fixture
def ports() -> tuple[int, int, int]:
    return free_port(), free_port(), free_port()


def test_what_dies_is_started_again_and_nothing_outlives_the_demo(tmp_path: Path, ports: tuple[int, int, int]) -> None:
    home = tmp_path / "home"
    settings = load_settings({"RECONCILE_HOME": str(home)})
    with running_demo(home, ports) as process:
        children = children_of(process.pid)
        assert set(children) == {"worker", "simulate", "streamlit"}

        os.kill(children["worker"], signal.SIGKILL)
        wait_until(lambda: children_of(process.pid).get("worker", children["worker"]) != children["worker"])
        workbench = Workbench.open(settings)
        actor = workbench.database.write(people.ensure_laptop_person)
        job_id = jobs.enqueue_pull(workbench, actor, SALESFORCE)
        wait_until(lambda: not jobs.get_job(workbench, job_id).is_active)
        assert jobs.get_job(workbench, job_id).state == "done"

        children = children_of(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_until(lambda: not any(is_running(pid) for pid in children.values()), 30)
        assert not is_worker_alive(settings)

    with running_demo(home, ports) as process:  # the ports and the lock are free again
        children = children_of(process.pid)
        process.send_signal(signal.SIGHUP)  # the terminal is closed
        process.wait(30)
        assert not any(is_running(pid) for pid in children.values())
