"""Deduplication: the records of one side with each other."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl

from reconcile.matching.candidates import band_sql, write_frame, write_levels
from reconcile.matching.clean.records import quoted
from reconcile.matching.cluster import cluster
from reconcile.matching.models import model_to_json, model_version
from reconcile.matching.pipeline import Report, Scored, Stopwatch, drop_work_tables, score_pairs, silent
from reconcile.matching.rules import DedupeResult, MatchRules
from reconcile.matching.summary import summarise

Connection = duckdb.DuckDBPyConnection


def dedupe(
    con: Connection, records: str, rules: MatchRules | None = None, *, prefix: str = "", progress: Report = silent
) -> DedupeResult:
    """Match the records of one relation with each other and write pairs, clusters and levels.

    Args:
        con: an open DuckDB connection; the tables are written to its current schema.
        records: a relation with `record_id` (unique) and any of the roles as text. Records with a true `is_test` stay
            out; where it has a `parent_id`, parents and children, and children of one parent, are no duplicates.
        rules: thresholds and limits; pairs at or above `accept` join their records into clusters.
        prefix: of the tables' names.
        progress: told at the begin of each stage.

    Returns:
        Names of the tables and the figures. `<prefix>pairs` holds id_a, id_b (id_a < id_b), probability, weight, band,
        level_<role>, weight_<role> of each pair worth keeping; `<prefix>clusters` holds record_id, cluster_id (the
        smallest record id in it), size, for clusters of two and more; `<prefix>levels` as `link` writes it.

    Raises:
        InputError: no record_id, record ids that are not unique, or no role filled.
    """
    rules = rules or MatchRules()
    watch = Stopwatch(progress)
    scored = score_pairs(con, (records,), rules, watch)
    with watch.stage("decide"):
        _write_pairs(con, scored, rules, f"{prefix}pairs", records)
        clusters = _write_clusters(con, rules, f"{prefix}pairs", f"{prefix}clusters")
    with watch.stage("write"):
        write_levels(con, scored.model, f"{prefix}levels")
        summary = summarise(con, scored, watch, f"{prefix}pairs", "band = 'accept'")
        drop_work_tables(con)
    model = model_to_json(scored.model), model_version(scored.model)
    return DedupeResult(f"{prefix}pairs", f"{prefix}clusters", f"{prefix}levels", summary, clusters, *model)


def _write_pairs(con: Connection, scored: Scored, rules: MatchRules, table: str, records: str) -> None:
    keep = np.flatnonzero(scored.probabilities() >= rules.keep)
    ids = scored.prepared.sides[0].text("record_id")
    frame = scored.scores[scored.score[keep]].with_columns(
        a=ids.gather(scored.candidates.left[keep]), b=ids.gather(scored.candidates.right[keep])
    )
    roles = [each.role for each in scored.model.comparisons]
    details = ", ".join([*(f"level_{role}" for role in roles), *(f"weight_{role}" for role in roles)])
    band = band_sql(rules, "probability")
    columns = f"least(a, b) AS id_a, greatest(a, b) AS id_b, probability, weight, {band} AS band, {details}"
    write_frame(con, frame, table, columns)
    if "parent_id" in con.sql(f"SELECT * FROM {quoted(records)} LIMIT 0").columns:
        _drop_families(con, records, table)


def _drop_families(con: Connection, records: str, table: str) -> None:
    """A parent and its child, and two children that both have a parent, are what they are on purpose: no duplicates."""
    source = f"{quoted(records)} WHERE parent_id IS NOT NULL"
    parents = f"SELECT record_id::VARCHAR AS id, parent_id::VARCHAR AS parent FROM {source}"
    con.execute(f"""
        DELETE FROM {table} WHERE (id_a, id_b) IN (
            SELECT (id_a, id_b) FROM {table}
            LEFT JOIN ({parents}) a ON a.id = id_a LEFT JOIN ({parents}) b ON b.id = id_b
            WHERE a.parent = id_b OR b.parent = id_a OR a.parent = b.parent)""")


def _write_clusters(con: Connection, rules: MatchRules, pairs: str, table: str) -> int:
    found = con.execute(
        f"SELECT id_a, id_b, weight FROM {pairs} WHERE probability >= {rules.accept} ORDER BY id_a, id_b"
    ).fetchnumpy()
    id_a, id_b = np.asarray(found["id_a"], dtype=object), np.asarray(found["id_b"], dtype=object)
    ids = pl.Series("record_id", np.concatenate([id_a, id_b]), dtype=pl.String).unique().sort()
    places = pl.DataFrame({"record_id": ids}).with_row_index("place")
    a, b = (
        pl.DataFrame({"record_id": side}, schema={"record_id": pl.String})
        .join(places, on="record_id", how="left", maintain_order="left")["place"]
        .to_numpy()
        .astype(np.int64)
        for side in (id_a, id_b)
    )
    labels = cluster(a, b, np.asarray(found["weight"], dtype=np.float64), len(ids))
    frame = pl.DataFrame({"record_id": ids, "cluster_id": ids.gather(labels)})
    frame = frame.with_columns(size=pl.len().over("cluster_id").cast(pl.Int32)).filter(pl.col("size") > 1)
    con.register("_clusters", frame.to_arrow())
    con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM _clusters")
    con.unregister("_clusters")
    return frame["cluster_id"].n_unique()
