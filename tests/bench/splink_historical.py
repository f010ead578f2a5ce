"""Splink on its 50,000 historical persons, configured as its documentation does, in its own environment.

    .venv-splink/bin/python tests/bench/splink_historical.py FILE OUT_JSON

FILE is `splink_historical_50k.parquet`. Pairs inside the same cluster are compared with the truth; the threshold of the
clustering is the best of several, chosen with the truth: ours is a probability of one half, never chosen.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

KEYS = [
    block_on("substr(first_name,1,3)", "substr(surname,1,4)"),
    block_on("surname", "dob"),
    block_on("first_name", "dob"),
    block_on("postcode_fake", "first_name"),
    block_on("postcode_fake", "surname"),
    block_on("dob", "birth_place"),
    block_on("substr(postcode_fake,1,3)", "dob"),
    block_on("substr(postcode_fake,1,3)", "first_name"),
    block_on("substr(postcode_fake,1,3)", "surname"),
    block_on("substr(first_name,1,2)", "substr(surname,1,2)", "substr(dob,1,4)"),
]
SAME = [
    "l.first_name = r.first_name and l.surname = r.surname and l.dob = r.dob",
    (
        "substr(l.first_name,1,2) = substr(r.first_name,1,2) and l.surname = r.surname "
        "and substr(l.postcode_fake,1,2) = substr(r.postcode_fake,1,2)"
    ),
    "l.dob = r.dob and l.postcode_fake = r.postcode_fake",
]
THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999)


def main(file: Path, out: Path) -> None:
    """Train, predict, cluster, compare with the truth, write the figures."""
    begin = time.perf_counter()
    con = duckdb.connect()
    api = DuckDBAPI(connection=con)
    con.execute(f"CREATE TABLE persons AS SELECT *, first_name || ' ' || surname AS both_names FROM '{file}'")
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="unique_id",
        blocking_rules_to_generate_predictions=KEYS,
        comparisons=[
            cl.ForenameSurnameComparison("first_name", "surname", forename_surname_concat_col_name="both_names"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode_fake"),
            cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
            cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
        ],
    )
    linker = Linker(api.register("persons"), settings, log_level=40)
    linker.training.estimate_probability_two_random_records_match(SAME, recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
    for rule in (block_on("first_name", "surname"), block_on("dob")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    predicted = linker.inference.predict(threshold_match_probability=0.01)
    figures: dict[str, object] = {"predict_seconds": time.perf_counter() - begin}
    found = {at: clustered_f1(con, linker, predicted, at) for at in THRESHOLDS}
    figures |= {"f1_by_threshold": found, "best_f1": max(found.values())}
    out.write_text(json.dumps(figures))


def clustered_f1(con: duckdb.DuckDBPyConnection, linker: Linker, predicted: object, threshold: float) -> float:
    """F1 of the pairs that share a cluster."""
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=threshold
    ).physical_name
    sizes = "SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM {} GROUP BY {})"
    total = con.execute(sizes.format("persons", "cluster")).fetchall()[0][0]
    shown = con.execute(sizes.format(clusters, "cluster_id")).fetchall()[0][0]
    both = f"(SELECT c.cluster_id, p.cluster AS truth FROM {clusters} c JOIN persons p USING (unique_id))"
    right = con.execute(sizes.format(both, "cluster_id, truth")).fetchall()[0][0]
    return float(2 * right / (shown + total))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
