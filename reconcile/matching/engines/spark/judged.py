"""The levels of judged pairs, those that no key brought too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np
import numpy.typing as npt

from reconcile.matching.engines.spark.batches import collect, to_spark
from reconcile.matching.engines.spark.competition import SparkRivals
from reconcile.matching.engines.spark.prepared import Records
from reconcile.matching.patterns import Integers, unpack

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Connection = duckdb.DuckDBPyConnection


def judged_levels(
    session: SparkSession, con: Connection, records: Records, judgements: str, competing: SparkRivals
) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """The levels of the judged pairs and what was said: first those among the candidates, in the order of their ids.

    A pair that no key brought has levels all the same; only of its competition nothing is known.
    """
    competing.settle()
    said = con.sql(f"""
        SELECT (row_number() OVER (ORDER BY left_id, right_id))::INTEGER AS i, left_id, right_id,
            verdict = 'same' AS same
        FROM {judgements} WHERE verdict IN ('same', 'different')""").to_arrow_table()
    order = "least(a.row, b.row) AS l, greatest(a.row, b.row) AS r" if records.is_self else "a.row AS l, b.row AS r"
    found = session.sql(
        f"""WITH named AS (SELECT j.i, j.same, {order} FROM {{said}} j
            JOIN {{left}} a ON a.record_id = j.left_id JOIN {{right}} b ON b.record_id = j.right_id)
        SELECT n.*, p.pattern, p.rank FROM named n LEFT JOIN {{pairs}} p ON p.l = n.l AND p.r = n.r""",
        said=to_spark(session, {name: said.column(name) for name in said.column_names}),
        left=records.sides[0],
        right=records.sides[-1],
        pairs=competing.table,
    )
    judged = collect(found).sort("i")
    known, missed = (judged.filter(judged["pattern"].is_null() == is_missed) for is_missed in (False, True))
    wanted = to_spark(session, {name: missed[name].to_numpy() for name in ("i", "l", "r")})
    scored = collect(records.score(session, wanted)).sort("i")
    levels = np.concatenate(
        [_levels(known["pattern"].to_numpy(), records), _levels(scored["pattern"].to_numpy(), records)]
    )
    if not records.is_self:
        levels = np.column_stack([levels, np.concatenate([known["rank"].to_numpy(), np.zeros(len(missed), np.int64)])])
    return levels, np.concatenate([known["same"].to_numpy(), missed["same"].to_numpy()])


def _levels(patterns: npt.NDArray[np.int64], records: Records) -> Integers:
    return unpack(patterns.astype(np.int64), records.comparisons)
