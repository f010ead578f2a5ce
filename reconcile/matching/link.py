"""Linking: the records of one side with those of another."""

from __future__ import annotations

import duckdb
import numpy as np

from reconcile.matching.assign import assign_best, assign_one_to_one
from reconcile.matching.candidates import band_sql, probability, write_levels
from reconcile.matching.curves import blocking_recall, unique_per_key
from reconcile.matching.models import model_to_json, model_version
from reconcile.matching.pipeline import Report, Scored, Stopwatch, drop_work_tables, score_pairs, silent, write_kept
from reconcile.matching.rules import LinkResult, MatchRules, MatchSummary

Connection = duckdb.DuckDBPyConnection


def link(
    con: Connection, left: str, right: str, rules: MatchRules | None = None, *, progress: Report = silent
) -> LinkResult:
    """Match the records of two relations and write the tables `candidates` and `levels`.

    Args:
        con: an open DuckDB connection; the tables are written to its current schema.
        left: a relation with `record_id` (unique) and any of the roles of `reconcile.model.ROLES` as text.
        right: the other one.
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
        kept = _kept(scored, rules)
        kept["is_chosen"] = _choose(con, kept, rules)
    with watch.stage("write"):
        write_kept(con, scored, kept)
        _write_candidates(con, scored, rules)
        write_levels(con, scored.model, "levels")
        summary = _summary(con, scored, watch)
        drop_work_tables(con)
    model = scored.model
    return LinkResult("candidates", "levels", summary, model_to_json(model), model_version(model))


def _kept(scored: Scored, rules: MatchRules) -> dict[str, np.ndarray]:
    """The pairs that are probable, or the best of one of their records and not hopeless."""
    weight = scored.weight
    chance = probability(weight)
    rival_left, rival_right = scored.rivals.strongest_other(weight) if scored.rivals else (weight, weight)
    is_best_of_one = (weight >= rival_left) | (weight >= rival_right)
    keep = np.flatnonzero((chance >= rules.keep) | ((chance >= rules.keep / 100) & is_best_of_one))
    rival = np.maximum(rival_left, rival_right)[keep]
    margin = weight[keep] - rival
    return {
        "l": scored.left[keep],
        "r": scored.right[keep],
        "score": scored.score[keep],
        "weight": weight[keep],
        "is_best": margin >= 0,
        "margin": np.where(np.isfinite(margin), margin, np.nan),
    }


def _choose(con: Connection, kept: dict[str, np.ndarray], rules: MatchRules) -> np.ndarray:
    """Which of the kept pairs become links: at or above `review`, as far as the cardinality allows.

    Ties are broken by record id, not by row, so that the order of the rows does not matter.
    """
    floor = float(np.log2(max(rules.review, 1e-9) / max(1 - rules.review, 1e-9)))
    likely = np.flatnonzero(kept["weight"] >= floor)
    left, right = _ranks(con, "_left")[kept["l"][likely]], _ranks(con, "_right")[kept["r"][likely]]
    by_id = np.lexsort((right, left))
    order, left, right = likely[by_id], left[by_id], right[by_id]
    worth = kept["weight"][order] - floor + 1e-6
    flags = assign_one_to_one(left, right, worth) if rules.one_to_one else assign_best(right, worth)
    chosen = np.zeros(len(kept["l"]), dtype=bool)
    chosen[order[flags]] = True
    return chosen


def _ranks(con: Connection, table: str) -> np.ndarray:
    """Rank of each row's record id in text order."""
    found = con.execute(f"SELECT row FROM {table} ORDER BY record_id").fetchnumpy()
    ranks = np.empty(len(found["row"]), dtype=np.int64)
    ranks[np.asarray(found["row"])] = np.arange(len(ranks))
    return ranks


def _write_candidates(con: Connection, scored: Scored, rules: MatchRules) -> None:
    roles = [each.role for each in scored.model.comparisons]
    levels = ", ".join(f"p.level_{role}" for role in roles)
    weights = ", ".join(f"p.weight_{role}" for role in roles)
    con.execute(f"""
        CREATE OR REPLACE TABLE candidates AS
        SELECT a.record_id AS left_id, b.record_id AS right_id, p.probability, p.weight,
            {band_sql(rules, "p.probability")} AS band, {levels}, {weights}, k.is_best,
            CASE WHEN isnan(k.margin) THEN NULL ELSE k.margin END AS margin, k.is_chosen
        FROM _kept k JOIN _scores p ON p.pattern = k.score JOIN _left a ON a.row = k.l JOIN _right b ON b.row = k.r""")


def _summary(con: Connection, scored: Scored, watch: Stopwatch) -> MatchSummary:
    row = con.execute(
        "SELECT count(*), count(*) FILTER (band = 'accept'), count(*) FILTER (is_chosen), sum(probability) "
        "FROM candidates"
    ).fetchone()
    kept, accepted, chosen, expected = row or (0, 0, 0, 0.0)
    chance = probability(scored.weight)
    return MatchSummary(
        left_records=scored.prepared.left_rows,
        right_records=scored.prepared.right_rows,
        compared_pairs=len(scored.left),
        kept_pairs=kept,
        accepted=accepted,
        chosen=chosen,
        expected_matches=float(expected or 0.0),
        prior=scored.model.prior,
        seconds=watch.seconds,
        pairs_per_key=scored.blocking.pairs,
        unique_pairs_per_key=unique_per_key(scored.blocking.keys, scored.keys, chance),
        estimated_recall=blocking_recall(scored.blocking.keys, scored.keys, chance),
    )
