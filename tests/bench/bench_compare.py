"""How fast two tables are compared: ours against datacompy and against the bare join, printed as a table.

    python3.11 -m venv .venv-bench && .venv-bench/bin/pip install -r tests/bench/requirements-datacompy.txt
    python3.11 -m venv .venv-bench-duckdb
    .venv-bench-duckdb/bin/pip install -r tests/bench/requirements-datacompy-duckdb.txt
    python -m tests.bench.bench_compare 1000000 /tmp/compare-1m [--form csv|parquet] [--rounds 3] [--ours-only]

Every contender is a process of its own, from files on disk to a finished report. The right table is the left one in
another order with 7 % of its rows changed, 1 % taken out and 1 % added. "Bare join" reads both files as text, joins
them outer on the key and counts the unequal values of each column: what any answer needs. "Bare join, kept" writes the
joined rows to a table instead. Datacompy's form on DuckDB is that of version 0.16, since when it has had none; what is
not installed does not take part. The rounds are interleaved; the best of each contender counts, memory is the highest.
Every contender keeps the bytecode of its modules, as an installed program does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]
VALUES = ("name", "email", "amount", "date", "status", "city", "qty", "postcode", "note")

_LEFT = """
CREATE TABLE l AS SELECT 'INV-' || lpad(i::VARCHAR, 9, '0') AS id,
 'Customer ' || (hash(i) % 500000) || ' Ltd' AS name,
 'user' || (hash(i + 1) % 900000) || '@example.com' AS email,
 printf('%.2f', (hash(i + 2) % 10000000) / 100.0) AS amount,
 (DATE '2024-01-01' + (hash(i + 3) % 900)::INT)::VARCHAR AS "date",
 ['open', 'paid', 'void', 'overdue'][1 + (hash(i + 4) % 4)::INT] AS status,
 ['Berlin', 'Paris', 'London', 'New York', 'Madrid', 'Wien', 'Praha'][1 + (hash(i + 5) % 7)::INT] AS city,
 (hash(i + 6) % 1000)::VARCHAR AS qty, lpad((hash(i + 7) % 100000)::VARCHAR, 5, '0') AS postcode,
 'note ' || (hash(i + 8) % 1000000) AS note FROM range(?) t(i)
"""
_RIGHT = """
CREATE TABLE r AS SELECT id, name, email, CASE WHEN hash(id || 'a') % 50 = 0 THEN printf('%.2f', amount::DOUBLE + 1.5)
 WHEN hash(id || 'a') % 50 = 1 THEN amount || '0' ELSE amount END AS amount,
 CASE WHEN hash(id || 'd') % 100 = 0 THEN (date::DATE + 1)::VARCHAR ELSE date END AS "date",
 CASE WHEN hash(id || 's') % 100 = 0 THEN upper(status) ELSE status END AS status, city, qty, postcode,
 CASE WHEN hash(id || 'n') % 100 = 0 THEN note || 'x' ELSE note END AS note
 FROM l WHERE hash(id || 'z') % 100 > 0 ORDER BY hash(id || 'o')
"""
_BARE = """
import sys, duckdb
left, right, how = sys.argv[1:4]
con = duckdb.connect()
read = lambda p: f"read_csv('{p}', all_varchar=true, header=true)" if p.endswith("csv") else f"read_parquet('{p}')"
values = sys.argv[4].split(",")
if how == "count":
    counts = ", ".join(f'count(*) FILTER (l.id IS NOT NULL AND r.id IS NOT NULL AND l."{c}" IS DISTINCT FROM r."{c}")'
                       for c in values)
    sql = f"SELECT count(*), count(*) FILTER (r.id IS NULL), count(*) FILTER (l.id IS NULL), {counts}"
    print(con.sql(f"{sql} FROM {read(left)} l FULL OUTER JOIN {read(right)} r ON l.id = r.id").fetchall())
else:
    con.execute(f"CREATE TABLE joined AS SELECT * FROM {read(left)} l FULL OUTER JOIN {read(right)} r ON l.id = r.id")
    print(con.sql("SELECT count(*) FROM joined").fetchall())
"""
_DATACOMPY = """
import sys, polars as pl
from datacompy import PolarsCompare
left, right, report = sys.argv[1:4]
read = lambda p: pl.read_csv(p, infer_schema=False) if p.endswith("csv") else pl.read_parquet(p)
found = PolarsCompare(read(left), read(right), join_columns=["id"])
open(report, "w").write(found.report())
"""
_DATACOMPY_DUCKDB = """
import sys, duckdb, datacompy, fugue.api as fa, fugue_duckdb
left, right, report = sys.argv[1:4]
con = duckdb.connect()
read = lambda p: con.sql(f"SELECT * FROM " + (f"read_csv('{p}', all_varchar=true, header=true)" if p.endswith("csv")
                                              else f"read_parquet('{p}')"))
with fa.engine_context(con):
    open(report, "w").write(datacompy.report(read(left), read(right), join_columns=["id"]))
"""


@dataclass
class Contender:
    """A command and what it took. Seconds are wall time, the best round; the peak is the highest, in MiB.

    One that takes minutes is run once: what a best of several rounds would change is nothing to its distance.
    """

    name: str
    command: list[str]
    ok_codes: tuple[int, ...] = (0,)
    is_slow: bool = False
    seconds: float = float("inf")
    cpu_s: float = float("inf")
    peak_mib: float = 0.0

    def run(self, bytecode: Path) -> None:
        """One round in a process of its own, with the bytecode of its modules in `bytecode`."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        kept["PYTHONPYCACHEPREFIX"] = str(bytecode)
        begin = time.perf_counter()
        with subprocess.Popen(
            self.command, cwd=ROOT, env=kept, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            assert process.stderr is not None
            errors = process.stderr.read().decode()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in self.ok_codes:
            raise SystemExit(f"{self.name} failed: {errors[-2000:]}")
        self.seconds = min(self.seconds, time.perf_counter() - begin)
        self.cpu_s = min(self.cpu_s, usage.ru_utime + usage.ru_stime)
        self.peak_mib = max(self.peak_mib, usage.ru_maxrss / 1024)


def make_files(rows: int, folder: Path) -> None:
    """Write left and right as CSV and Parquet, unless they are there."""
    if (folder / "right.parquet").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    con.execute(f"SET memory_limit = '6GB'; SET temp_directory = '{folder / 'spill'}'")
    con.execute(_LEFT, [rows])
    con.execute(_RIGHT)
    con.execute(f"INSERT INTO r SELECT 'NEW-' || id, * EXCLUDE id FROM l LIMIT {rows // 100}")
    for table, side in (("l", "left"), ("r", "right")):
        con.execute(f"COPY {table} TO '{folder / side}.csv' (HEADER)")
        con.execute(f"COPY {table} TO '{folder / side}.parquet'")


def contenders(folder: Path, form: str, *, ours_only: bool) -> list[Contender]:
    """Who takes part."""
    left, right = str(folder / f"left.{form}"), str(folder / f"right.{form}")
    ours = [sys.executable, "-m", "reconcile", "compare", left, right]
    report = ["--out", str(folder / "report.json")]
    found = [Contender("reconcile compare", [*ours, "--key", "id", *report], (1,))]
    if ours_only:
        return found
    bare = [sys.executable, "-c", _BARE, left, right]
    values = ",".join(VALUES)
    found += [
        Contender("reconcile compare, key found by itself", [*ours, *report], (1,)),
        Contender("bare join", [*bare, "count", values]),
        Contender("bare join, kept", [*bare, "keep", values]),
    ]
    for name, environment, script, is_slow in (
        ("datacompy 1.1.0 (polars)", ".venv-bench", _DATACOMPY, False),
        ("datacompy 0.16.8 (Fugue on DuckDB)", ".venv-bench-duckdb", _DATACOMPY_DUCKDB, True),
    ):
        python = ROOT / environment / "bin/python"
        if python.exists():
            command = [str(python), "-c", script, left, right, str(folder / "datacompy.txt")]
            found.append(Contender(name, command, is_slow=is_slow))
    return found


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--form", choices=["csv", "parquet"], default="csv")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ours-only", action="store_true")
    given = parser.parse_args()
    make_files(given.rows, given.folder)
    found = contenders(given.folder, given.form, ours_only=given.ours_only)
    for turn in range(given.rounds):
        for contender in found:
            if not turn or not contender.is_slow:
                contender.run(given.folder / "bytecode")
    base = next((contender for contender in found if contender.name == "bare join"), None)
    print(f"{given.rows:,} x {len(VALUES) + 1} rows per side, {given.form}, best of {given.rounds}")
    print("| contender | seconds | of the bare join | CPU seconds | of the bare join | peak MiB |")
    print("|---|---|---|---|---|---|")
    for contender in found:
        of_time, of_cpu = _shares(contender, base)
        figures = f"{contender.seconds:.2f} | {of_time} | {contender.cpu_s:.2f} | {of_cpu} | {contender.peak_mib:.0f}"
        print(f"| {contender.name} | {figures} |")


def _shares(contender: Contender, base: Contender | None) -> tuple[str, str]:
    """Its time and its CPU time as multiples of the base's."""
    if base is None:
        return "–", "–"
    return f"{contender.seconds / base.seconds:.2f}", f"{contender.cpu_s / base.cpu_s:.2f}"


if __name__ == "__main__":
    main()
