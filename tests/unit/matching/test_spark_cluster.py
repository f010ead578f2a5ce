"""A real cluster: a master and two workers as processes of their own, asked from the command line and by spark-submit.

The workers know nothing of this package but what the match ships to them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bench.companies import write
from tests.practice import ROOT

pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed")
SPARK = Path(pyspark.__file__).parent
LOCAL = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(SPARK), "PYTHONPATH": ""}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(shutil.which("java") is None and "JAVA_HOME" not in os.environ, reason="Java is not installed"),
]


@dataclass(frozen=True)
class Cluster:
    """Where its master is, and a folder that all of it sees."""

    master: str
    folder: Path


@contextmanager
def daemon(log: Path, *arguments: str) -> Iterator[None]:
    """A process of the cluster, in a folder of its own, until the end of the test."""
    with log.open("w") as out:
        process = subprocess.Popen(
            [str(SPARK / "bin" / "spark-class"), *arguments],
            cwd=log.parent,
            env={**os.environ, **LOCAL},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def said(log: Path, pattern: str) -> str:
    """Wait until the log says something."""
    for _ in range(600):
        if found := re.search(pattern, log.read_text()):
            return found.group(1)
        time.sleep(0.2)
    raise AssertionError(log.read_text()[-2000:])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    shared = folder / "shared"
    shared.mkdir()
    own = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
    with ExitStack() as running:
        log = folder / "master.log"
        running.enter_context(daemon(log, "org.apache.spark.deploy.master.Master", *own))
        master = said(log, r"Starting Spark master at (spark://\S+)")
        for name in ("one", "two"):
            (folder / name).mkdir()
            size = ("--cores", "1", "--memory", "1g", "--work-dir", str(folder / name))
            log = folder / f"{name}.log"
            running.enter_context(daemon(log, "org.apache.spark.deploy.worker.Worker", *own, *size, master))
            said(log, r"(Successfully registered) with master")
        yield Cluster(master, shared)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """The folder with two lists of companies, and the file of candidates that DuckDB's engine writes."""
    folder = tmp_path_factory.mktemp("companies")
    write(1_500, folder, seed=5)
    ran([sys.executable, "-m", "reconcile", *link(folder, "here")], {})
    return folder, (folder / "here.parquet").read_bytes()


def link(folder: Path, name: str) -> list[str]:
    sides = [str(folder / f"{side}.parquet") for side in ("left", "right")]
    return ["link", *sides, "--all-candidates", "--out", str(folder / f"{name}.parquet")]


def ran(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]


def test_the_command_gives_the_same_file(cluster: Cluster, expected: tuple[Path, bytes]) -> None:
    where = ["--spark-master", cluster.master, "--spark-folder", str(cluster.folder)]
    command = [sys.executable, "-m", "reconcile", *link(expected[0], "there"), "--engine", "spark", *where]
    ran(command, {"SPARK_LOCAL_IP": "127.0.0.1"})
    assert (expected[0] / "there.parquet").read_bytes() == expected[1]
    assert list(cluster.folder.iterdir()) == []


def test_a_submitted_application_gives_the_same_file(cluster: Cluster, expected: tuple[Path, bytes]) -> None:
    submit = [str(SPARK / "bin" / "spark-submit"), "--master", cluster.master, str(ROOT / "reconcile" / "__main__.py")]
    environment = {
        **LOCAL,
        "PYTHONPATH": str(ROOT),
        "PYSPARK_PYTHON": sys.executable,
        "RECONCILE_SPARK_FOLDER": str(cluster.folder),
    }
    ran([*submit, *link(expected[0], "submitted"), "--engine", "spark"], environment)
    assert (expected[0] / "submitted.parquet").read_bytes() == expected[1]
