"""The figures of one match."""

from __future__ import annotations

import duckdb

from reconcile.matching.curves import blocking_recall, unique_per_key
from reconcile.matching.pipeline import Scored, Stopwatch
from reconcile.matching.rules import MatchSummary

Connection = duckdb.DuckDBPyConnection


def summarise(con: Connection, scored: Scored, watch: Stopwatch, table: str, chosen: str) -> MatchSummary:
    """Sum up a match.

    Args:
        con: the connection that holds the kept pairs.
        scored: the compared pairs.
        watch: the stages so far.
        table: the kept pairs, with probability and band.
        chosen: condition, as SQL, that a kept pair is one of the links.
    """
    kept, accepted, links, expected = con.execute(
        f"SELECT count(*), count(*) FILTER (band = 'accept'), count(*) FILTER ({chosen}), "
        f"coalesce(sum(probability), 0.0) FROM {table}"
    ).fetchall()[0]
    report, tally = scored.blocking, scored.tally()
    return MatchSummary(
        left_records=scored.prepared.left_rows,
        right_records=scored.prepared.right_rows,
        compared_pairs=tally.compared,
        kept_pairs=kept,
        accepted=accepted,
        chosen=links,
        expected_matches=float(expected),
        prior=scored.model.prior,
        seconds=watch.seconds,
        pairs_per_key=report.pairs,
        unique_pairs_per_key=unique_per_key(report.keys, tally.keys, tally.matches),
        estimated_recall=blocking_recall(report.keys, tally.keys, tally.matches),
    )
