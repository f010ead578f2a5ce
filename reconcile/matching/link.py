"""Linking: the records of one side with those of another."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from reconcile.matching.assign import assign_best, assign_one_to_one
from reconcile.matching.candidates import band_sql, write_frame, write_levels
from reconcile.matching.models import model_to_json, model_version
from reconcile.matching.pairs import Rows
from reconcile.matching.patterns import Floats
from reconcile.matching.pipeline import Report, Scored, Stopwatch, drop_work_tables, score_pairs, silent
from reconcile.matching.rules import LinkResult, MatchRules
from reconcile.matching.side import Side
from reconcile.matching.summary import summarise

Connection = duckdb.DuckDBPyConnection
WRITTEN_AT_ONCE = 262_144  # candidates


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
    return finish(con, scored, rules, watch)


def finish(con: Connection, scored: Scored, rules: MatchRules, watch: Stopwatch) -> LinkResult:
    """Decide, and write the tables `candidates` and `levels`."""
    with watch.stage("decide"):
        kept = keep_likely(scored, rules)
        is_chosen = choose(scored, kept, rules)
    with watch.stage("write"):
        write_candidates(con, scored, kept, is_chosen, rules)
        write_levels(con, scored.model, "levels")
        summary = summarise(con, scored, watch, "candidates", "is_chosen")
        drop_work_tables(con)
    model = scored.model
    return LinkResult("candidates", "levels", summary, model_to_json(model), model_version(model))


@dataclass(frozen=True, slots=True)
class Kept:
    """The pairs worth keeping.

    Attributes:
        places: among the compared pairs.
        weight: in bits.
        margin: bits over the strongest other candidate of either record; infinite where there is none.
    """

    places: npt.NDArray[np.int64]
    left: Rows
    right: Rows
    weight: Floats
    margin: Floats


def keep_likely(scored: Scored, rules: MatchRules) -> Kept:
    """The pairs that are probable, or the best of one of their records and not hopeless."""
    weight = scored.weights()
    chance = scored.scores["probability"].to_numpy()
    places = np.flatnonzero((chance >= rules.keep / 100)[scored.score])
    own = weight[places]
    rivals = scored.rivals.strongest_other(weight, places) if scored.rivals else (own, own)
    is_best_of_one = (own >= rivals[0]) | (own >= rivals[1])
    kept = np.flatnonzero((chance >= rules.keep)[scored.score[places]] | is_best_of_one)
    keep, own = places[kept], own[kept]
    margin = own - np.maximum(rivals[0][kept], rivals[1][kept])
    pairs = scored.candidates
    return Kept(keep, pairs.left[keep], pairs.right[keep], own, margin)


def choose(scored: Scored, kept: Kept, rules: MatchRules) -> npt.NDArray[np.bool_]:
    """Which of the kept pairs become links: at or above `review`, as far as the cardinality allows.

    Ties are broken by record id, not by row, so that the order of the rows does not matter.
    """
    floor = float(np.log2(max(rules.review, 1e-9) / max(1 - rules.review, 1e-9)))
    likely = np.flatnonzero(kept.weight >= floor)
    chosen = np.zeros(len(kept.weight), dtype=bool)
    left, right = kept.left[likely], kept.right[likely]
    contested = (np.bincount(right)[right] > 1) if len(right) else np.zeros(0, dtype=bool)
    if rules.one_to_one and len(left):
        contested |= np.bincount(left)[left] > 1
        contested |= np.isin(right, right[contested]) | np.isin(left, left[contested])
    chosen[likely[~contested]] = True
    rest = likely[contested]
    lefts = _ranks(scored.prepared.sides[0], kept.left[rest])
    rights = _ranks(scored.prepared.sides[-1], kept.right[rest])
    order = np.lexsort((rights, lefts))
    worth = kept.weight[rest[order]] - floor + 1e-6
    assign = assign_one_to_one if rules.one_to_one else _best_of_right
    chosen[rest[order][assign(lefts[order], rights[order], worth)]] = True
    return chosen


def _best_of_right(_: npt.NDArray[np.int64], right: npt.NDArray[np.int64], worth: Floats) -> npt.NDArray[np.bool_]:
    return assign_best(right, worth)


def _ranks(side: Side, rows: Rows) -> npt.NDArray[np.int64]:
    """Rank of each row's record id in text order, among these rows."""
    distinct, place = np.unique(rows, return_inverse=True)
    order = side.text("record_id").gather(distinct).arg_sort().to_numpy()
    ranks = np.empty(len(distinct), dtype=np.int64)
    ranks[order] = np.arange(len(distinct))
    return ranks[place]


def write_candidates(
    con: Connection, scored: Scored, kept: Kept, is_chosen: npt.NDArray[np.bool_], rules: MatchRules
) -> None:
    """Write `candidates`: the kept pairs with the ids of their records and all that is known of them.

    Piece by piece, so that they are not held as a frame and as a table at once.
    """
    roles = [each.role for each in scored.model.comparisons]
    details = ", ".join([*(f"level_{role}" for role in roles), *(f"weight_{role}" for role in roles)])
    band = band_sql(rules, "probability")
    columns = f"left_id, right_id, probability, weight, {band} AS band, {details}, is_best, margin, is_chosen"
    for begin in range(0, max(len(is_chosen), 1), WRITTEN_AT_ONCE):
        frame = _candidates(scored, kept, is_chosen, slice(begin, begin + WRITTEN_AT_ONCE))
        write_frame(con, frame, "candidates", columns, is_more=begin > 0)


def _candidates(scored: Scored, kept: Kept, is_chosen: npt.NDArray[np.bool_], part: slice) -> pl.DataFrame:
    """Some of the kept pairs with all that is known of them."""
    sides, margin = scored.prepared.sides, kept.margin[part]
    return scored.scores[scored.score[kept.places[part]]].with_columns(
        left_id=sides[0].text("record_id").gather(kept.left[part]),
        right_id=sides[-1].text("record_id").gather(kept.right[part]),
        is_best=pl.Series(margin >= 0),
        margin=pl.Series(np.where(np.isfinite(margin), margin, np.nan)).fill_nan(None),
        is_chosen=pl.Series(is_chosen[part]),
    )
