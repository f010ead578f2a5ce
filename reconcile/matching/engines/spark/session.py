"""A Spark session for one match, with this package on every worker and a folder that all of them see."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import uuid
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

import reconcile
from reconcile.errors import InputError
from reconcile.matching.pipeline import memory_bytes
from reconcile.matching.rules import MatchRules

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MASTER = "RECONCILE_SPARK_MASTER"
FOLDER = "RECONCILE_SPARK_FOLDER"
BATCH_ROWS = 65_536
DRIVER_MEMORY = "4g"
_TASKS_PER_CORE = 8
_TASKS_ON_A_CLUSTER = 200  # at least: its cores are not all known when the session begins
_LOG_LEVEL = "spark.log.level"


@contextmanager
def open_session(rules: MatchRules) -> Iterator[SparkSession]:
    """A session with settings and views of its own.

    An application that is running already is used and left running: a notebook's, a test's, or that of spark-submit.
    Otherwise one is started on `rules.spark_master`, else on what RECONCILE_SPARK_MASTER says, else on this machine's
    cores, and stopped at the end.

    Raises:
        InputError: pyspark or Java is not installed.
    """
    require_spark()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
        from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra requirement

        running = SparkSession.getActiveSession()
        application = running or _start(rules)
        try:
            yield _configured(application)
        finally:
            if running is None:
                application.stop()


def require_spark() -> None:
    """Check that Spark can start.

    Raises:
        InputError: pyspark or Java is not installed.
    """
    if find_spec("pyspark") is None:
        raise InputError(
            "The engine 'spark' needs pyspark, which is not installed.",
            remedy="Run `pip install -r requirements-spark.txt`, or use the engine 'duckdb'.",
        )
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (home and (Path(home) / "bin" / "java").exists())):
        raise InputError(
            "The engine 'spark' needs Java, which is not installed.",
            remedy="Install a Java runtime, version 17 or newer, and set JAVA_HOME, or use the engine 'duckdb'.",
        )


def _start(rules: MatchRules) -> SparkSession:
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra requirement

    builder = SparkSession.builder.appName("reconcile")
    if "PYSPARK_GATEWAY_PORT" in os.environ:  # spark-submit started us: it has said all that follows
        return _quiet(builder.getOrCreate())
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    memory = f"{memory_bytes(rules.memory_limit) / 2**20:.0f}m" if rules.memory_limit else DRIVER_MEMORY
    settings = {
        "spark.master": rules.spark_master or os.environ.get(MASTER, "") or "local[*]",
        "spark.driver.memory": memory,
        "spark.driver.maxResultSize": "0",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if settings["spark.master"].startswith("local"):
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    for name, value in settings.items():
        builder = builder.config(name, value)
    return _quiet(builder.getOrCreate())


def _quiet(session: SparkSession) -> SparkSession:
    """Only errors are logged, where nobody asked for more."""
    if session.sparkContext.getConf().get(_LOG_LEVEL) is None:
        session.sparkContext.setLogLevel("ERROR")
    return session


def _configured(application: SparkSession) -> SparkSession:
    """A session of the application with settings and temporary views of its own; its workers get this package."""
    context = application.sparkContext
    archive = _archive()
    if not any(Path(each).name == archive.name for each in context.listFiles):
        context.addPyFile(str(archive))
    session = application.newSession()
    least = 1 if (context.master or "").startswith("local") else _TASKS_ON_A_CLUSTER
    defaults = {
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH_ROWS),
        "spark.sql.shuffle.partitions": str(max(context.defaultParallelism * _TASKS_PER_CORE, least)),
    }
    given = context.getConf()
    for name, value in defaults.items():
        session.conf.set(name, given.get(name, value) or value)
    session.conf.set("spark.sql.ansi.enabled", "true")
    return session


def _archive() -> Path:
    """This package as a zip that Python can import from, named by its content."""
    root = Path(reconcile.__file__).parent
    sources = sorted(root.rglob("*.py"))
    digest = hashlib.sha256()
    for source in sources:
        digest.update(str(source.relative_to(root)).encode() + source.read_bytes())
    folder = platformdirs.user_cache_path("reconcile", ensure_exists=True)
    path = folder / f"reconcile-{digest.hexdigest()[:16]}.zip"
    if not path.exists():
        unfinished = path.with_suffix(f".{uuid.uuid4().hex}")
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            for source in sources:
                archive.write(source, Path("reconcile") / source.relative_to(root))
        unfinished.replace(path)
    return path


@contextmanager
def open_folder(session: SparkSession, rules: MatchRules) -> Iterator[str]:
    """A new folder for what is worked on, visible to every worker and removed at the end.

    Raises:
        InputError: the workers are on other machines and no folder was named that they see.
    """
    parent = rules.spark_folder or os.environ.get(FOLDER, "")
    if not parent and not (session.sparkContext.master or "").startswith("local"):
        raise InputError(
            f"Spark runs on {session.sparkContext.master}, so a folder is needed that all of its machines see.",
            remedy=f"Name one (hdfs://, s3a:// or a shared file system) with --spark-folder or {FOLDER}.",
        )
    folder = f"{(parent or tempfile.gettempdir()).rstrip('/')}/reconcile-{uuid.uuid4().hex}"
    try:
        yield folder
    finally:
        java = session.sparkContext._jvm  # noqa: SLF001 - Spark offers Hadoop's file systems to Python only this way
        if java is not None:
            path = java.org.apache.hadoop.fs.Path(folder)
            path.getFileSystem(session.sparkContext._jsc.hadoopConfiguration()).delete(path, True)  # noqa: FBT003, SLF001
