"""Linking: the records of one side with those of another."""

from __future__ import annotations

import duckdb
import numpy as np

from reconcile.matching.assign import assign_best, assign_one_to_one
from reconcile.matching.candidates import band_sql, write_levels
from reconcile.matching.pipeline import Report, Scored, Stopwatch, drop_work_tables, score_pairs, silent
from reconcile.matching.rules import LinkResult, MatchRules, MatchSummary

Connection = duckdb.DuckDBPyConnection


def link(
    con: Connection, left: str, right: str, rules: MatchRules | None = None, *, progress: Report = silent
) -> LinkResult:
    """Match the records of two relations and write the tables `candidates` and `levels`.

    Args:
        con: an open DuckDB connection; the tables are written to its current schema.
        left, right: relations with `record_id` (unique) and any of the roles of `reconcile.model.ROLES` as text.
        rules: thresholds, cardinality, limits.
        progress: told at the begin of each stage.

    Returns:
        Names of the tables and the figures. `candidates` holds one row per pair worth keeping: left_id, right_id,
        probability, weight (bits, log2 of the odds), band, level_<role> and weight_<role> per comparison (level 0 and
        weight 0 where a side says nothing), is_best (no other candidate of either record weighs more), margin (bits
        over the strongest other candidate of either record, null if neither has one), is_chosen. `levels` holds
        role, level, label, weight, m, u.

    Raises:
        InputError: no record_id, record ids that are not unique, or no role that both sides fill.
    """
    rules = rules or MatchRules()
    watch = Stopwatch(progress)
    scored = score_pairs(con, (left, right), rules, watch)
    with watch.stage("decide"):
        _write_kept(con, rules)
        _choose(con, rules)
    with watch.stage("write"):
        _write_candidates(con, scored, rules)
        write_levels(con, scored.model, "levels")
        summary = _summary(con, scored, watch)
        drop_work_tables(con)
        for table in ("_kept", "_chosen"):
            con.execute(f"DROP TABLE IF EXISTS temp.{table}")
    return LinkResult("candidates", "levels", summary)


def _write_kept(con: Connection, rules: MatchRules) -> None:
    """Write `_kept(l, r, keys, pattern, weight, margin, is_best)`: what is probable, or the best of one of its records."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE _kept AS
        WITH weighed AS (SELECT s.l, s.r, s.keys, s.pattern, p.weight, p.probability FROM _scored s JOIN _patterns p USING (pattern)),
        best_left AS (SELECT l, max(weight, 2) AS top, count(*) AS n FROM weighed GROUP BY l),
        best_right AS (SELECT r, max(weight, 2) AS top, count(*) AS n FROM weighed GROUP BY r),
        ranked AS (
            SELECT w.*,
                CASE WHEN w.weight < a.top[1] THEN a.top[1] ELSE a.top[2] END AS rival_left,
                CASE WHEN w.weight < b.top[1] THEN b.top[1] ELSE b.top[2] END AS rival_right
            FROM weighed w JOIN best_left a USING (l) JOIN best_right b USING (r))
        SELECT l, r, keys, pattern, weight, probability, weight - greatest(rival_left, rival_right) AS margin,
            coalesce(weight >= greatest(rival_left, rival_right), true) AS is_best
        FROM ranked
        WHERE probability >= {rules.keep} OR (probability >= {rules.keep} / 100
            AND (coalesce(weight >= rival_left, true) OR coalesce(weight >= rival_right, true)))""")


def _choose(con: Connection, rules: MatchRules) -> None:
    """Write `_chosen(l, r)`: the candidates at or above `review` that the cardinality allows."""
    found = con.execute(f"""
        SELECT k.l, k.r, k.weight, rank() OVER (ORDER BY b.record_id) AS place FROM _kept k
        JOIN _left a ON a.row = k.l JOIN _right b ON b.row = k.r
        WHERE probability >= {rules.review} ORDER BY a.record_id, b.record_id""").fetchnumpy()
    left, right = np.asarray(found["l"], dtype=np.int64), np.asarray(found["r"], dtype=np.int64)
    floor = float(np.log2(max(rules.review, 1e-9) / (1 - min(rules.review, 1 - 1e-9))))
    worth = np.asarray(found["weight"], dtype=np.float64) - floor + 1e-6
    flags = assign_one_to_one(left, right, worth) if rules.one_to_one else assign_best(right, worth)
    con.register("_flags", {"l": left[flags].astype(np.int32), "r": right[flags].astype(np.int32)})
    con.execute("CREATE OR REPLACE TEMP TABLE _chosen AS SELECT l, r FROM _flags")
    con.unregister("_flags")


def _write_candidates(con: Connection, scored: Scored, rules: MatchRules) -> None:
    roles = [each.role for each in scored.model.comparisons]
    levels = ", ".join(f"p.level_{role}" for role in roles)
    weights = ", ".join(f"p.weight_{role}" for role in roles)
    con.execute(f"""
        CREATE OR REPLACE TABLE candidates AS
        SELECT a.record_id AS left_id, b.record_id AS right_id, k.probability, k.weight,
            {band_sql(rules, "k.probability")} AS band, {levels}, {weights}, k.is_best, k.margin,
            c.l IS NOT NULL AS is_chosen
        FROM _kept k JOIN _patterns p USING (pattern) JOIN _left a ON a.row = k.l JOIN _right b ON b.row = k.r
        LEFT JOIN _chosen c ON c.l = k.l AND c.r = k.r""")


def _summary(con: Connection, scored: Scored, watch: Stopwatch) -> MatchSummary:
    row = con.execute(
        "SELECT count(*), count(*) FILTER (band = 'accept'), count(*) FILTER (is_chosen), sum(probability) FROM candidates"
    ).fetchone()
    compared = con.execute("SELECT count(*) FROM _scored").fetchone()
    kept, accepted, chosen, expected = row or (0, 0, 0, 0.0)
    return MatchSummary(
        left_records=scored.prepared.left_rows,
        right_records=scored.prepared.right_rows,
        compared_pairs=compared[0] if compared else 0,
        kept_pairs=kept,
        accepted=accepted,
        chosen=chosen,
        expected_matches=float(expected or 0.0),
        prior=scored.model.prior,
        seconds=watch.seconds,
        pairs_per_key=scored.blocking.pairs,
    )
