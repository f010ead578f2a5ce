"""The part that linking and deduplication share: clean, block, score, learn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb
import numpy as np
import polars as pl

from reconcile.errors import InputError
from reconcile.matching.block import BlockingReport, all_pairs, block
from reconcile.matching.candidates import pattern_scores
from reconcile.matching.learn import Floats, Integers, MatchModel, learn
from reconcile.matching.prepare import Prepared, prepare
from reconcile.matching.rules import MatchRules
from reconcile.matching.sample import write_random_pairs
from reconcile.matching.score import Comparison, comparisons_for, write_patterns
from reconcile.model import Progress

Connection = duckdb.DuckDBPyConnection
Report = Callable[[Progress], None]
STAGES = ("clean", "block", "score", "learn", "decide", "write")


def silent(_: Progress) -> None:
    """Report nothing."""


@dataclass
class Stopwatch:
    """Wall time by stage, and progress to whoever listens."""

    progress: Report
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage."""
        self.progress(Progress(name, STAGES.index(name), len(STAGES), "stages"))
        begin = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin


@dataclass(frozen=True, slots=True)
class Scored:
    """Everything known once the pairs are scored; `_scored(l, r, keys, pattern)` and `_patterns` are in the connection."""

    prepared: Prepared
    blocking: BlockingReport
    model: MatchModel
    patterns: pl.DataFrame


def configure(con: Connection, rules: MatchRules) -> None:
    """Apply the memory limit and the thread count."""
    if rules.memory_limit:
        con.execute("SET memory_limit = ?", [rules.memory_limit])
    if rules.threads:
        con.execute("SET threads = ?", [rules.threads])
    con.execute("SET preserve_insertion_order = false")


def score_pairs(con: Connection, relations: tuple[str, ...], rules: MatchRules, watch: Stopwatch) -> Scored:
    """Clean the relations, block, score every pair and learn the weights."""
    is_self = len(relations) == 1
    with watch.stage("clean"):
        configure(con, rules)
        prepared = prepare(con, relations, rules.roles)
        comparisons = comparisons_for(prepared.columns)
        if not comparisons:
            raise InputError(
                f"{' and '.join(relations)} have no role in common that can be compared.",
                remedy="Say which columns hold the name, address, phone ... of a record.",
            )
    with watch.stage("block"):
        blocking = _block(con, prepared, rules, is_self=is_self)
    with watch.stage("score"):
        write_patterns(con, comparisons, prepared.left, prepared.right, "_pairs", "_scored")
        write_random_pairs(con, prepared.left, prepared.right, rules.seed, "_random", is_self=is_self)
        write_patterns(con, comparisons, prepared.left, prepared.right, "_random", "_random_scored")
    with watch.stage("learn"):
        model, patterns = _learn(con, comparisons, prepared)
        con.register("_pattern_frame", patterns.to_arrow())
        con.execute("CREATE OR REPLACE TEMP TABLE _patterns AS SELECT * FROM _pattern_frame")
        con.unregister("_pattern_frame")
    return Scored(prepared, blocking, model, patterns)


def _block(con: Connection, prepared: Prepared, rules: MatchRules, *, is_self: bool) -> BlockingReport:
    if max(prepared.left_rows, prepared.right_rows) < rules.compare_all_below:
        return all_pairs(con, prepared.left, prepared.right, is_self=is_self)
    return block(con, prepared.left, prepared.right, prepared.columns, rules.block_pairs, is_self=is_self)


def _learn(con: Connection, comparisons: tuple[Comparison, ...], prepared: Prepared) -> tuple[MatchModel, pl.DataFrame]:
    patterns, counts = count_patterns(con, "_scored")
    random_patterns, random_counts = count_patterns(con, "_random_scored")
    everything = max(float(prepared.left_rows) * float(prepared.right_rows), 2.0)
    expected = 0.5 * max(min(prepared.left_rows, prepared.right_rows), 1)
    model = learn(
        comparisons, patterns, counts, random_patterns, random_counts, everything, min(expected, everything / 2)
    )
    return model, pattern_scores(model, patterns)


def count_patterns(con: Connection, table: str) -> tuple[Integers, Floats]:
    """The distinct patterns of a table in ascending order, and how many pairs have each."""
    found = con.execute(f"SELECT pattern, count(*) AS n FROM {table} GROUP BY pattern ORDER BY pattern").fetchnumpy()
    return np.asarray(found["pattern"], dtype=np.int64), np.asarray(found["n"], dtype=np.float64)


def drop_work_tables(con: Connection) -> None:
    """Remove the temporary tables of a match."""
    for table in ("_left", "_right", "_pairs", "_scored", "_random", "_random_scored", "_patterns"):
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")
