"""DuckDB against Spark on one machine, and whether both give the same.

    python -m tests.bench.companies 100000 /tmp/companies-100k
    python -m tests.bench.bench_spark /tmp/companies-100k [--master local[2]]

Parquet in, table of candidates out. Spark's second run has its workers up and its code
compiled, as in an application that stays.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import duckdb
import polars as pl

from reconcile.matching import MatchRules, link
from reconcile.matching.engines.spark.session import open_session
from reconcile.matching.files import canonical_view, open_file


def run(folder: Path, rules: MatchRules) -> tuple[float, dict[str, float], pl.DataFrame]:
    """Wall seconds, seconds per stage, and the candidates in the order of the rows."""
    begin = time.perf_counter()
    con = duckdb.connect()
    for side in ("left", "right"):
        open_file(con, folder / f"{side}.parquet", f"raw_{side}")
        canonical_view(con, f"raw_{side}", f"{side}_records", id_name="id", mapping={})
    result = link(con, "left_records", "right_records", rules)
    seconds = time.perf_counter() - begin
    return seconds, dict(result.summary.seconds), pl.DataFrame(con.sql("SELECT * FROM candidates").to_arrow_table())


def main() -> None:
    """Print one row per run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--master", default="local[2]")
    options = parser.parse_args()
    here = MatchRules(accept=0.5)
    there = MatchRules(accept=0.5, engine="spark", spark_master=options.master)
    expected = say("duckdb", run(options.folder, here))
    begin = time.perf_counter()
    with open_session(there):
        print(f"{'start of Spark':24} {time.perf_counter() - begin:8.1f} s", flush=True)
        first = say("spark, first run", run(options.folder, there))
        second = say("spark, second run", run(options.folder, there))
    say("duckdb again", run(options.folder, here))
    alike = first.equals(expected) and second.equals(expected)
    print(f"{expected.height:,} candidates; the same bit for bit: {'yes' if alike else 'NO'}")


def say(name: str, found: tuple[float, dict[str, float], pl.DataFrame]) -> pl.DataFrame:
    """Print a run and hand back its candidates."""
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in found[1].items())
    print(f"{name:24} {found[0]:8.1f} s   {stages}", flush=True)
    return found[2]


if __name__ == "__main__":
    main()
