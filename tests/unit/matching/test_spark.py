"""The Spark engine gives what DuckDB's gives, bit for bit, on threads and on a cluster of two workers."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import polars as pl
import pytest

from reconcile.errors import InputError
from reconcile.matching import LinkResult, MatchRules, dedupe, link
from reconcile.matching.block import KEYS, REFINEMENTS, hash_sql
from reconcile.matching.engines.spark.blocking import to_spark_sql
from reconcile.matching.engines.spark.pipeline import score_pairs_on_spark
from reconcile.matching.engines.spark.session import open_folder, require_spark
from reconcile.matching.files import canonical_view, open_file
from reconcile.matching.link import keep_likely
from reconcile.matching.models import model_version
from reconcile.matching.pipeline import Stopwatch, silent
from tests.bench.companies import write

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Connection = duckdb.DuckDBPyConnection
spark_sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
needs_java = pytest.mark.skipif(
    shutil.which("java") is None and "JAVA_HOME" not in os.environ, reason="Java is not installed"
)
# A few thousand records are done before a compiler has paid for itself.
QUICK = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.sql.codegen.wholeStage": "false",
}
ALONE = {"spark.sql.shuffle.partitions": "2", "spark.sql.adaptive.enabled": "false"}
# Two workers, and other sizes of whatever is cut into pieces.
CLUSTER = {"spark.sql.shuffle.partitions": "7", "spark.sql.execution.arrow.maxRecordsPerBatch": "311"}
JUDGED = "(SELECT left_id, right_id, CASE WHEN probability > 0.4 THEN 'same' ELSE 'different' END AS verdict"


@contextmanager
def running(master: str, settings: dict[str, str]) -> Iterator[SparkSession]:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = spark_sql.SparkSession.builder.master(master)
    for name, value in {**QUICK, **settings}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("companies")
    write(1_500, folder, seed=5)
    return folder


def opened(folder: Path, *, order: str = "") -> Connection:
    con = duckdb.connect()
    for side in ("left", "right"):
        open_file(con, folder / f"{side}.parquet", f"raw_{side}")
        canonical_view(con, f"raw_{side}", f"in_order_{side}", id_name="id", mapping={})
        con.execute(f"CREATE TABLE {side}_records AS SELECT * FROM in_order_{side} {order}")
    return con


def linked(con: Connection, rules: MatchRules) -> LinkResult:
    return link(con, "left_records", "right_records", rules)


def rows(con: Connection, table: str, *, by: str = "") -> pl.DataFrame:
    return pl.DataFrame(con.sql(f"SELECT * FROM {table} {by}").to_arrow_table())


def figures(result: Any) -> dict[str, Any]:
    found = dataclasses.asdict(result.summary) | {"model": result.model_version}
    for summed in ("estimated_recall", "expected_matches"):  # over pairs in another order
        if found[summed] is not None:
            found[summed] = pytest.approx(found[summed], rel=1e-12)
    return {name: value for name, value in found.items() if name != "seconds"}


def assert_same_links(folder: Path, order: str = "", **rules: Any) -> None:
    here, there = opened(folder), opened(folder, order=order)
    expected, found = linked(here, MatchRules(**rules)), linked(there, MatchRules(engine="spark", **rules))
    by = "ORDER BY left_id, right_id" if order else ""
    assert rows(here, "candidates").height > 1_000
    assert rows(there, "candidates", by=by).equals(rows(here, "candidates", by=by))
    assert rows(there, "levels").equals(rows(here, "levels"))
    assert figures(expected) == figures(found)


@needs_java
@pytest.mark.timeout(600)
def test_links_are_those_of_duckdb_on_threads(companies: Path) -> None:
    with running("local[2]", ALONE):
        assert_same_links(companies)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@needs_java
class TestTwoWorkers:
    @pytest.fixture(scope="class", autouse=True)
    def cluster(self) -> Iterator[SparkSession]:
        with running("local-cluster[2,1,1024]", CLUSTER) as session:
            yield session

    def test_links_are_those_of_duckdb(self, companies: Path) -> None:
        assert_same_links(companies, one_to_one=True)

    def test_the_order_of_the_rows_does_not_matter(self, companies: Path) -> None:
        assert_same_links(companies, order="ORDER BY md5(record_id)")

    def test_common_key_values_are_refined_alike(self, companies: Path) -> None:
        assert_same_links(companies, block_pairs=2, seed=3)

    def test_small_tables_are_compared_whole(self, tmp_path: Path) -> None:
        write(300, tmp_path, seed=9)
        here, there = opened(tmp_path), opened(tmp_path)
        expected, found = linked(here, MatchRules()), linked(there, MatchRules(engine="spark"))
        assert found.summary.compared_pairs == found.summary.left_records * found.summary.right_records
        assert figures(expected) == figures(found)
        assert rows(there, "candidates").equals(rows(here, "candidates"))

    def test_judgements_and_stored_models_count_alike(self, companies: Path) -> None:
        con = opened(companies)
        first = linked(con, MatchRules())
        con.execute(f"CREATE TABLE judged AS {JUDGED} FROM candidates ORDER BY md5(left_id || right_id) LIMIT 200)")
        con.execute("INSERT INTO judged SELECT l.record_id, r.record_id, 'different' FROM left_records l, "
                    "right_records r WHERE md5(l.record_id || r.record_id) LIKE '0000%' LIMIT 20")  # fmt: skip
        for rules in (MatchRules(judgements="judged"), MatchRules(model=first.model)):
            expected = linked(con, rules)
            here = rows(con, "candidates")
            found = linked(con, dataclasses.replace(rules, engine="spark"))
            assert figures(expected) == figures(found)
            assert rows(con, "candidates").equals(here)

    def test_duplicates_are_those_of_duckdb(self, companies: Path) -> None:
        con = opened(companies)
        expected = dedupe(con, "left_records", MatchRules(accept=0.5))
        here = rows(con, "pairs"), rows(con, "clusters")
        found = dedupe(con, "left_records", MatchRules(accept=0.5, engine="spark"))
        assert here[1].height > 50
        assert figures(expected) == figures(found)
        assert rows(con, "pairs").equals(here[0])
        assert rows(con, "clusters").equals(here[1])

    def test_record_ids_that_are_not_unique_are_refused(self, companies: Path) -> None:
        con = opened(companies)
        con.execute("INSERT INTO left_records SELECT * FROM left_records LIMIT 1")
        with pytest.raises(InputError, match="left_records has record ids that are missing or appear more than once"):
            linked(con, MatchRules(engine="spark"))

    def test_candidates_compete_on_workers_as_on_the_driver(self, companies: Path) -> None:
        relations, rules = ("left_records", "right_records"), MatchRules()
        kept = []
        for driver_pairs in (0, 10_000_000):
            watch = Stopwatch(silent)
            scored = score_pairs_on_spark(opened(companies), relations, rules, watch, driver_pairs=driver_pairs)
            kept.append((keep_likely(scored, rules), scored.weights(), model_version(scored.model)))
        assert kept[0][2] == kept[1][2]
        assert np.array_equal(kept[0][1], kept[1][1])
        assert np.array_equal(kept[0][0].margin, kept[1][0].margin)

    def test_nothing_is_left_in_the_folder(self, tmp_path: Path, cluster: SparkSession) -> None:
        with open_folder(cluster, MatchRules(spark_folder=str(tmp_path))) as folder:
            cluster.range(3).write.parquet(f"{folder}/numbers")
            assert Path(folder).parent == tmp_path
        assert list(tmp_path.iterdir()) == []


def test_every_key_can_be_asked_of_spark() -> None:
    for i, parts in enumerate([*(key.parts for key in KEYS), REFINEMENTS]):
        asked = to_spark_sql(hash_sql(i, parts))
        assert asked.startswith("CASE WHEN")
        assert f"XXHASH64({i}, " in asked
        assert "[" not in asked


def test_without_pyspark_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(InputError, match=r"pip install -r requirements-spark\.txt"):
        require_spark()


def test_without_java_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(InputError, match="Install a Java runtime"):
        require_spark()
