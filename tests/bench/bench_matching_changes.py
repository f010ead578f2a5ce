"""What matching one per cent of changed records costs, against matching everything, printed as a table.

    python -m tests.bench.companies 1000000 /tmp/companies-1m
    python -m tests.bench.bench_matching_changes /tmp/companies-1m

Everything is matched once and kept; then a per cent of the records of both sides get another name, telephone or street.
"Everything" is the match of all records with the kept statistics and model, learning left out; both give the same.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from reconcile.matching import LinkResult, MatchRules
from reconcile.matching.changes import link_again, link_and_keep, link_changes
from reconcile.matching.files import canonical_view, open_file

RULES = MatchRules(accept=0.5)


def timed(name: str, run: Callable[[], LinkResult]) -> float:
    """Run, print wall and processor time, and give the wall time."""
    begin, busy = time.perf_counter(), time.process_time()
    stages = {stage: round(seconds, 2) for stage, seconds in run().summary.seconds.items()}
    wall = time.perf_counter() - begin
    print(f"{name:12} {wall:8.2f} s  processor {time.process_time() - busy:8.2f} s  {stages}", flush=True)
    return wall


def change(con: duckdb.DuckDBPyConnection, side: str) -> None:
    """Write `new_<side>`: every hundredth record says something else."""
    con.execute(f"""CREATE TABLE new_{side} AS SELECT * REPLACE (
        CASE WHEN hash(record_id) % 300 = 0 THEN name || ' Partners' ELSE name END AS name,
        CASE WHEN hash(record_id) % 300 = 1 THEN NULL ELSE phone END AS phone,
        CASE WHEN hash(record_id) % 300 = 2 THEN '1 New Street' ELSE street END AS street) FROM old_{side}""")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    con = duckdb.connect()
    with tempfile.TemporaryDirectory() as place:
        kept = Path(place) / "kept.duckdb"
        for side in ("left", "right"):
            open_file(con, folder / f"{side}.parquet", f"raw_{side}")
            canonical_view(con, f"raw_{side}", f"old_{side}", id_name="id", mapping={})
            change(con, side)
        timed("first", lambda: link_and_keep(con, "old_left", "old_right", kept, RULES))
        links = "SELECT left_id, right_id, weight, is_chosen FROM candidates WHERE probability >= 0.5"
        everything = timed("everything", lambda: link_again(con, "new_left", "new_right", kept, RULES))
        con.execute(f"CREATE TABLE expected AS {links}")
        changes = timed("changes", lambda: link_changes(con, "new_left", "new_right", kept, RULES))
        differing = con.execute(
            f"SELECT count(*) FROM ((FROM expected EXCEPT {links}) UNION ALL ({links} EXCEPT FROM expected))"
        ).fetchall()[0][0]
        print(f"changes / everything: {changes / everything:.3f}; links that differ: {differing}")


if __name__ == "__main__":
    main()
