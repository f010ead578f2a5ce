"""Splink on the same companies, in its own environment, on columns that are already cleaned (its time leaves that out).

    .venv-splink/bin/python tests/bench/splink_companies.py FOLDER OUT_JSON

FOLDER holds clean_left.parquet, clean_right.parquet and truth.parquet; see bench_matching.py.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

LEAN = [
    block_on("name_key"),
    block_on("domain"),
    block_on("phone"),
    block_on("postcode", "house"),
    block_on("street", "house", "city"),
    block_on("substr(name_key, 1, 4)", "postcode_area"),
    block_on("rare_word", "city"),
]


def frequency_adjusted(column: str, thresholds: list[float]) -> cl.CustomComparison:
    """Exact with term frequencies, then Jaro-Winkler levels."""
    levels = [cll.NullLevel(column), cll.ExactMatchLevel(column, term_frequency_adjustments=True)]
    levels += [cll.JaroWinklerLevel(column, threshold) for threshold in thresholds]
    return cl.CustomComparison([*levels, cll.ElseLevel()], output_column_name=column)


def main(folder: Path, out: Path) -> None:
    """Train, predict, compare with the truth, write the figures."""
    begin = time.perf_counter()
    con = duckdb.connect()
    con.execute("SET memory_limit = '10GB'")
    api = DuckDBAPI(connection=con)
    sides = []
    for side in ("left", "right"):
        con.execute(f"CREATE TABLE {side}_records AS SELECT * FROM '{folder}/clean_{side}.parquet'")
        sides.append(api.register(f"{side}_records", dataset_display_name=side))
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="record_id",
        comparisons=[
            frequency_adjusted("name_key", [0.95, 0.88, 0.8]),
            frequency_adjusted("domain", []),
            cl.ExactMatch("phone"),
            cl.JaroWinklerAtThresholds("street", [0.9]),
            cl.ExactMatch("house"),
            frequency_adjusted("postcode", []),
            cl.JaroWinklerAtThresholds("city", [0.9]),
            cl.ExactMatch("email"),
        ],
        blocking_rules_to_generate_predictions=LEAN,
        retain_matching_columns=False,
    )
    linker = Linker(sides, settings, log_level=40)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("name_key", "city"), block_on("domain", "postcode")], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (block_on("name_key"), block_on("phone"), block_on("postcode", "house")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    predicted = linker.inference.predict(threshold_match_probability=0.001)
    seconds = time.perf_counter() - begin
    table = predicted.physical_name
    con.execute(f"CREATE TABLE truth AS SELECT * FROM '{folder}/truth.parquet'")
    con.execute(f"""CREATE TABLE judged AS
        SELECT match_weight AS weight, match_probability AS probability, t.left_id IS NOT NULL AS ok
        FROM {table} p LEFT JOIN truth t ON t.left_id = least(p.record_id_l, p.record_id_r)
            AND t.right_id = greatest(p.record_id_l, p.record_id_r)""")
    out.write_text(
        json.dumps(
            {"seconds": seconds, "rss_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, **accuracy(con)}
        )
    )


def accuracy(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Best F1 over all thresholds, and recall at precision 0.99, over the table `judged` and `truth`."""
    con.execute("""CREATE TABLE curve AS
        SELECT weight, sum(ok::INT) OVER w AS hits, count(*) OVER w AS shown FROM judged
        WINDOW w AS (ORDER BY weight DESC RANGE UNBOUNDED PRECEDING)""")
    total = con.execute("SELECT count(*) FROM truth").fetchall()[0][0]
    best = con.execute(f"SELECT max(2 * hits / (shown + {total})) FROM curve").fetchall()[0][0]
    sure = con.execute(f"SELECT coalesce(max(hits), 0) / {total} FROM curve WHERE hits / shown >= 0.99").fetchall()[0][
        0
    ]
    found, right = con.execute("SELECT count(*), count(*) FILTER (ok) FROM judged WHERE probability >= 0.5").fetchall()[
        0
    ]
    return {
        "pairs": con.execute("SELECT count(*) FROM judged").fetchall()[0][0],
        "best_f1": best,
        "recall_at_p99": sure,
        "f1_at_half": 2 * right / (found + total),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
