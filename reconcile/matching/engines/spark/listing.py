"""The pairs worth keeping, brought to the driver; of the others only how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from reconcile.matching.block import BlockingReport, Candidates, keys_for
from reconcile.matching.engines.spark.batches import collect, frame_to_spark
from reconcile.matching.engines.spark.blocking import Blocks
from reconcile.matching.engines.spark.competition import SparkRivals
from reconcile.matching.engines.spark.prepared import Records
from reconcile.matching.pairs import Rows
from reconcile.matching.patterns import Floats
from reconcile.matching.pipeline import Tally
from reconcile.matching.prepare import Prepared
from reconcile.matching.rules import MatchRules
from reconcile.matching.side import Side
from reconcile.matching.texts import TextsInMemory

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True, slots=True)
class Listed:
    """The pairs worth keeping, in ascending order of their rows.

    Attributes:
        prepared: of both sides only the records of these pairs, and of those only the ids.
        score: position of the pair's levels among the scores.
        others: weight of the strongest other candidate of the left and of the right record; -inf where there is none.
        tally: all compared pairs, counted.
    """

    prepared: Prepared
    candidates: Candidates
    score: Rows
    others: tuple[Floats, Floats]
    tally: Tally


def list_candidates(  # noqa: PLR0917 - one call, by position
    session: SparkSession,
    records: Records,
    blocks: Blocks,
    competing: SparkRivals,
    scores: pl.DataFrame,
    rules: MatchRules,
) -> Listed:
    """Bring what `reconcile.matching.link.keep_likely` would keep, with the ids of the records."""
    likely = _likely_here(session, competing, scores, rules)
    if likely is None:
        likely = _likely(session, records, competing, scores, rules)
    kept = collect(_with_ids(session, records, likely)).sort("l", "r")
    counted = _counted(session, competing)
    pairs, bits = counted["n"].to_numpy(), counted["keys"].to_numpy()
    chance = scores["probability"].to_numpy()[competing.places(counted)]
    sides, left, right = _kept_records(kept, is_self=records.is_self)
    columns = frozenset(records.sides[0].columns)
    return Listed(
        Prepared("", "", records.rows[0], records.rows[-1], columns, None, sides),
        Candidates(_report(records, blocks, bits, pairs, rules), left, right, kept["keys"].to_numpy()),
        competing.places(kept),
        (_others(kept, "left_other"), _others(kept, "right_other")),
        Tally(int(pairs.sum()), bits, chance * pairs),
    )


def _counted(session: SparkSession, competing: SparkRivals) -> pl.DataFrame:
    """All pairs counted: keys, pattern, rank, n; in an order that says nothing of where they were counted."""
    by = ("keys", "pattern", "rank")
    if competing.here is not None:
        return competing.here.group_by(by).agg(n=pl.len().cast(pl.Int64)).sort(by)
    columns = ", ".join(by)
    found = session.sql(f"SELECT {columns}, count(*) AS n FROM {{pairs}} GROUP BY {columns}", pairs=competing.table)
    return collect(found).sort(by)


def _likely_here(
    session: SparkSession, competing: SparkRivals, scores: pl.DataFrame, rules: MatchRules
) -> DataFrame | None:
    """What `_likely` gives, where the driver has the pairs; None where it has not."""
    pairs = competing.here
    if pairs is None:
        return None
    places = competing.places(pairs)
    weight, chance = scores["weight"].to_numpy()[places], scores["probability"].to_numpy()[places]
    others = competing.strongest_other(weight)
    is_best_of_one = (weight >= others[0]) | (weight >= others[1])
    keep = (chance >= rules.keep) | ((chance >= rules.keep / 100) & is_best_of_one)
    known = pairs.with_columns(left_other=pl.Series(others[0]), right_other=pl.Series(others[1]))
    return frame_to_spark(session, known.filter(pl.Series(keep)))


def _likely(
    session: SparkSession, records: Records, competing: SparkRivals, scores: pl.DataFrame, rules: MatchRules
) -> DataFrame:
    """The pairs that are probable, or the best of one of their records and not hopeless; as `keep_likely` has it."""
    known = {"w": scores["weight"].to_numpy(), "chance": scores["probability"].to_numpy()}
    if records.is_self:
        return session.sql(
            "SELECT *, double(null) AS left_other, double(null) AS right_other FROM {weighed} "
            f"WHERE chance >= {rules.keep!r}D",
            weighed=competing.weighed(known),
        )
    best = "left_other IS NULL OR w >= left_other OR right_other IS NULL OR w >= right_other"
    return session.sql(
        f"SELECT * FROM {{paired}} WHERE chance >= {rules.keep!r}D OR (chance >= {rules.keep / 100!r}D AND ({best}))",
        paired=competing.with_others(known),
    )


def _with_ids(session: SparkSession, records: Records, pairs: DataFrame) -> DataFrame:
    return session.sql(
        """SELECT k.*, a.record_id AS left_id, b.record_id AS right_id
        FROM {pairs} k JOIN {left} a ON a.row = k.l JOIN {right} b ON b.row = k.r""",
        pairs=pairs,
        left=records.sides[0],
        right=records.sides[-1],
    )


def _kept_records(kept: pl.DataFrame, *, is_self: bool) -> tuple[tuple[Side, ...], Rows, Rows]:
    """The sides with the records of the kept pairs only, in the order of their rows, and the pairs' places in them."""
    l, r = kept["l"].to_numpy(), kept["r"].to_numpy()  # noqa: E741 - left and right, as in the tables
    if is_self:
        side, rows = _side(np.concatenate([l, r]), pl.concat([kept["left_id"], kept["right_id"]]))
        return (side,), np.searchsorted(rows, l).astype(np.int32), np.searchsorted(rows, r).astype(np.int32)
    (left, left_rows), (right, right_rows) = _side(l, kept["left_id"]), _side(r, kept["right_id"])
    return (
        (left, right),
        np.searchsorted(left_rows, l).astype(np.int32),
        np.searchsorted(right_rows, r).astype(np.int32),
    )


def _side(rows: Rows, ids: pl.Series) -> tuple[Side, Rows]:
    distinct, first = np.unique(rows, return_index=True)
    frame = pl.DataFrame({"record_id": ids.gather(first)})
    return Side(len(distinct), TextsInMemory([frame], ("record_id",)), {}), distinct


def _others(kept: pl.DataFrame, column: str) -> Floats:
    return kept[column].fill_null(-np.inf).to_numpy()


def _report(
    records: Records, blocks: Blocks, bits: npt.NDArray[np.int32], pairs: npt.NDArray[np.int64], rules: MatchRules
) -> BlockingReport:
    """What the keys brought: nothing where every pair was compared."""
    if max(records.rows) < rules.compare_all_below:
        return BlockingReport((), {})
    keys = keys_for(records.sides[0].columns)
    per_key = {key.name: int(pairs[bits & (1 << i) != 0].sum()) for i, key in enumerate(keys)}
    return BlockingReport(keys, per_key, blocks.refined, blocks.common)
