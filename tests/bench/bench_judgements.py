"""Learning from people: how much judgements improve the match, and how often the estimated intervals hold the truth.

Judgements are simulated by the truth, on the pairs that the engine itself proposes, in rounds as people would be asked.

    python -m tests.bench.bench_judgements [--data FOLDER] [--judgements 300]

FOLDER holds the H-1B employers (`h1b_link_2015.parquet`, `h1b_link_2019.parquet`, `h1b_truth_2015_2019.parquet`);
without it only generated companies are matched.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from reconcile.matching import MatchRules, link
from reconcile.matching.quality import estimate_quality
from reconcile.matching.refine import propose_pairs
from tests.bench.companies import generate

ROUNDS = 3
SAMPLES = 40
HALF = 0.5
COLUMNS = ("name", "domain", "email", "phone", "street", "city", "region", "postcode", "country")
SOURCES = ("name", "website", "email", "phone", "street", "city", "state", "postcode", "country")
Connection = duckdb.DuckDBPyConnection


def employers(folder: Path) -> Connection:
    """Employers of two years by name and place, with the truth by their tax number."""
    con = duckdb.connect()
    for side, year in (("l", 2015), ("r", 2019)):
        con.execute(f"""CREATE TABLE {side} AS SELECT id AS record_id, name, city, state AS region, postcode
            FROM '{folder}/h1b_link_{year}.parquet'""")
    con.execute(f"""CREATE TABLE truth AS SELECT id_2015 AS left_id, id_2019 AS right_id
        FROM '{folder}/h1b_truth_2015_2019.parquet'""")
    return con


def companies(size: int = 5000) -> Connection:
    """Generated companies, much corrupted."""
    con = duckdb.connect()
    sides = generate(size, seed=21, hard=2)
    for name, rows in zip(("l", "r"), sides, strict=True):
        columns = {"record_id": [row["id"] for row in rows]}
        columns |= {role: [row[source] for row in rows] for role, source in zip(COLUMNS, SOURCES, strict=True)}
        con.register("rows", pa.table(columns))
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM rows")
        con.unregister("rows")
    lefts: defaultdict[str | None, list[str | None]] = defaultdict(list)
    for row in sides[0]:
        lefts[row["entity"]].append(row["id"])
    pairs = [(left_id, row["id"]) for row in sides[1] for left_id in lefts[row["entity"]]]
    con.execute("CREATE TABLE truth (left_id VARCHAR, right_id VARCHAR)")
    con.executemany("INSERT INTO truth VALUES (?, ?)", pairs)
    return con


def scores(con: Connection) -> tuple[float, float, float]:
    """F1, precision and recall of the pairs at or above one half."""
    shown, right, total = con.execute(f"""SELECT (SELECT count(*) FROM candidates WHERE probability >= {HALF}),
        (SELECT count(*) FROM candidates JOIN truth USING (left_id, right_id) WHERE probability >= {HALF}),
        (SELECT count(*) FROM truth)""").fetchall()[0]
    return 2 * right / (shown + total), right / shown, right / total


def judge(con: Connection, number: int) -> None:
    """Ask for `number` judgements in rounds; each round is matched with what the rounds before said."""
    con.execute("CREATE OR REPLACE TABLE judgements (left_id VARCHAR, right_id VARCHAR, verdict VARCHAR)")
    for turn in range(ROUNDS):
        link(con, "l", "r", MatchRules(judgements="judgements" if turn else ""))
        asked = propose_pairs(con, number // ROUNDS, "judgements")
        if not asked:
            return
        con.executemany("INSERT INTO judgements VALUES (?, ?, 'different')", asked)
        con.execute("""UPDATE judgements SET verdict = 'same' FROM truth t
            WHERE t.left_id = judgements.left_id AND t.right_id = judgements.right_id""")


def coverage(con: Connection, number: int) -> Iterator[tuple[bool, bool]]:
    """Whether the intervals for precision and recall hold the truth, for samples of judgements drawn at random."""
    _, precision, _ = scores(con)
    right, among = con.execute(f"""SELECT count(*) FILTER (probability >= {HALF}), count(*)
        FROM candidates JOIN truth USING (left_id, right_id)""").fetchall()[0]
    for seed in range(SAMPLES):
        con.execute(f"""CREATE OR REPLACE TABLE drawn AS SELECT c.left_id, c.right_id,
            CASE WHEN t.left_id IS NULL THEN 'different' ELSE 'same' END AS verdict
            FROM (SELECT * FROM candidates ORDER BY hash(left_id, right_id, {seed}) LIMIT {number}) c
            LEFT JOIN truth t USING (left_id, right_id)""")
        found = estimate_quality(con, "drawn", HALF)
        yield (
            found.precision_low <= precision <= found.precision_high,
            found.recall_low <= right / among <= found.recall_high,
        )


def main() -> None:
    """Print one line a data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2].parent / "shared" / "data")
    parser.add_argument("--judgements", type=int, default=300)
    chosen = parser.parse_args()
    sets: dict[str, Callable[[], Connection]] = {"generated companies, 5,000": companies}
    if (chosen.data / "h1b_link_2015.parquet").is_file():
        sets["H-1B employers"] = lambda: employers(chosen.data)
    for name, make in sets.items():
        con = make()
        link(con, "l", "r")
        print(f"{name:28} unsupervised          F1 {{:.4f}}  precision {{:.4f}}  recall {{:.4f}}".format(*scores(con)))
        for number in (30, chosen.judgements):
            held = list(coverage(con, number))
            shares = [sum(each[i] for each in held) / len(held) for i in (0, 1)]
            print(f"{'':28} intervals from {number:3} at random hold the truth: precision {shares[0]:.0%}, "
                  f"recall {shares[1]:.0%} of {SAMPLES}")  # fmt: skip
        judge(con, chosen.judgements)
        link(con, "l", "r", MatchRules(judgements="judgements"))
        print(
            f"{'':28} {chosen.judgements} judgements        F1 {{:.4f}}  precision {{:.4f}}  recall {{:.4f}}".format(
                *scores(con)
            )
        )


if __name__ == "__main__":
    main()
