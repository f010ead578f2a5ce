"""From two relations to scored pairs on Spark; what `reconcile.matching.pipeline` does on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np
import numpy.typing as npt

from reconcile.matching.block import keys_for
from reconcile.matching.candidates import pattern_scores
from reconcile.matching.engines.spark.batches import collect, to_spark
from reconcile.matching.engines.spark.blocking import Blocks, every_pair, join_keys
from reconcile.matching.engines.spark.competition import DRIVER_PAIRS, KnownRivals, SparkRivals
from reconcile.matching.engines.spark.drawing import draw
from reconcile.matching.engines.spark.judged import judged_levels
from reconcile.matching.engines.spark.listing import list_candidates
from reconcile.matching.engines.spark.prepared import Records, prepare_on_spark
from reconcile.matching.engines.spark.session import open_folder, open_session
from reconcile.matching.learn import Evidence, every_rank
from reconcile.matching.patterns import Integers, count_patterns, unpack
from reconcile.matching.pipeline import Scored, Stopwatch, fit
from reconcile.matching.rules import MatchRules

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Connection = duckdb.DuckDBPyConnection


def score_pairs_on_spark(
    con: Connection,
    relations: tuple[str, ...],
    rules: MatchRules,
    watch: Stopwatch,
    *,
    driver_pairs: int = DRIVER_PAIRS,
) -> Scored:
    """Clean the relations, block, score every pair and learn the weights, all on Spark.

    Args:
        con: where the relations are.
        relations: two, or one to be matched with itself.
        rules: of the match.
        watch: told of each stage.
        driver_pairs: up to so many pairs compete on the driver, more do on the workers.

    Returns:
        The same as on one machine, with the candidates that are worth keeping only.

    Raises:
        InputError: as on one machine; or Spark is not installed, or has no folder that its machines share.
    """
    with open_session(rules) as session, open_folder(session, rules) as folder:
        with watch.stage("clean"):
            records = prepare_on_spark(session, con, relations, rules, folder)
        with watch.stage("block"):
            blocks = find_pairs(session, records, rules)
        with watch.stage("score"):
            pairs = f"{folder}/pairs"
            records.score(session, blocks.pairs).write.parquet(pairs)
            blocks.release()
            evidence = _evidence(session, session.read.parquet(pairs), records, rules)
        with watch.stage("learn"):
            return _learn(session, con, records, blocks, session.read.parquet(pairs), evidence, rules, driver_pairs)


def find_pairs(session: SparkSession, records: Records, rules: MatchRules) -> Blocks:
    """The pairs worth comparing: all of two small sides, else those that share a key."""
    if max(records.rows) < rules.compare_all_below:
        return every_pair(session, records.sides, is_self=records.is_self)
    return join_keys(
        session, records.sides, keys_for(records.sides[0].columns), rules.block_pairs, is_self=records.is_self
    )


def _evidence(
    session: SparkSession, scored: DataFrame, records: Records, rules: MatchRules
) -> tuple[Evidence, Integers]:
    """What there is to learn from, and the distinct patterns in ascending order."""
    counted = collect(session.sql("SELECT pattern, count(*) AS n FROM {scored} GROUP BY pattern", scored=scored))
    counted = counted.sort("pattern")
    patterns = counted["pattern"].to_numpy()
    drawn = draw(records.sides, records.rows, rules.seed, is_self=records.is_self)
    wanted = to_spark(session, {"i": np.arange(len(drawn.left)), "l": drawn.left, "r": drawn.right})
    found = collect(records.score(session, wanted)).sort("i")
    sampled, weight, draws = count_patterns(found["pattern"].to_numpy(), drawn.weight)
    left, right = records.rows[0], records.rows[-1]
    evidence = Evidence(
        records.comparisons,
        unpack(patterns, records.comparisons),
        counted["n"].to_numpy().astype(np.float64),
        unpack(sampled, records.comparisons),
        weight,
        draws,
        left,
        right,
        max(left * (left - 1) / 2 if records.is_self else float(left) * right, 1.0),
    )
    return evidence, patterns


def _learn(  # noqa: PLR0917 - one call, by position
    session: SparkSession,
    con: Connection,
    records: Records,
    blocks: Blocks,
    scored: DataFrame,
    found: tuple[Evidence, Integers],
    rules: MatchRules,
    driver_pairs: int,
) -> Scored:
    evidence, patterns = found
    few = 0 if records.is_self else driver_pairs
    competing = SparkRivals(session, scored, patterns, int(evidence.counts.sum()), few)
    rivals = None if records.is_self else competing

    def judged() -> tuple[Integers, npt.NDArray[np.bool_]]:
        return judged_levels(session, con, records, rules.judgements, competing)

    model = fit(evidence, rivals, rules, judged)
    scores = pattern_scores(model, evidence.levels if rivals is None else every_rank(evidence.levels))
    listed = list_candidates(session, records, blocks, competing, scores, rules)
    competing.release()
    known = None if rivals is None else KnownRivals(*listed.others)
    return Scored(listed.prepared, listed.candidates, model, listed.score, scores, known, listed.tally)
