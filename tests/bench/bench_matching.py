"""How fast and how good: ours against Splink on generated companies, printed as a table.

    python -m tests.bench.companies 100000 /tmp/companies-100k
    python -m tests.bench.bench_matching /tmp/companies-100k [--splink] [--memory-limit 1GB]

Each contender runs in a process of its own, Parquet in to links out; Splink gets columns that are already cleaned and
that time is not counted against it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import duckdb

from reconcile.matching import MatchRules
from reconcile.matching.files import canonical_view, open_file
from reconcile.matching.prepare import prepare

ROOT = Path(__file__).resolve().parents[2]
OURS = """
import json, resource, sys, time
begin = time.perf_counter()
import duckdb
from pathlib import Path
from reconcile.matching import MatchRules, link
from reconcile.matching.files import canonical_view, open_file, write_file
folder, out, limit = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
con = duckdb.connect()
for side in ("left", "right"):
    open_file(con, folder / f"{side}.parquet", f"raw_{side}")
    canonical_view(con, f"raw_{side}", f"{side}_records", id_name="id", mapping={})
result = link(con, "left_records", "right_records", MatchRules(accept=0.5, memory_limit=limit))
links = "SELECT left_id, right_id, probability, weight, band FROM candidates WHERE probability >= 0.5"
write_file(con, links, Path(out + ".parquet"))
seconds = time.perf_counter() - begin
write_file(con, "SELECT left_id, right_id, probability, weight FROM candidates", Path(out + ".all.parquet"))
print(json.dumps({"seconds": seconds, "rss_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
                  "stages": {k: round(v, 2) for k, v in result.summary.seconds.items()},
                  "pairs": result.summary.compared_pairs}))
"""


def clean_for_splink(folder: Path) -> None:
    """Write our cleaned columns beside the data, once."""
    if (folder / "clean_right.parquet").exists():
        return
    con = duckdb.connect()
    for side in ("left", "right"):
        open_file(con, folder / f"{side}.parquet", f"raw_{side}")
        canonical_view(con, f"raw_{side}", f"{side}_records", id_name="id", mapping={})
    prepare(con, ("left_records", "right_records"), MatchRules())
    columns = "record_id, name_key, domain, phone, email, street, house, city, postcode, postcode_area"
    for side in ("left", "right"):
        con.execute(
            f"COPY (SELECT {columns}, nullif(t1, 0)::VARCHAR AS rare_word FROM _{side}) "
            f"TO '{folder}/clean_{side}.parquet'"
        )


def run_ours(folder: Path, memory_limit: str) -> dict[str, object]:
    """Link in a process of its own and compare with the truth."""
    out = str(folder / "ours")
    done = subprocess.run(
        [sys.executable, "-c", OURS, str(folder), out, memory_limit],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    figures: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return figures | accuracy(folder, f"{out}.all.parquet")


def accuracy(folder: Path, candidates: str) -> dict[str, object]:
    """Best F1, F1 at 0.5, recall at precision 0.99 and the reliability curve."""
    con = duckdb.connect()
    con.execute(f"CREATE TABLE truth AS SELECT * FROM '{folder}/truth.parquet'")
    con.execute(f"""CREATE TABLE judged AS SELECT weight, probability, t.left_id IS NOT NULL AS ok
        FROM '{candidates}' c LEFT JOIN truth t USING (left_id, right_id)""")
    con.execute("""CREATE TABLE curve AS SELECT sum(ok::INT) OVER w AS hits, count(*) OVER w AS shown FROM judged
        WINDOW w AS (ORDER BY weight DESC RANGE UNBOUNDED PRECEDING)""")
    total = con.execute("SELECT count(*) FROM truth").fetchall()[0][0]
    found, right = con.execute("SELECT count(*), count(*) FILTER (ok) FROM judged WHERE probability >= 0.5").fetchall()[
        0
    ]
    return {
        "best_f1": con.execute(f"SELECT max(2 * hits / (shown + {total})) FROM curve").fetchall()[0][0],
        "f1_at_half": 2 * right / (found + total),
        "recall_at_p99": con.execute(
            f"SELECT coalesce(max(hits), 0) / {total} FROM curve WHERE hits / shown >= 0.99"
        ).fetchall()[0][0],
        "reliability": con.execute("""SELECT round(avg(probability), 3), round(avg(ok::INT), 3), count(*) FROM judged
            WHERE probability >= 0.05 GROUP BY least(floor(probability * 10), 9) ORDER BY 1""").fetchall(),
    }


def run_splink(folder: Path) -> dict[str, object]:
    """Splink in its own environment."""
    clean_for_splink(folder)
    out = folder / "splink.json"
    python, script = ROOT / ".venv-splink/bin/python", ROOT / "tests/bench/splink_companies.py"
    subprocess.run([str(python), str(script), str(folder), str(out)], check=True, capture_output=True)
    figures: dict[str, object] = json.loads(out.read_text())
    return figures


def show(name: str, figures: dict[str, object]) -> None:
    """Print one contender's figures."""
    for key, value in figures.items():
        print(f"{name:8} {key:16} {value}", flush=True)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splink", action="store_true")
    parser.add_argument("--memory-limit", default="")
    options = parser.parse_args()
    rows = {"ours": run_ours(options.folder, options.memory_limit)}
    show("ours", rows["ours"])
    if options.splink:
        rows["splink"] = run_splink(options.folder)
        show("splink", rows["splink"])
    if options.splink:
        print(f"splink / ours: {float(str(rows['splink']['seconds'])) / float(str(rows['ours']['seconds'])):.2f}")


if __name__ == "__main__":
    main()
