"""Both sides cleaned and counted, where Spark has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from reconcile.errors import InputError
from reconcile.matching.clean.records import roles_of
from reconcile.matching.comparison import Comparison
from reconcile.matching.engines.spark.records import clean_records, common_columns
from reconcile.matching.engines.spark.scoring import score
from reconcile.matching.engines.spark.statistics import Statistics, count_values, with_statistics
from reconcile.matching.prepare import side_roles
from reconcile.matching.rules import MatchRules
from reconcile.matching.score import comparisons_for

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import DataFrame, SparkSession

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Records:
    """Both sides, or one to be matched with itself, where Spark has them.

    Attributes:
        sides: row, record_id, the cleaned columns, and what the statistics say.
        rows: number of records per side.
        columns: cleaned columns of all sides.
    """

    sides: tuple[DataFrame, ...]
    rows: tuple[int, ...]
    columns: tuple[str, ...]
    statistics: Broadcast[Statistics]
    comparisons: tuple[Comparison, ...]

    @property
    def is_self(self) -> bool:
        """Whether there is one side."""
        return len(self.sides) == 1

    def score(self, session: SparkSession, pairs: DataFrame) -> DataFrame:
        """Pairs of rows (l, r, whatever else is to be kept) with their `pattern`."""
        return score(session, pairs, self.sides, self.statistics, self.columns)


def prepare_on_spark(
    session: SparkSession, con: Connection, relations: tuple[str, ...], rules: MatchRules, folder: str
) -> Records:
    """Clean the relations and put the statistics of all records beside each."""
    filled = [roles_of(con, relation) for relation in relations]
    cleaned = [
        clean_records(session, con, relation, side_roles(i, filled, rules.roles), f"{folder}/cleaned{i}")
        for i, relation in enumerate(relations)
    ]
    rows = tuple(count for _, count in cleaned)
    columns = common_columns([side for side, _ in cleaned])
    comparisons = comparisons_for(columns)
    if not comparisons:
        raise InputError(
            f"{' and '.join(relations)} have no role in common that can be compared.",
            remedy="Say which columns hold the name, address, phone ... of a record.",
        )
    statistics = session.sparkContext.broadcast(count_values(session, [s for s, _ in cleaned], columns, sum(rows)))
    sides = tuple(
        with_statistics(session, side, statistics, columns, f"{folder}/side{i}") for i, (side, _) in enumerate(cleaned)
    )
    return Records(sides, rows, columns, statistics, comparisons)
